"""Watch a pod from its creation to its end: its start, its lines for the task's log, and how it ended."""

import time
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from logging import Logger
from typing import TYPE_CHECKING, Any

from include.pipelines.errors import StepFailed
from include.pipelines.task_state import keep
from include.step_contract import transport
from include.step_contract.failure import FailureKind

from .api import Cluster
from .logs import LogFollower
from .outcome import Answer, answer_in, gone, node_lost
from .start_watch import StartWatch
from .state import PodState
from .task import PodTask

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

POSITION_KEY = "log_position"
_POLL_SECONDS = 0.2
_STATE_SECONDS = 5.0
_STREAM_END_SECONDS = 10.0
_LAST_LINES_SECONDS = 20.0
_SETTLE_SECONDS = 10.0
_CAUSE_SECONDS = 2.0


class PodWatch:
    """One pod, watched by one task."""

    def __init__(
        self,
        cluster: Cluster,
        task: PodTask,
        name: str,
        position: int,
        store: "TaskStateStoreAccessor | None",
        check: Callable[[], None],
        log: Logger | Any,
    ) -> None:
        """Begin after ``position`` in the pod's log; ``check`` is called often and may raise to give up."""
        self.name = name
        self.position = position
        self._cluster, self._request, self._store, self._check, self._log = cluster, task.request, store, check, log
        self._last: PodState | None = None
        self._heard: Answer = None
        self._start = StartWatch(cluster, task, name, store, self._state, self._wait, log)

    def follow(self) -> PodState:
        """Return the pod's state once the step has ended, its lines in the log.

        Raises:
            StepLost: the pod is gone, or its node.
            StepFailed: the pod cannot start, or whatever ``check`` raises.
        """
        state = self._start.wait_for_start()
        while not state.is_ended:
            self._bring_lines(follow=True)
            state = self._state()
            if not state.is_ended:
                self._wait(_POLL_SECONDS)
        self._bring_last_lines()
        return self._settled(state)

    def _settled(self, state: PodState) -> PodState:
        """Return the state with the cause of the end, for which a node needs a moment; without it if that is too long.

        Out of memory may also look like any SIGKILL at first: containerd learns of it after the container's end, and
        may report it after the pod's phase.
        """
        state = self._read_until(lambda newest: newest.is_settled or newest.has_result, state, _SETTLE_SECONDS)
        if self._heard is not None:
            return state
        return self._read_until(lambda newest: not newest.is_killed_without_cause, state, _CAUSE_SECONDS)

    def _read_until(self, is_known: Callable[[PodState], bool], state: PodState, seconds: float) -> PodState:
        """Read the pod until ``is_known``, or it is gone, or the time is over; return its newest state."""
        deadline = time.monotonic() + seconds
        while not is_known(state) and time.monotonic() < deadline:
            self._wait(_POLL_SECONDS)
            newest = self._read()
            if newest is None:
                break
            state = newest
        return state

    def _bring_last_lines(self) -> None:
        """Bring the lines that were missing when the step ended; a node may need a moment to show them."""
        deadline = time.monotonic() + _LAST_LINES_SECONDS
        while not self._bring_lines(follow=False) and time.monotonic() < deadline:
            if self._read() is None:
                return
            self._wait(1)

    def is_over(self) -> bool:
        """Return whether the step has ended or the pod is gone, without waiting for it."""
        state = self._read()
        return state is None or state.is_ended

    def look(self) -> None:
        """Look at a pod that the triggerer watches; watch a start as long as it has an error.

        Raises:
            StepLost: the pod is gone, or its node.
            StepFailed: the pod cannot start.
        """
        self._start.while_it_goes_wrong()

    def answer_of(self, state: PodState) -> Answer:
        """Return the step's answer: from the pod's termination message, else from its log.

        Raises:
            StepFailed: it cannot be understood.
        """
        with suppress(StepFailed):  # cut off at its longest length, or not ours: the log has it whole
            if answer := answer_in(state.termination_message):
                return answer
        if self._heard:
            return self._heard
        text = self._cluster.last_lines(self.name)
        if text is None and state.has_result:
            raise StepFailed(
                f"{self._request.command}: ended with exit code {state.exit_code}, but the log with its result cannot "
                "be read; the next attempt finds its work in MLflow",
                FailureKind.TRY_AGAIN,
            )
        return answer_in(text or "")

    # -- state ---------------------------------------------------------------------------------------------------------

    def _read(self) -> PodState | None:
        state = self._cluster.with_retries(lambda: self._cluster.read(self.name), self._check)
        self._last = state or self._last
        return state

    def _state(self) -> PodState:
        state = self._read()
        if state is None:
            for event in self._cluster.events(self.name):
                self._log.info("event of pod %s: %s", self.name, event)
            raise gone(self._request, self.name, self._last, self._heard)
        if state.is_overdue(datetime.now(UTC)):
            raise node_lost(self._request, state)
        return state

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            self._check()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _POLL_SECONDS))

    # -- lines ---------------------------------------------------------------------------------------------------------

    def _bring_lines(self, *, follow: bool) -> bool:
        """Bring the lines so far, and with ``follow`` those to come, until the stream or the step ends.

        Return whether the stream came to its own end, or may not be read at all.
        """
        with closing(LogFollower(self._cluster, self.name, self.position, follow=follow)) as follower:
            looked = time.monotonic()
            ended: float | None = None
            for line in follower.lines(_POLL_SECONDS):
                self._check()
                if line is not None:
                    self._take(line)
                    self.position = follower.position
                now = time.monotonic()
                if follow and now - looked > _STATE_SECONDS:
                    looked = now
                    self._keep_position()
                    if self._is_quietly_over():
                        ended = ended or now
                if ended is not None and now - ended > _STREAM_END_SECONDS:
                    break  # some streams stay open after their last line
        self._keep_position()
        if follower.refusal and follow:
            self._log.warning(
                "the log of pod %s cannot be read (%s); grant get on pods/log (docs/kubernetes.md, RBAC)",
                self.name,
                follower.refusal,
            )
            self._wait(_STATE_SECONDS)
        return follower.error is None or bool(follower.refusal)

    def _is_quietly_over(self) -> bool:
        """Look at the pod beside the stream; if the API server does not answer, it is asked again later."""
        try:
            state = self._cluster.read(self.name)
        except StepFailed as failure:
            if failure.kind is not FailureKind.TRY_AGAIN:
                raise
            return False
        self._last = state or self._last
        return state is None or state.is_ended or state.is_overdue(datetime.now(UTC))

    def _take(self, line: str) -> None:
        self._log.info("%s", line)
        with suppress(transport.ContractError):  # judged at the end, from the whole log
            self._heard = transport.decode_line(line) or self._heard

    def _keep_position(self) -> None:
        if self.position:
            keep(self._store, POSITION_KEY, {self.name: str(self.position)})
