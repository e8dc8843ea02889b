"""Carry out one attempt at a step in a pod.

The pod is not deleted when its task's worker goes away. It is deleted when the task is stopped, with a grace period
that the node grants whether this process lives or not.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from include.pipelines.errors import StepFailed, StepLost
from include.pipelines.runtimes.kubernetes.spec.pod import CLOSE_SECONDS, close_pod
from include.pipelines.task_state import known_positions
from include.step_contract.failure import FailureKind
from include.step_contract.result import Result

from .api import Cluster
from .outcome import judge
from .settings import kubernetes_settings
from .start import PodStart
from .state import PodState
from .task import PodTask
from .watch import POSITION_KEY, PodWatch

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor
    from airflow.sdk.types import Logger

_CLOSE_MARGIN_SECONDS = 30
_POLL_SECONDS = 0.5


class PodAttempt:
    """One attempt in a pod, or at the pod of an earlier attempt."""

    work = "pod"

    def __init__(
        self,
        cluster: Cluster,
        task: PodTask,
        store: "TaskStateStoreAccessor | None",
        check: Callable[[], None],
        log: "Logger",
    ) -> None:
        """Do nothing yet; ``check`` is called often and may raise to give up."""
        self.cluster = cluster
        self._task, self._store, self._check, self._log = task, store, check, log
        self.name = ""
        """Of the pod, once it is known."""
        self._watch: PodWatch | None = None
        self._state: PodState | None = None

    def start_or_attach(self) -> None:
        """Create the pod, or find an earlier attempt's whose result has not been taken."""
        task = self._task
        start = PodStart(self.cluster, task.identity, task.build(), task.limits.schedule_seconds, self._check)
        self.attach(start.pod())

    def attach(self, name: str, since: int = 0) -> None:
        """Watch a pod from a position in its log, or from the position of an earlier attempt, if that is later."""
        self.name = name
        position = max(since, int(known_positions(self._store, POSITION_KEY).get(name, "0")))
        self._watch = PodWatch(self.cluster, self._task, name, position, self._store, self._check, self._log)

    @property
    def watch(self) -> PodWatch:
        """The watch of the pod that was started or attached to."""
        if self._watch is None:
            raise RuntimeError("start_or_attach or attach comes first")
        return self._watch

    def follow(self) -> None:
        """Write the pod's lines into the task's log until the step ends."""
        self._state = self.watch.follow()
        if self._state.is_taken:
            raise StepFailed(f"another attempt took the result of pod {self._state.name}", FailureKind.TRY_AGAIN)

    def judge(self) -> Result:
        """Return the result of the pod that has ended."""
        return judge(self._task.request, self._ended, self.watch.answer_of(self._ended))

    def remove(self) -> None:
        """Delete the pod."""
        self.cluster.with_retries(lambda: self.cluster.remove(self._ended), self._check)

    def retire(self) -> None:
        """Mark the pod's result as taken and keep it for inspection."""
        for event in self.cluster.events(self._ended.name):
            self._log.info("event of pod %s: %s", self._ended.name, event)
        self.cluster.with_retries(lambda: self.cluster.retire(self._ended), self._check)

    @property
    def _ended(self) -> PodState:
        if self._state is None:
            raise RuntimeError("follow comes first")
        return self._state

    def stop(self) -> None:
        """Have the node send SIGTERM now and SIGKILL after the grace period; return without waiting for either."""
        cluster = self.cluster
        try:
            # Not known yet: a pod may exist all the same, if the answer to its creation was lost.
            pods = [] if self.name else cluster.pods_of(self._task.identity)
            names = [self.name] if self.name else [pod.name for pod in pods if not pod.is_taken]
            for name in names:
                self._log.info("deleting pod %s", name)
                cluster.delete(name, self._task.grace_seconds)
        except StepFailed as failure:
            self._log.error("the step could not be stopped: %s; its pod ends at its deadline", failure)

    def close(self, lost: StepLost) -> str:
        """Run ``trainer close`` in a pod of its own and return its output."""
        of, cluster = self.watch.name, self.cluster
        if any(not state.is_taken and state.name != of for state in cluster.pods_of(self._task.identity)):
            return "another attempt has begun the step again; its record is left open"
        pod = close_pod(self._task.build(), of, lost, kubernetes_settings())
        name = pod["metadata"]["name"]
        cluster.create(pod)
        try:
            deadline = time.monotonic() + CLOSE_SECONDS + _CLOSE_MARGIN_SECONDS
            while (state := cluster.read(name)) is not None and not state.is_ended:
                if time.monotonic() > deadline:
                    raise StepFailed(f"pod {name} did not end", FailureKind.TRY_AGAIN)
                time.sleep(_POLL_SECONDS)
            return cluster.last_lines(name) or ""
        finally:
            cluster.delete(name)
