"""Make the task of a chore: in the same runtimes as a pipeline's steps, with an order made when the task starts."""

from collections.abc import Callable
from datetime import timedelta

from airflow.sdk import BaseOperator, Context

from include.step_contract.catalog import RuntimeName
from include.step_contract.order import Chore, Order

from .pending_chore import PendingChore
from .retry import StepRetryPolicy
from .runtimes import runtime_of
from .step_identity import CHORE_RUN_TEMPLATE

_TIMEOUT = timedelta(minutes=30)


def chore_task(
    chore: Chore, runtime: RuntimeName, order: Callable[[Context], Order], *, keeps_result: bool = False
) -> BaseOperator:
    """Return the task that runs ``trainer <chore>``.

    Args:
        chore: the chore, whose name is also the task's id.
        runtime: the runtime that runs it.
        order: makes the order when the task starts.
        keeps_result: push the result, as JSON, for downstream tasks.
    """
    return runtime_of(runtime).operator(
        PendingChore(chore, order),
        CHORE_RUN_TEMPLATE,
        task_id=chore.value,
        retries=2,
        retry_delay=timedelta(seconds=30),
        retry_policy=StepRetryPolicy(),
        execution_timeout=_TIMEOUT,
        do_xcom_push=keeps_result,
    )
