"""A step as a pod of the training image that outlives the worker which started it.

Not the provider's KubernetesPodOperator, because of defects that lose nights, each measured: it reruns a pod that
finished while nobody watched; when the API server is away for 25 s it deletes the good pod; a worker's restart deletes
the training pod (airflow #21900); a killed task can end green (#73006); a second pod with a task's labels fails it; and
its import adds seconds to every parse of a DAG file. This one makes the core/v1 calls itself (``kubernetes_api``); a
deferred task uses the provider's trigger. See decision 0020.

A task that is killed asks Airflow whether it is still wanted. If so, only its worker is going away: the pod goes on and
the next try attaches to it. If not, a person or a timeout ended it: the pod is deleted with
``execution.stop_grace_seconds``, which the node grants, whether this process lives or not.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from include.pipelines.errors import StepFailed, StepLeft, StepLost
from include.pipelines.runtimes.kubernetes.settings import kubernetes_settings
from include.pipelines.runtimes.task_state import is_still_wanted, known_positions
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract import transport
from include.step_contract.chore import ChoreRequest, Request
from include.step_contract.step import FailureKind, StepRun

if TYPE_CHECKING:
    from include.pipelines.runtimes.kubernetes.api import Cluster
    from include.pipelines.runtimes.kubernetes.pod import PodIdentity
    from include.pipelines.runtimes.kubernetes.state import PodState
    from include.pipelines.runtimes.kubernetes.watch import PodWatch

_CLOSE_MARGIN_SECONDS = 30
_POLL_SECONDS = 0.5


class KubernetesStepOperator(BaseOperator):
    """Run ``trainer <step>`` in a pod, or attach to the one of an earlier try; end as its exit code says."""

    template_fields: Sequence[str] = ("step_run",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"step_run": "json"}
    ui_color = "#d9e8fb"

    def __init__(self, *, request: Request, step_run: str = STEP_RUN_TEMPLATE, **options: Any) -> None:
        """Keep the request, which is no template field, so Jinja never sees it."""
        super().__init__(**options)
        self.request = request
        self.step_run = step_run
        self._killed = False
        self._watched: str | None = None
        self._known_cluster: Cluster | None = None
        kubernetes_settings()  # so that a bad one is an import error, not a red task at night

    def execute(self, context: Context) -> str:
        """Run the step and stream its output into the task's log."""
        from include.pipelines.runtimes.kubernetes.start import PodStart

        try:
            cluster = self._cluster()
            start = PodStart(
                cluster, self._identity(), self.request, self.step_run, lambda: self._act_if_killed(context)
            )
            self._watched = start.pod()
            if kubernetes_settings().kubernetes_deferrable:
                self._defer(context, self._watch(context).position)
            return self._finish(self._watch(context))
        except (AirflowTaskTimeout, KeyboardInterrupt):
            self._stop_pod()
            raise

    def on_kill(self) -> None:
        """Only take note: the loop that follows the log acts on it within a second, outside of a signal handler."""
        self._killed = True

    def _cluster(self) -> "Cluster":
        if self._known_cluster is None:
            from include.pipelines.runtimes.kubernetes.api import Cluster

            self._known_cluster = Cluster()
        return self._known_cluster

    def _run(self) -> StepRun:
        return transport.decode_run(self.step_run)

    def _identity(self) -> "PodIdentity":
        from include.pipelines.runtimes.kubernetes.pod import identity_of

        return identity_of(self._run(), self.request, kubernetes_settings().nightshift_state)

    def _watch(self, context: Context, since: int = 0) -> "PodWatch":
        from include.pipelines.runtimes.kubernetes.watch import POSITION_KEY, PodWatch

        store = context.get("task_state_store")
        name = self._watched or ""
        position = max(since, int(known_positions(store, POSITION_KEY).get(name, "0")))
        return PodWatch(
            self._cluster(), self.request, name, position, store, lambda: self._act_if_killed(context), self.log
        )

    # -- end -----------------------------------------------------------------------------------------------------------

    def _finish(self, watch: "PodWatch") -> str:
        """Follow the pod to its end, take its result, delete or retire the pod, and return the result as JSON."""
        from include.pipelines.runtimes.kubernetes.outcome import judge

        try:
            state = watch.follow()
            if state.is_taken:
                raise StepFailed(f"another try took the result of pod {state.name}", FailureKind.TRY_AGAIN)
        except StepLost as lost:
            self._close_record(watch.name, lost)
            raise
        try:
            result = judge(self.request, state, watch.answer_of(state))
        except AirflowSkipException:
            self._remove(state)
            raise
        except StepFailed as failure:
            self._end_failed(state, failure)
            raise
        self._remove(state)
        self.log.info("%s", result.headline)
        return result.model_dump_json()

    def _remove(self, state: "PodState") -> None:
        self._cluster().patiently(lambda: self._cluster().remove(state), self._raise_if_killed)

    def _end_failed(self, state: "PodState", failure: StepFailed) -> None:
        for event in self._cluster().events(state.name):
            self.log.info("event of pod %s: %s", state.name, event)
        if isinstance(failure, StepLost):
            self._close_record(state.name, failure)
        self._cluster().patiently(lambda: self._cluster().retire(state), self._raise_if_killed)

    def _close_record(self, of: str, lost: StepLost) -> None:
        """End the MLflow run that the lost step could not end; the next try opens it again."""
        from include.pipelines.runtimes.kubernetes.pod import CLOSE_SECONDS, close_pod

        if isinstance(self.request, ChoreRequest):
            return
        cluster = self._cluster()
        try:
            if any(not state.is_taken and state.name != of for state in cluster.pods_of(self._identity())):
                self.log.info("another try has begun the step anew; its record is left open")
                return
            self.log.warning("%s; closing its MLflow run", lost)
            pod = close_pod(self._identity(), of, self.request, self.step_run, kubernetes_settings(), lost)
            name = pod["metadata"]["name"]
            cluster.create(pod)
            try:
                deadline = time.monotonic() + CLOSE_SECONDS + _CLOSE_MARGIN_SECONDS
                while (state := cluster.read(name)) is not None and not state.is_ended:
                    if time.monotonic() > deadline:
                        raise StepFailed(f"pod {name} did not end", FailureKind.TRY_AGAIN)
                    time.sleep(_POLL_SECONDS)
                self.log.info("%s", (cluster.last_lines(name) or "").strip())
            finally:
                cluster.delete(name)
        except StepFailed as failure:
            self.log.warning("the MLflow run could not be closed: %s; left to the next try", failure)

    # -- deferred ------------------------------------------------------------------------------------------------------

    def _defer(self, context: Context, position: int) -> NoReturn:
        """Hand the watch over to the triggerer."""
        from include.pipelines.runtimes.kubernetes.deferral import deadline_of, pod_trigger, timeout_until

        self._act_if_killed(context)
        deadline = deadline_of(context["ti"], self.execution_timeout)
        trigger = pod_trigger(self._watched or "", self.request, kubernetes_settings(), deadline, position)
        self.defer(trigger=trigger, method_name="resume", timeout=timeout_until(deadline))

    def resume(self, context: Context, event: dict[str, Any]) -> str:
        """Go on when the triggerer has seen the pod end, or cannot watch it."""
        from include.pipelines.runtimes.kubernetes.deferral import has_passed, position_in

        self._watched = str(event["name"])
        watch = self._watch(context, since=position_in(event))
        try:
            if has_passed(event):
                raise AirflowTaskTimeout(f"{self.request.command}: {event.get('message', 'out of time')}")
            if event["status"] in ("success", "failed") or watch.is_over():
                return self._finish(watch)
            self._look(watch, event)
        except (AirflowTaskTimeout, KeyboardInterrupt):
            self._stop_pod()
            raise
        self._defer(context, watch.position)

    def _look(self, watch: "PodWatch", event: dict[str, Any]) -> None:
        """See whether a pod that the triggerer watches is well; the triggerer returns for that now and then."""
        if event["status"] != "timeout":
            self.log.info("the triggerer says of pod %s: %s", watch.name, event.get("message"))
        try:
            watch.look()
        except StepLost as lost:
            self._close_record(watch.name, lost)
            raise

    # -- kill ----------------------------------------------------------------------------------------------------------

    def _raise_if_killed(self) -> None:
        if self._killed:
            raise StepFailed(f"{self.request.command}: the task was killed", FailureKind.TERMINATED)

    def _act_if_killed(self, context: Context) -> None:
        """Leave the pod to the next try if only the worker is going away, else stop it.

        Raises:
            StepLeft, StepFailed: always, if the task was killed: it must never end green (airflow #73006).
        """
        if not self._killed:
            return
        if is_still_wanted(context["ti"], self._run()):
            raise StepLeft(f"{self.request.command}: the worker was told to stop; its pod goes on for the next try")
        self._stop_pod()
        raise StepFailed(f"{self.request.command}: the task was killed; its pod stops", FailureKind.TERMINATED)

    def _stop_pod(self) -> None:
        """Have the node send SIGTERM now and SIGKILL after the grace; return without waiting for either."""
        cluster = self._cluster()
        try:
            # Not known yet: a pod may be there all the same, if the answer to its creation was lost.
            pods = [] if self._watched else cluster.pods_of(self._identity())
            names = [self._watched] if self._watched else [pod.name for pod in pods if not pod.is_taken]
            for name in names:
                self.log.info("deleting pod %s", name)
                cluster.delete(name, self.request.stop_grace_seconds)
        except StepFailed as failure:
            self.log.error("the step could not be stopped: %s; its pod ends at its deadline", failure)
