"""A chore as a task: the same runtimes as a pipeline's steps, with a request that is made when the task starts."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context

from include.step_contract.catalog import RuntimeName
from include.step_contract.chore import Chore, ChoreOrder, ChoreRequest, SurveyOrder

from .retry import StepRetryPolicy
from .step_identity import CHORE_RUN_TEMPLATE

_TIMEOUT = timedelta(minutes=30)


def chore_task(
    chore: Chore, runtime: RuntimeName, order: Callable[[Context], ChoreOrder], *, keeps_result: bool = False
) -> BaseOperator:
    """Return the task that runs ``trainer <chore>``.

    Args:
        chore: also the task's id.
        runtime: where.
        order: says what to do, when the task starts.
        keeps_result: leave the result, as JSON, to the tasks that follow.
    """

    def ask(context: Context) -> None:
        vars(context["task"])["request"] = ChoreRequest(order=order(context))

    options: dict[str, Any] = {
        "task_id": chore.value,
        # In its place comes what ``order`` says; by itself it would only look.
        "request": ChoreRequest(order=SurveyOrder()),
        "step_run": CHORE_RUN_TEMPLATE,
        "pre_execute": ask,
        "retries": 2,
        "retry_delay": timedelta(seconds=30),
        "retry_policy": StepRetryPolicy(),
        "execution_timeout": _TIMEOUT,
        "do_xcom_push": keeps_result,
    }
    match runtime:
        case RuntimeName.LOCAL:
            from include.pipelines.runtimes.local.runtime import LocalStepOperator

            return LocalStepOperator(**options)
        case RuntimeName.DOCKER:
            from include.pipelines.runtimes.docker.runtime import DockerStepOperator

            return DockerStepOperator(**options)
        case RuntimeName.KUBERNETES:
            from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator

            return KubernetesStepOperator(**options)
