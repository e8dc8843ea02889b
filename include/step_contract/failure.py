"""Report a failure: its kind, which decides on the next attempt, its exit code and one sentence."""

from enum import IntEnum, StrEnum

from . import PROTOCOL_VERSION
from .frozen import Frozen
from .order import Step


class ExitCode(IntEnum):
    """Exit status of a step's process; 64 to 75 follow sysexits.h."""

    DONE = 0
    BAD_REQUEST = 64
    BAD_DATA = 65
    BUG = 70
    TRY_AGAIN = 75
    REFUSED = 99
    TERMINATED = 143


class FailureKind(StrEnum):
    """What a failure means for the next attempt."""

    BAD_REQUEST = "bad_request"
    BAD_DATA = "bad_data"
    BUG = "bug"
    OUT_OF_MEMORY = "out_of_memory"
    TRY_AGAIN = "try_again"
    TERMINATED = "terminated"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that goes with this kind."""
        return _EXIT_CODES[self]


_EXIT_CODES = {
    FailureKind.BAD_REQUEST: ExitCode.BAD_REQUEST,
    FailureKind.BAD_DATA: ExitCode.BAD_DATA,
    FailureKind.BUG: ExitCode.BUG,
    FailureKind.OUT_OF_MEMORY: ExitCode.TRY_AGAIN,
    FailureKind.TRY_AGAIN: ExitCode.TRY_AGAIN,
    FailureKind.TERMINATED: ExitCode.TERMINATED,
}


class Failure(Frozen):
    """Why a step or chore failed, in one sentence, and what that means for the next attempt."""

    protocol: int = PROTOCOL_VERSION
    step: Step | None
    """None for a chore."""
    kind: FailureKind
    message: str
    mlflow_run_id: str | None = None
