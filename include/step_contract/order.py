"""Order one verb of the trainer: a step of a pipeline, or a chore that belongs to no pipeline.

``Order`` is one discriminated union. Its JSON names the verb as ``step``, as version 0.1 wrote it. A new verb is a
record with that verb, and a line in ``Order``; its result is a record and a line in ``result.Outcome``.

A step's order is static: the validated catalog entry. A chore's order is made when its task starts, because it says
what a person entered in the form, or what Airflow knew at that moment. Needs pydantic only.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from . import PROTOCOL_VERSION
from .catalog import Pipeline, Resources
from .frozen import Frozen
from .step import DagRunName

PREVIOUS = "previous"
"""In place of a version: the version that held the alias before."""

_CHORE_TIMEOUT_MINUTES = 30
_CHORE_STOP_GRACE_SECONDS = 30
_Text = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class Step(StrEnum):
    """The five steps, in their order."""

    PREPROCESS = "preprocess"
    TRAIN = "train"
    EVALUATE = "evaluate"
    REGISTER = "register"
    PROMOTE = "promote"


class Chore(StrEnum):
    """Work on what runs left behind, or on a registered model."""

    ROLLBACK = "rollback"
    SURVEY = "survey"
    SWEEP = "sweep"


Verb = Step | Chore
"""A command of the trainer."""


class StepOrder(Frozen):
    """Do one step of a pipeline; the same for every run of the pipeline."""

    protocol: int = PROTOCOL_VERSION
    verb: Literal[Step.PREPROCESS, Step.TRAIN, Step.EVALUATE, Step.REGISTER, Step.PROMOTE] = Field(alias="step")
    pipeline: Pipeline

    @property
    def command(self) -> str:
        """The trainer's command."""
        return self.verb.value

    @property
    def group(self) -> str:
        """Name under which its containers are filed."""
        return self.pipeline.name

    @property
    def resources(self) -> Resources:
        """CPU, memory and GPUs that the step may use."""
        return resources_of(self.pipeline, self.verb)

    @property
    def timeout_minutes(self) -> int:
        """Time after which one attempt is stopped."""
        return timeout_minutes_of(self.pipeline, self.verb)

    @property
    def stop_grace_seconds(self) -> int:
        """Time that a stopped step has to save its state."""
        return self.pipeline.execution.stop_grace_seconds


class ChoreOrder(Frozen):
    """Base of the chores: the limits that all of them share."""

    protocol: int = PROTOCOL_VERSION
    verb: Chore = Field(alias="step")

    @property
    def command(self) -> str:
        """The trainer's command."""
        return self.verb.value

    @property
    def group(self) -> str:
        """Name under which its containers are filed; no pipeline's name begins with a capital."""
        return "Chores"

    @property
    def resources(self) -> Resources:
        """CPU and memory that a chore may use."""
        return Resources(cpu=1, memory="2Gi")

    @property
    def timeout_minutes(self) -> int:
        """Time after which one attempt is stopped."""
        return _CHORE_TIMEOUT_MINUTES

    @property
    def stop_grace_seconds(self) -> int:
        """Time that a stopped chore has to end."""
        return _CHORE_STOP_GRACE_SECONDS


class RollbackOrder(ChoreOrder):
    """Give an alias back to an earlier version, and never promote the version again that loses it."""

    verb: Literal[Chore.ROLLBACK] = Field(default=Chore.ROLLBACK, alias="step")
    model: _Text
    alias: _Text = "champion"
    to: Annotated[str, Field(pattern=rf"^({PREVIOUS}|[1-9][0-9]*)$")] = PREVIOUS
    """A version's number, or ``previous``."""
    reason: _Text
    by: _Text
    """Person who wants it."""


class SurveyOrder(ChoreOrder):
    """Name the DAG runs that left something behind, so that Airflow can be asked whether they still run."""

    verb: Literal[Chore.SURVEY] = Field(default=Chore.SURVEY, alias="step")


class SweepOrder(ChoreOrder):
    """Tidy up after DAG runs that are over, and what belongs to none."""

    verb: Literal[Chore.SWEEP] = Field(default=Chore.SWEEP, alias="step")
    over: tuple[DagRunName, ...] = ()
    """What belongs to any other DAG run is not touched."""
    grace_minutes: Annotated[float, Field(ge=0)] = 30
    """What showed a sign of life this recently is not touched either."""
    dry_run: bool = False


Order = Annotated[StepOrder | RollbackOrder | SurveyOrder | SweepOrder, Field(discriminator="verb")]


def resources_of(pipeline: Pipeline, step: Step) -> Resources:
    """Return what the step may use."""
    per_step = pipeline.resources
    return {
        Step.PREPROCESS: per_step.preprocess,
        Step.TRAIN: per_step.train,
        Step.EVALUATE: per_step.evaluate,
        Step.REGISTER: per_step.register_,
        Step.PROMOTE: per_step.promote,
    }[step]


def timeout_minutes_of(pipeline: Pipeline, step: Step) -> int:
    """Return the minutes after which one attempt at the step is stopped."""
    per_step = pipeline.execution.timeout_minutes
    return {
        Step.PREPROCESS: per_step.preprocess,
        Step.TRAIN: per_step.train,
        Step.EVALUATE: per_step.evaluate,
        Step.REGISTER: per_step.register_,
        Step.PROMOTE: per_step.promote,
    }[step]
