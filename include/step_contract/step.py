"""A step's request, identity, result and failure: what goes into a step and what comes out.

The request says *what* (the validated catalog entry, static); the run says *which* (DAG run, try, data interval, what
a person changed in the trigger form). A step's findings go to MLflow; the result line is a receipt, not a hand-off.
Needs pydantic only.
"""

import hashlib
import json
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from . import PROTOCOL_VERSION
from .catalog import ImageSize, Pipeline, PositiveInt, Resources, Seed
from .record import Record

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC))]
"""Far enough from the ends of the calendar that no time zone and no number of days leads beyond them."""


class Step(StrEnum):
    """The five steps, in their order."""

    PREPROCESS = "preprocess"
    TRAIN = "train"
    EVALUATE = "evaluate"
    REGISTER = "register"
    PROMOTE = "promote"


class ExitCode(IntEnum):
    """What a step's process says by its exit status; 64 to 75 follow sysexits.h."""

    DONE = 0
    BAD_REQUEST = 64
    BAD_DATA = 65
    BUG = 70
    TRY_AGAIN = 75
    REFUSED = 99
    TERMINATED = 143


class FailureKind(StrEnum):
    """What a failure means for the next try."""

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


_TRAINING_FIELDS = ("epochs", "batch", "imgsz", "seed")


class TriggerForm(Record):
    """What a person may set when starting a run by hand; None, or the catalog's own value, changes nothing."""

    epochs: PositiveInt | None = None
    batch: PositiveInt | None = None
    imgsz: ImageSize | None = None
    seed: Seed | None = None
    model: str | None = None
    dataset_uri: str | None = None
    note: str | None = None
    force: bool = False

    def applied_to(self, pipeline: Pipeline) -> Pipeline:
        """Return the pipeline with the person's changes in place of the catalog's values."""
        changes = self.changes(pipeline)
        training: dict[str, object] = {name: changes[name] for name in _TRAINING_FIELDS if name in changes}
        dataset: dict[str, object] = {"uri": changes["dataset_uri"]} if "dataset_uri" in changes else {}
        return pipeline.model_copy(
            update={
                "training": pipeline.training.model_copy(update=training),
                "dataset": pipeline.dataset.model_copy(update=dataset),
                "model": changes.get("model", pipeline.model),
            }
        )

    def changes(self, pipeline: Pipeline) -> dict[str, int | str]:
        """Name each value that differs from the catalog's."""
        own: dict[str, int | str] = {
            "epochs": pipeline.training.epochs,
            "batch": pipeline.training.batch,
            "imgsz": pipeline.training.imgsz,
            "seed": pipeline.training.seed,
            "model": pipeline.model,
            "dataset_uri": pipeline.dataset.uri,
        }
        asked = {name: getattr(self, name) for name in own}
        return {name: value for name, value in asked.items() if value not in (None, "", own[name])}


class StepRequest(Record):
    """What a step is asked to do: the same for every run of a pipeline."""

    protocol: int = PROTOCOL_VERSION
    step: Step
    pipeline: Pipeline

    @property
    def command(self) -> str:
        """The trainer's command."""
        return self.step.value

    @property
    def group(self) -> str:
        """What its containers are filed under."""
        return self.pipeline.name

    @property
    def resources(self) -> Resources:
        """What this step may use."""
        return resources_of(self.pipeline, self.step)

    @property
    def timeout_minutes(self) -> int:
        """Time after which one try is stopped."""
        return timeout_minutes_of(self.pipeline, self.step)

    @property
    def stop_grace_seconds(self) -> int:
        """Time that a stopped step has to save its state."""
        return self.pipeline.execution.stop_grace_seconds


class StepRun(Record):
    """For which DAG run, and which try, a step works."""

    dag_id: Annotated[str, Field(min_length=1)]
    run_id: Annotated[str, Field(min_length=1)]
    task_id: str = ""
    map_index: int = -1
    try_number: PositiveInt = 1
    run_type: str = "manual"
    logical_date: Moment | None = None
    data_interval_start: Moment
    data_interval_end: Moment
    form: TriggerForm = TriggerForm.model_construct()

    @model_validator(mode="after")
    def _interval_goes_forward(self) -> Self:
        if self.data_interval_end < self.data_interval_start:
            raise ValueError(
                f"data interval ends ({self.data_interval_end}) before it starts ({self.data_interval_start})"
            )
        return self

    @property
    def key(self) -> str:
        """The DAG run's key in MLflow, in labels and in names."""
        return run_key(self.dag_id, self.run_id)


def run_key(dag_id: str, run_id: str) -> str:
    """Return 32 hexadecimal digits that name one DAG run, whatever characters its ids hold."""
    identity = json.dumps([dag_id, run_id], ensure_ascii=True).encode()
    return hashlib.sha256(identity).hexdigest()[:32]


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
    """Return the minutes after which one try of the step is stopped."""
    per_step = pipeline.execution.timeout_minutes
    return {
        Step.PREPROCESS: per_step.preprocess,
        Step.TRAIN: per_step.train,
        Step.EVALUATE: per_step.evaluate,
        Step.REGISTER: per_step.register_,
        Step.PROMOTE: per_step.promote,
    }[step]


class Verdict(StrEnum):
    """The gate's answer: take the alias, keep the champion, or refuse to register the candidate at all."""

    PROMOTE = "PROMOTE"
    KEEP = "KEEP"
    REFUSE = "REFUSE"


class PreprocessResult(Record):
    """The dataset is validated and its manifest recorded."""

    step: Literal[Step.PREPROCESS] = Step.PREPROCESS
    dataset_digest: str
    images: dict[str, int]
    """Images in each split."""


class TrainResult(Record):
    """The training is done and its checkpoints recorded."""

    step: Literal[Step.TRAIN] = Step.TRAIN
    epochs_done: int
    resumed_from_epoch: int | None = None
    metrics: dict[str, float]


class EvaluateResult(Record):
    """Candidate and champion are measured and the verdict recorded."""

    step: Literal[Step.EVALUATE] = Step.EVALUATE
    verdict: Verdict
    reasons: tuple[str, ...]
    candidate: float
    champion: float | None = None
    champion_version: str | None = None


class RegisterResult(Record):
    """The candidate is a model version, or was refused (version None, exit code 99)."""

    step: Literal[Step.REGISTER] = Step.REGISTER
    model: str
    version: str | None
    refused_because: str | None = None


class PromoteResult(Record):
    """Whether the champion alias moved, and why."""

    step: Literal[Step.PROMOTE] = Step.PROMOTE
    model: str
    version: str
    promoted: bool
    champion_version: str | None
    reason: str


StepOutcome = Annotated[
    PreprocessResult | TrainResult | EvaluateResult | RegisterResult | PromoteResult, Field(discriminator="step")
]


class StepResult(Record):
    """A step's receipt: where its record is and, in one line, what it did."""

    protocol: int = PROTOCOL_VERSION
    mlflow_run_id: str
    already_done: bool = False
    summary: str
    outcome: StepOutcome

    @property
    def headline(self) -> str:
        """What the task's log says at the end."""
        return f"MLflow run {self.mlflow_run_id}: {self.summary}"


class StepFailure(Record):
    """Why a step failed, in one sentence, and what that means for the next try."""

    protocol: int = PROTOCOL_VERSION
    step: Step | None
    kind: FailureKind
    message: str
    mlflow_run_id: str | None = None


class Progress(Record):
    """One finished epoch, as the team's web UI parses it; further keys are metrics."""

    epoch: int
    total_epochs: int
    metrics: dict[str, float]
    device: str


def day_of(run: StepRun, pipeline: Pipeline) -> datetime:
    """Return the start of the run's data interval in the time zone in which the pipeline's days begin."""
    return run.data_interval_start.astimezone(pipeline.timezone)
