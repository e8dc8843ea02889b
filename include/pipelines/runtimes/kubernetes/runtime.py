"""A step as a pod of the training image that outlives the worker which started it.

Not the provider's KubernetesPodOperator, because of defects that lose nights, each measured: it reruns a pod that
finished while nobody watched; when the API server is away for 25 s it deletes the good pod; a worker's restart deletes
the training pod (airflow #21900); a killed task can end green (#73006); a second pod with a task's labels fails it; and
its import adds seconds to every parse of a DAG file. This one makes the core/v1 calls itself (``api``); a deferred task
uses the provider's trigger. See decision 0020.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowTaskTimeout

from include.pipelines.errors import StepLost
from include.pipelines.operator import StepTask
from include.pipelines.runtimes import Runtime
from include.pipelines.runtimes.kubernetes.settings import kubernetes_settings
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract.order import StepOrder

if TYPE_CHECKING:  # not paid for by a parse
    from include.pipelines.airflow_state import Airflow
    from include.pipelines.pending_chore import PendingChore
    from include.pipelines.runtimes.kubernetes.attempt import PodAttempt
    from include.step_contract.order import Order


class KubernetesStepOperator(StepTask, BaseOperator):
    """Run ``trainer <step>`` in a pod, or attach to the one of an earlier attempt; end as its exit code says."""

    template_fields: Sequence[str] = ("step_run",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"step_run": "json"}
    ui_color = "#d9e8fb"

    def __init__(self, *, request: "Order | PendingChore", step_run: str = STEP_RUN_TEMPLATE, **options: Any) -> None:
        """Keep the request, which is no template field, so Jinja never sees it."""
        super().__init__(**options)
        self.request = request
        self.step_run = step_run
        self.attempt: PodAttempt | None = None
        kubernetes_settings()  # so that a bad one is an import error, not a red task at night

    def execute(self, context: Context) -> str:
        """Run the step and stream its output into the task's log."""
        attempt = self._attempt(context)
        if not kubernetes_settings().kubernetes_deferrable:
            return self.carry_out(attempt, context)
        with self.stopping(attempt, context):
            attempt.start_or_attach()
            self._defer(attempt, context)

    def on_kill(self) -> None:
        """Take note; the loop that follows the log acts on it within a second, outside of a signal handler."""
        self.is_killed = True

    def resume(self, context: Context, event: dict[str, Any]) -> str:
        """Continue when the triggerer has seen the pod end, or cannot watch it."""
        from include.pipelines.runtimes.kubernetes.deferral import has_passed, position_in

        attempt = self._attempt(context)
        attempt.attach(str(event["name"]), since=position_in(event))
        with self.stopping(attempt, context):
            if has_passed(event):
                raise AirflowTaskTimeout(f"{self.request.command}: {event.get('message', 'out of time')}")
            if event["status"] in ("success", "failed") or attempt.watch.is_over():
                return self.finish(attempt)
            self._look(attempt, event)
            self._defer(attempt, context)

    def _attempt(self, context: Context) -> "PodAttempt":
        from include.pipelines.runtimes.kubernetes.attempt import PodAttempt

        request, store = self.request_in(context), context.get("task_state_store")
        self.attempt = PodAttempt(request, self.step_run, store, self.raise_if_killed, self.log)
        return self.attempt

    def _defer(self, attempt: "PodAttempt", context: Context) -> NoReturn:
        """Hand the watch over to the triggerer."""
        from include.pipelines.runtimes.kubernetes.deferral import deadline_of, pod_trigger, timeout_until

        self.raise_if_killed()
        watch = attempt.watch
        deadline = deadline_of(context["ti"], self.execution_timeout)
        trigger = pod_trigger(watch.name, self.request_in(context), kubernetes_settings(), deadline, watch.position)
        self.defer(trigger=trigger, method_name="resume", timeout=timeout_until(deadline))

    def _look(self, attempt: "PodAttempt", event: dict[str, Any]) -> None:
        """See whether a pod that the triggerer watches is well; the triggerer returns for that now and then."""
        watch = attempt.watch
        if event["status"] != "timeout":
            self.log.info("the triggerer says of pod %s: %s", watch.name, event.get("message"))
        try:
            watch.look()
        except StepLost as lost:
            self.close_record(attempt, lost)
            raise


class KubernetesRuntime:
    """A namespace of a Kubernetes cluster."""

    def operator(self, request: "Order | PendingChore", step_run: str, **options: Any) -> BaseOperator:
        """Return the task of a step or chore."""
        return KubernetesStepOperator(request=request, step_run=step_run, **options)

    def step_options(self, request: StepOrder) -> dict[str, Any]:
        """Return at least one retry: a pod that outlives its worker is left to the next attempt."""
        return {"retries": max(request.pipeline.execution.retries, 1)}

    def sweep(self, airflow: "Airflow", now: datetime, *, dry_run: bool) -> dict[str, int]:
        """Stop and remove pods of tasks that are over."""
        from include.pipelines.runtimes.kubernetes.sweep import sweep_pods

        return sweep_pods(airflow, now, dry_run=dry_run)


RUNTIME: Runtime = KubernetesRuntime()
