"""What the end of a step means for its task; the same for a process, a container and a pod.

StepFailed     the step said why it failed, or was stopped; carries the failure kind
├── StepLost   the step ended without a word: killed, machine gone
│   └── OutOfContainerMemory   killed at its memory limit
└── StepLeft   the step goes on, but this task no longer watches it; the next try attaches to it
"""

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from include.step_contract.step import ExitCode, FailureKind, StepFailure, StepResult

if TYPE_CHECKING:  # not paid for by a parse
    from include.step_contract.chore import ChoreResult
    from include.step_contract.transport import Answer

_KIND_OF_EXIT = {int(kind.exit_code): kind for kind in FailureKind if kind is not FailureKind.OUT_OF_MEMORY}


class StepFailed(AirflowException):
    """A step failed; StepRetryPolicy decides by the kind whether another try can help."""

    def __init__(self, message: str, kind: FailureKind, mlflow_run_id: str | None = None) -> None:
        """Keep the kind, and the MLflow run if the step named it, beside the message."""
        super().__init__(message)
        self.kind = kind
        self.mlflow_run_id = mlflow_run_id


class StepLost(StepFailed):
    """A step ended without saying why."""

    def __init__(self, message: str) -> None:
        """A lost step may be tried again: it goes on from its last checkpoint."""
        super().__init__(message, FailureKind.TRY_AGAIN)


class OutOfContainerMemory(StepLost):
    """The step's container was killed at its memory limit."""

    def __init__(self, message: str) -> None:
        """As a lost step, with the reason known."""
        super().__init__(message)
        self.kind = FailureKind.OUT_OF_MEMORY


class StepLeft(StepFailed):
    """The task ends, its step does not."""

    def __init__(self, message: str) -> None:
        """The next try attaches to the living step."""
        super().__init__(message, FailureKind.TRY_AGAIN)


def close_command(failure: StepFailed) -> list[str]:
    """Return the trainer's arguments that end the MLflow run of a step that could not do it itself."""
    return ["close", "--kind", failure.kind.value, "--reason", str(failure)]


@dataclass
class _Concluded:
    result: StepResult | None = None


_concluded = _Concluded()


def concluded_result() -> StepResult | None:
    """Return the result that this process's task ended with, for the task's callbacks: Airflow hands them none."""
    return _concluded.result


def conclude(step: str, exit_code: int, answer: "Answer | None", *, killed: bool) -> "StepResult | ChoreResult":
    """Return the result of a step, or of a chore, or end the task as the exit code says.

    A killed task is never green, whatever its step managed to finish (airflow #73006).

    Raises:
        AirflowSkipException: the gate refused the candidate; this task and what follows are skipped.
        StepFailed: anything else but a result.
    """
    _concluded.result = None
    if killed:
        raise StepFailed(f"{step}: the task was killed; the step was told to stop", FailureKind.TERMINATED)
    if exit_code in (ExitCode.DONE, ExitCode.REFUSED):
        if answer is None or isinstance(answer, StepFailure):
            raise StepFailed(f"{step}: exit code {exit_code} without a result line; expected one", FailureKind.BUG)
        _concluded.result = answer if isinstance(answer, StepResult) else None
        if exit_code == ExitCode.REFUSED:
            raise AirflowSkipException(answer.summary)
        return answer
    if isinstance(answer, StepFailure):
        raise StepFailed(f"{step}: {answer.kind}: {answer.message}", answer.kind, answer.mlflow_run_id)
    kind = _KIND_OF_EXIT.get(exit_code)
    if kind is not None:
        raise StepFailed(f"{step}: {kind} (exit code {exit_code}) without a failure line; see the log above", kind)
    raise StepLost(f"{step}: ended {_ending(exit_code)} without saying why; see the log above")


def _ending(exit_code: int) -> str:
    number = -exit_code if exit_code < 0 else exit_code - 128
    if number in set(signal.Signals):
        hint = " (out of memory, or killed by somebody)" if number == signal.SIGKILL else ""
        return f"by {signal.Signals(number).name}{hint}"
    return f"with exit code {exit_code}"
