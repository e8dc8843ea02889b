"""Watch a pod from its creation to its start: how long it may wait for what, and what keeps it from starting."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from logging import Logger
from typing import TYPE_CHECKING, Any

from include.pipelines.task_state import keep, known_positions

from .api import Cluster
from .outcome import not_started
from .state import PodState
from .task import PodTask

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

QUEUE_KEY = "left_queue"
_QUEUED = "queued"
_POLL_SECONDS = 0.2
_QUICK_SECONDS = 15
_SLOW_POLL_SECONDS = 2.0
_SAY_SECONDS = 60.0


class StartWatch:
    """The start of one pod."""

    def __init__(
        self,
        cluster: Cluster,
        task: PodTask,
        name: str,
        store: "TaskStateStoreAccessor | None",
        look: Callable[[], PodState],
        wait: Callable[[float], None],
        log: Logger | Any,
    ) -> None:
        """Do nothing yet; ``look`` returns the pod's state, ``wait`` lets time pass, both may raise to give up."""
        self._cluster, self._request, self._name, self._limits = cluster, task.request, name, task.limits
        self._store, self._look, self._wait, self._log = store, look, wait, log
        self._queue = known_positions(store, QUEUE_KEY).get(name, "")
        """Empty, _QUEUED, or when the pod was first seen outside of its queue."""
        self._troubled: float | None = None
        self._pull_error = ""

    def wait_for_start(self) -> PodState:
        """Return the pod's state once it has started, or ended.

        Raises:
            StepFailed: it cannot start, or takes too long.
        """
        begin = said = time.monotonic()
        while True:
            state = self._look()
            if state.has_started or state.is_ended:
                return state
            self._judge(state)
            now = time.monotonic()
            if now - said > _SAY_SECONDS:
                self._log.info("pod %s: %s", self._name, self._waits_for(self._with_cause(state)) or state.phase)
                said = now
            self._wait(_POLL_SECONDS if now - begin < _QUICK_SECONDS else _SLOW_POLL_SECONDS)

    def while_it_goes_wrong(self) -> None:
        """Watch the start as long as it has an error; return once it has none.

        Raises:
            StepFailed: it cannot start, or takes too long.
        """
        while True:
            state = self._look()
            if state.has_started or state.is_ended:
                return
            self._judge(state)
            if not state.start_error:
                return
            self._wait(_POLL_SECONDS)

    def _judge(self, state: PodState) -> None:
        self._note_queue(state)
        if state.waiting == "ErrImagePull":
            self._pull_error = state.waiting_message
        now = time.monotonic()
        if not state.start_error:
            self._troubled = None
        elif self._troubled is None:
            self._troubled = now
        limit = self._limits.error_seconds
        if self._troubled is not None and (state.is_start_hopeless or now - self._troubled >= limit):
            self._give_up(state)
        if self._waits_too_long(state):
            self._give_up(state)

    def _note_queue(self, state: PodState) -> None:
        """Remember, also for later attempts, when the pod was first seen outside of Kueue's queue.

        The pod itself does not tell: its condition keeps the time of its creation.
        """
        if state.is_gated and self._queue != _QUEUED:
            self._queue = _QUEUED
        elif not state.is_gated and self._queue == _QUEUED:
            self._queue = datetime.now(UTC).isoformat()
        else:
            return
        keep(self._store, QUEUE_KEY, {self._name: self._queue})

    def _waits_since(self, state: PodState) -> datetime:
        """Return when the wait for a node began, or once there is one, that for the start."""
        if state.is_scheduled and state.scheduled:
            return state.scheduled
        if self._queue and self._queue != _QUEUED:
            return max(state.created, datetime.fromisoformat(self._queue))
        return state.created

    def _waits_too_long(self, state: PodState) -> bool:
        """Time in Kueue's queue does not count; the task's own timeout ends that."""
        if state.is_gated:
            return False
        limit = self._limits.startup_seconds if state.is_scheduled else self._limits.schedule_seconds
        return (datetime.now(UTC) - self._waits_since(state)).total_seconds() > limit

    def _waits_for(self, state: PodState) -> str:
        """Return what keeps a pod from starting: by its state, else by its newest warning (network, volumes)."""
        if known := state.start_error or state.scheduling:
            return known
        warnings = [event for event in self._cluster.events(self._name) if event.startswith("Warning ")]
        return warnings[-1].removeprefix("Warning ") if warnings else ""

    def _with_cause(self, state: PodState) -> PodState:
        """Add why an image was not pulled: before Kubernetes 1.32 a pod that backs off from pulling does not say so."""
        if state.waiting != "ImagePullBackOff":
            return state
        events = [event for event in self._cluster.events(self._name) if "Failed to pull image" in event]
        cause = self._pull_error or next(reversed(events), "")
        if not cause or cause in state.waiting_message:
            return state
        return replace(state, waiting_message=": ".join(filter(None, (state.waiting_message, cause))))

    def _give_up(self, state: PodState) -> None:
        for event in self._cluster.events(self._name):
            self._log.info("event of pod %s: %s", self._name, event)
        state = self._with_cause(state)
        reason = self._waits_for(state)
        seconds = (datetime.now(UTC) - self._waits_since(state)).total_seconds()
        self._cluster.delete(self._name, 0)
        raise not_started(self._request, state, seconds, reason)
