"""The task of a step or chore, whatever the runtime: start or attach, follow, conclude, kill, close a lost record.

A runtime's operator is ``StepTask`` mixed into the provider's operator, and hands over an ``Attempt``: the life of one
process, container or pod. All that Airflow must see of it is here, once.

A killed task asks Airflow whether it is still wanted. If so, only its worker is shutting down: work that outlives the
worker keeps running and the next attempt attaches to it. If not, a person or a timeout ended the task: the work is
stopped, with the grace that the catalog grants. Either way the task never ends green (airflow #73006).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowTaskTimeout

from include.step_contract.failure import ExitCode, Failure
from include.step_contract.order import StepOrder
from include.step_contract.result import Result

from .errors import StepFailed, StepLeft, StepLost, StepRefused, TaskKilled, failure_of

if TYPE_CHECKING:  # not paid for by a parse
    from airflow.sdk.types import Logger

    from include.step_contract.order import Order
    from include.step_contract.transport import Answer

    from .pending_chore import AnyRequest


class Attempt(Protocol):
    """One attempt of a task at its step, as a runtime carries it out.

    Whatever waits in here calls ``StepTask.raise_if_killed`` about once a second and lets TaskKilled through.
    """

    @property
    def work(self) -> str:
        """What it watches, for messages: process, container, pod."""

    def start_or_attach(self) -> None:
        """Start the step, or find the work of an earlier attempt whose result has not been taken.

        Raises:
            StepFailed: the runtime refuses it.
        """

    def follow(self) -> None:
        """Write the step's output into the task's log until it ends.

        Raises:
            StepLost: it disappeared.
            StepFailed: it cannot run, or another attempt took its result.
        """

    def judge(self) -> Result:
        """Return the result of the step that has ended.

        Raises:
            StepRefused, StepFailed: see ``conclude``.
        """

    def remove(self) -> None:
        """Leave nothing of work whose result was taken."""

    def retire(self) -> None:
        """Keep failed work for inspection, so that no later attempt takes it for its own."""

    def stop(self) -> None:
        """End the work with the grace that the catalog grants; do nothing if it has ended or never began.

        Raises:
            StepLost: it did not end by itself, where that is waited for.
        """

    def close(self, lost: StepLost) -> str:
        """Run ``close_command`` in the step's place and return its output.

        Raises:
            StepFailed: it cannot be run.
        """


class StepTask:
    """Fields and behaviour that every runtime's operator has; stands before the provider's class among the bases."""

    outlives_worker = True
    """Whether the work continues when this process ends, for the next attempt to attach to."""

    if TYPE_CHECKING:
        log: Logger  # BaseOperator's

    request: "AnyRequest"
    step_run: str
    result: Result | None = None
    """The step's answer, for the task's callbacks, which Airflow hands none; None until there is one."""

    is_killed = False
    """Set by ``on_kill`` and nothing more: Airflow leaves a signal handler five seconds. The loops act on it."""

    def request_in(self, context: Context) -> "Order":
        """Return the request of the task that starts now."""
        if isinstance(self.request, StepOrder):
            return self.request
        from .pending_chore import PendingChore

        return self.request.request(context) if isinstance(self.request, PendingChore) else self.request

    def raise_if_killed(self) -> None:
        """Raise TaskKilled once the task has received SIGTERM."""
        if self.is_killed:
            raise TaskKilled(f"{self.request.command}: the task was killed")

    def carry_out(self, attempt: Attempt, context: Context) -> str:
        """Start the step or attach to it, follow it, and return its result as JSON."""
        with self.stopping(attempt, context):
            attempt.start_or_attach()
            return self.finish(attempt)

    @contextmanager
    def stopping(self, attempt: Attempt, context: Context) -> Iterator[None]:
        """Leave the work to the next attempt if only the worker goes away; stop it if the task is killed or too late.

        Raises:
            StepLeft, TaskKilled, AirflowTaskTimeout: always, in these cases.
        """
        try:
            yield
        except TaskKilled:
            if self.outlives_worker and self._is_still_wanted(context):
                raise StepLeft(
                    f"{self.request.command}: the worker is shutting down; its {attempt.work} keeps running for the "
                    "next attempt"
                ) from None
            self._stop(attempt)
            raise TaskKilled(
                f"{self.request.command}: the task was killed; its {attempt.work} was asked to stop"
            ) from None
        except (AirflowTaskTimeout, KeyboardInterrupt):
            self._stop(attempt)
            raise

    def finish(self, attempt: Attempt) -> str:
        """Follow the work to its end, take its result, remove or retire it, and return the result as JSON.

        Raises:
            StepRefused, StepFailed: see ``conclude``; the record of a lost step is closed.
        """
        try:
            attempt.follow()
            self.raise_if_killed()
        except StepLost as lost:
            self.close_record(attempt, lost)
            raise
        try:
            result = attempt.judge()
        except StepRefused as refused:
            attempt.remove()
            self.result = refused.result
            raise
        except StepFailed as failure:
            if isinstance(failure, StepLost):
                self.close_record(attempt, failure)
            attempt.retire()
            raise
        attempt.remove()
        self.result = result
        self.log.info("%s", result.headline)
        return result.model_dump_json()

    def close_record(self, attempt: Attempt, lost: StepLost) -> None:
        """End the MLflow run that the lost step could not end; the next attempt opens it again. A chore has none."""
        if not isinstance(self.request, StepOrder):
            return
        self.log.warning("%s; closing its MLflow run", lost)
        try:
            self.log.info("%s", attempt.close(lost).strip())
        except StepFailed as failure:
            self.log.warning("the MLflow run could not be closed: %s; left to the next attempt", failure)

    def _stop(self, attempt: Attempt) -> None:
        try:
            attempt.stop()
        except StepLost as lost:
            self.close_record(attempt, lost)

    def _is_still_wanted(self, context: Context) -> bool:
        from include.step_contract.transport import decode_run

        from .task_state import is_still_wanted

        return is_still_wanted(context["ti"], decode_run(self.step_run))


def conclude(step: str, exit_code: int, answer: "Answer | None") -> Result:
    """Return the result of a step or chore that has ended.

    Raises:
        StepRefused: the gate refused the candidate; this task and those that follow are skipped.
        StepFailed: anything else but a result.
    """
    if answer is None or isinstance(answer, Failure) or exit_code not in (ExitCode.DONE, ExitCode.REFUSED):
        raise failure_of(step, exit_code, answer)
    if exit_code == ExitCode.REFUSED:
        raise StepRefused(answer)
    return answer


def close_command(lost: StepLost) -> list[str]:
    """Return the trainer's arguments that end the MLflow run of a step that could not do it itself."""
    return ["close", "--kind", lost.kind.value, "--reason", str(lost)]
