"""A chore: work on what runs left behind, or on a registered model, that is no step of a pipeline.

It comes by the same two variables as a step and answers on the same lines. Its request is made when its task starts,
because it says what a person asked for in the form, or what Airflow knew at that moment. Needs pydantic only.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from . import PROTOCOL_VERSION
from .catalog import Resources
from .record import Record
from .step import StepRequest, run_key

PREVIOUS = "previous"
"""In the place of a version: the one that held the alias before."""

_TIMEOUT_MINUTES = 30
_STOP_GRACE_SECONDS = 30
_Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class Chore(StrEnum):
    """What there is to do."""

    ROLLBACK = "rollback"
    SURVEY = "survey"
    SWEEP = "sweep"


class DagRunName(Record):
    """One DAG run."""

    dag_id: Annotated[str, Field(min_length=1)]
    run_id: Annotated[str, Field(min_length=1)]

    @property
    def key(self) -> str:
        """The DAG run's key in MLflow, in labels and in names."""
        return run_key(self.dag_id, self.run_id)


class RollbackOrder(Record):
    """Give an alias back to an earlier version, and never promote the one again that it is taken from."""

    chore: Literal[Chore.ROLLBACK] = Chore.ROLLBACK
    model: _Text
    alias: _Text = "champion"
    to: Annotated[str, Field(pattern=rf"^({PREVIOUS}|[1-9][0-9]*)$")] = PREVIOUS
    """A version's number, or ``previous``."""
    reason: _Text
    by: _Text
    """The person who wants it."""


class SurveyOrder(Record):
    """Name the DAG runs that left something behind, so that Airflow can be asked whether they still run."""

    chore: Literal[Chore.SURVEY] = Chore.SURVEY


class SweepOrder(Record):
    """Tidy up after DAG runs that are over, and what belongs to none."""

    chore: Literal[Chore.SWEEP] = Chore.SWEEP
    over: tuple[DagRunName, ...] = ()
    """What belongs to any other DAG run is not touched."""
    grace_minutes: Annotated[float, Field(ge=0)] = 30
    """What showed a sign of life this recently is left, too."""
    dry_run: bool = False


ChoreOrder = Annotated[RollbackOrder | SurveyOrder | SweepOrder, Field(discriminator="chore")]


class ChoreRequest(Record):
    """What a chore is asked to do; has in common with a step's request what a runtime needs."""

    protocol: int = PROTOCOL_VERSION
    order: ChoreOrder

    @property
    def command(self) -> str:
        """The trainer's command."""
        return self.order.chore.value

    @property
    def group(self) -> str:
        """What its containers are filed under; no pipeline's name begins with a capital."""
        return "Chores"

    @property
    def resources(self) -> Resources:
        """What a chore may use."""
        return Resources(cpu=1, memory="2Gi")

    @property
    def timeout_minutes(self) -> int:
        """Time after which one try is stopped."""
        return _TIMEOUT_MINUTES

    @property
    def stop_grace_seconds(self) -> int:
        """Time that a stopped chore has to end."""
        return _STOP_GRACE_SECONDS


Request = StepRequest | ChoreRequest
"""What a runtime carries out."""


class RollbackResult(Record):
    """Who holds the alias now."""

    chore: Literal[Chore.ROLLBACK] = Chore.ROLLBACK
    model: str
    alias: str
    version: str
    taken_from: str | None
    """Version that lost the alias to this rollback; None if it moved nothing."""


class SurveyResult(Record):
    """DAG runs that left something behind: an open MLflow run, checkpoints, a scratch folder."""

    chore: Literal[Chore.SURVEY] = Chore.SURVEY
    dag_runs: tuple[DagRunName, ...]


class SweepResult(Record):
    """How much was removed, or would have been, by kind."""

    chore: Literal[Chore.SWEEP] = Chore.SWEEP
    dry_run: bool
    removed: dict[str, int]


ChoreOutcome = Annotated[RollbackResult | SurveyResult | SweepResult, Field(discriminator="chore")]


class ChoreResult(Record):
    """A chore's receipt: in one line, what it did."""

    protocol: int = PROTOCOL_VERSION
    already_done: bool = False
    summary: str
    outcome: ChoreOutcome

    @property
    def headline(self) -> str:
        """What the task's log says at the end."""
        return self.summary
