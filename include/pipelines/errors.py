"""Errors of the Airflow side, and the one function that maps the end of a step to its error.

AirflowException
└── StepFailed                      the step failed, or was stopped; carries the failure kind
    ├── StepLost                    the step ended without a report: killed, machine gone
    │   └── OutOfContainerMemory    killed at its memory limit
    ├── StepLeft                    the step keeps running without this task; the next attempt attaches to it
    ├── TaskKilled                  a person or Airflow ended the task, or its worker is shutting down
    └── runtimes/kubernetes/api.py
        ├── QuotaExceeded           403: the namespace has no room now
        ├── _NotThere               404
        └── _Conflict               409: the name is taken
AirflowSkipException
└── StepRefused                     the gate refused the candidate; carries the step's result
Exception
└── Undelivered                     notify/delivery.py: a message did not reach its target

StepRetryPolicy (``retry.py``) decides by ``StepFailed.kind`` whether another attempt can help.
"""

import signal
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from include.step_contract.failure import ExitCode, Failure, FailureKind

if TYPE_CHECKING:  # not paid for by a parse
    from include.step_contract.result import Result
    from include.step_contract.transport import Answer

_KIND_OF_EXIT = {int(kind.exit_code): kind for kind in FailureKind if kind is not FailureKind.OUT_OF_MEMORY}


class StepFailed(AirflowException):
    """A step failed; StepRetryPolicy decides by the kind whether another attempt can help."""

    def __init__(self, message: str, kind: FailureKind, mlflow_run_id: str | None = None) -> None:
        """Keep the kind, and the MLflow run if the step named it, beside the message."""
        super().__init__(message)
        self.kind = kind
        self.mlflow_run_id = mlflow_run_id


class StepLost(StepFailed):
    """A step ended without saying why."""

    def __init__(self, message: str, kind: FailureKind = FailureKind.TRY_AGAIN) -> None:
        """A lost step may be tried again: it resumes from its last checkpoint."""
        super().__init__(message, kind)


class OutOfContainerMemory(StepLost):
    """The step's container was killed at its memory limit."""

    def __init__(self, message: str) -> None:
        """As a lost step, with the reason known."""
        super().__init__(message, FailureKind.OUT_OF_MEMORY)


class StepLeft(StepFailed):
    """The task ends, its step does not."""

    def __init__(self, message: str) -> None:
        """The next attempt attaches to the running step."""
        super().__init__(message, FailureKind.TRY_AGAIN)


class TaskKilled(StepFailed):
    """The task was ended from outside."""

    def __init__(self, message: str) -> None:
        """Airflow starts no further attempt of a task that a person ended."""
        super().__init__(message, FailureKind.TERMINATED)


class StepRefused(AirflowSkipException):
    """The gate refused the candidate: the task and those after it are skipped."""

    def __init__(self, result: "Result") -> None:
        """Keep the result for the task's callbacks."""
        super().__init__(result.summary)
        self.result = result


def failure_of(step: str, exit_code: int, answer: "Answer | None") -> StepFailed:
    """Return the error of a step that ended without a result.

    Args:
        step: command of the step or chore.
        exit_code: of its process; below zero the signal that ended it, as Python says it.
        answer: the last line of its output that is an answer.
    """
    if exit_code in (ExitCode.DONE, ExitCode.REFUSED):
        return StepFailed(f"{step}: exit code {exit_code} without a result line; expected one", FailureKind.BUG)
    if isinstance(answer, Failure):
        return StepFailed(f"{step}: {answer.kind}: {answer.message}", answer.kind, answer.mlflow_run_id)
    if kind := _KIND_OF_EXIT.get(exit_code):
        return StepFailed(f"{step}: {kind} (exit code {exit_code}) without a failure line; see the log above", kind)
    return StepLost(f"{step}: ended {_ending(exit_code)} without saying why; see the log above")


def _ending(exit_code: int) -> str:
    number = -exit_code if exit_code < 0 else exit_code - 128
    if number in set(signal.Signals):
        hint = " (out of memory, or killed from outside)" if number == signal.SIGKILL else ""
        return f"by {signal.Signals(number).name}{hint}"
    return f"with exit code {exit_code}"
