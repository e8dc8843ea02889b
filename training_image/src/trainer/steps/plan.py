"""Plan an attempt at a step: the digest of its inputs, and the work to do unless that digest is recorded as done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from step_contract.result import StepOutcome

_Outcome = TypeVar("_Outcome", bound=StepOutcome)


@dataclass(frozen=True)
class StepPlan:
    """The work of one step on known inputs."""

    fingerprint: str
    """Digest of the inputs; an equal digest means that the work is already done."""
    work: Callable[[], tuple[StepOutcome, str]]
    """Do the work; return the outcome and one line about it."""


def planned(fingerprint: str, work: Callable[[], _Outcome], summary: Callable[[_Outcome], str]) -> StepPlan:
    """Return the plan of a step that sums up its own kind of outcome."""

    def work_and_sum_up() -> tuple[StepOutcome, str]:
        outcome = work()
        return outcome, summary(outcome)

    return StepPlan(fingerprint, work_and_sum_up)
