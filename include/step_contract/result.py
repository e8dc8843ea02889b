"""Report the result of an order: one outcome record a verb, in one discriminated union.

A step's findings go to MLflow, which is the only hand-off between steps; the result is a receipt. The outcome's JSON
names the verb as ``step``, as version 0.1 wrote it. A new verb is a record and a line in ``Outcome``. Needs pydantic
only.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from . import PROTOCOL_VERSION
from .frozen import Frozen
from .order import Chore, Step
from .step import DagRunName


class Verdict(StrEnum):
    """The gate's answer: take the alias, keep the champion, or refuse to register the candidate at all."""

    PROMOTE = "PROMOTE"
    KEEP = "KEEP"
    REFUSE = "REFUSE"


class PreprocessResult(Frozen):
    """The dataset is validated and its manifest recorded."""

    verb: Literal[Step.PREPROCESS] = Field(default=Step.PREPROCESS, alias="step")
    dataset_digest: str
    images: dict[str, int]
    """Images in each split."""


class TrainResult(Frozen):
    """The training is done and its checkpoints recorded."""

    verb: Literal[Step.TRAIN] = Field(default=Step.TRAIN, alias="step")
    epochs_done: int
    resumed_from_epoch: int | None = None
    metrics: dict[str, float]


class EvaluateResult(Frozen):
    """Candidate and champion are measured and the verdict recorded."""

    verb: Literal[Step.EVALUATE] = Field(default=Step.EVALUATE, alias="step")
    verdict: Verdict
    reasons: tuple[str, ...]
    candidate: float
    champion: float | None = None
    champion_version: str | None = None


class RegisterResult(Frozen):
    """The candidate is a model version, or was refused (version None, exit code 99)."""

    verb: Literal[Step.REGISTER] = Field(default=Step.REGISTER, alias="step")
    model: str
    version: str | None
    refused_because: str | None = None


class PromoteResult(Frozen):
    """Whether the champion alias moved, and why."""

    verb: Literal[Step.PROMOTE] = Field(default=Step.PROMOTE, alias="step")
    model: str
    version: str
    promoted: bool
    champion_version: str | None
    reason: str


class RollbackResult(Frozen):
    """Who holds the alias now."""

    verb: Literal[Chore.ROLLBACK] = Field(default=Chore.ROLLBACK, alias="step")
    model: str
    alias: str
    version: str
    taken_from: str | None
    """Version that lost the alias to this rollback; None if it moved nothing."""


class SurveyResult(Frozen):
    """DAG runs that left something behind: an open MLflow run, checkpoints, a scratch folder."""

    verb: Literal[Chore.SURVEY] = Field(default=Chore.SURVEY, alias="step")
    dag_runs: tuple[DagRunName, ...]


class SweepResult(Frozen):
    """How much was removed, or would have been, by kind."""

    verb: Literal[Chore.SWEEP] = Field(default=Chore.SWEEP, alias="step")
    dry_run: bool
    removed: dict[str, int]


StepOutcome = PreprocessResult | TrainResult | EvaluateResult | RegisterResult | PromoteResult
ChoreOutcome = RollbackResult | SurveyResult | SweepResult
Outcome = Annotated[StepOutcome | ChoreOutcome, Field(discriminator="verb")]


class Result(Frozen):
    """The receipt of a step or chore: in one line, what it did, and where its record is."""

    protocol: int = PROTOCOL_VERSION
    mlflow_run_id: str | None = None
    """A step's MLflow run; a chore has none."""
    already_done: bool = False
    summary: str
    outcome: Outcome

    @model_validator(mode="after")
    def _step_names_its_record(self) -> Self:
        if self.mlflow_run_id is None and isinstance(self.outcome.verb, Step):
            raise ValueError(f"no mlflow_run_id in the result of step {self.outcome.verb}; expected its MLflow run")
        return self

    @property
    def headline(self) -> str:
        """Last line of the task's log."""
        return f"MLflow run {self.mlflow_run_id}: {self.summary}" if self.mlflow_run_id else self.summary


class Progress(Frozen):
    """One finished epoch, as the team's web UI parses it; further keys are metrics."""

    epoch: int
    total_epochs: int
    metrics: dict[str, float]
    device: str
