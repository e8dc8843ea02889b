"""Errors a step ends with; each says what the next try may expect.

    StepError
    ├── BadRequest     the request cannot be carried out as it is; fix the catalog or the form     64
    ├── BadData        the dataset (or a checkpoint, or a model) is not usable; fix the data       65
    ├── Bug            the step broke one of its own promises                                      70
    ├── OutOfMemory    the device's or the host's memory did not suffice                           75
    └── TryAgain       a service is away; nothing is wrong with request or data                    75
        └── Superseded another try took the DAG run over; this one must not write any more         75
    Terminated         told to stop (SIGTERM, SIGINT, or the parent is gone); not an Exception    143

Modules that import a third party translate its errors into these. Must not import any of them.
"""

from step_contract.failure import FailureKind


class StepError(Exception):
    """A step cannot go on; the message says what was got, what was expected and what to do."""

    kind: FailureKind = FailureKind.BUG


class BadRequest(StepError):
    """The request cannot be carried out as it is."""

    kind = FailureKind.BAD_REQUEST


class BadData(StepError):
    """The data cannot be used as it is."""

    kind = FailureKind.BAD_DATA


class Bug(StepError):
    """The step broke one of its own promises."""

    kind = FailureKind.BUG


class OutOfMemory(StepError):
    """The memory of the device or the host did not suffice."""

    kind = FailureKind.OUT_OF_MEMORY


class TryAgain(StepError):
    """A service is away for now."""

    kind = FailureKind.TRY_AGAIN


class Superseded(TryAgain):
    """Another try works on this DAG run; this one stops and leaves the record alone."""


class Terminated(BaseException):
    """The step was told to stop. Derives from BaseException so that no ``except Exception`` swallows it."""

    kind = FailureKind.TERMINATED


def with_causes(error: BaseException) -> str:
    """Return an error's text and, each from a line of its own on, the texts of the errors that it was raised from.

    torch tells of a worker that was killed while it was waited for in the cause only.
    """
    texts, cause = [str(error)], error.__cause__
    while cause is not None:
        texts.append(f"{type(cause).__name__}: {cause}")
        cause = cause.__cause__
    return "\n".join(texts)
