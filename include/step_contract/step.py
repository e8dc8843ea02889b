"""Identify the DAG run and the attempt that a step works for, and what a person entered in the trigger form.

The order says *what* to do and is static; the ``StepRun`` says *for which run* and is rendered when the task starts.
Needs pydantic only.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from .catalog import ImageSize, Pipeline, PositiveInt, Seed
from .frozen import Frozen

Moment = Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9999, 1, 1, tzinfo=UTC))]
"""Far enough from the ends of the calendar that no time zone and no number of days leads beyond them."""

_TRAINING_FIELDS = ("epochs", "batch", "imgsz", "seed")
_Id = Annotated[str, Field(min_length=1)]


class TriggerForm(Frozen):
    """The values that a person may set when starting a run; None, or the catalog's own value, changes nothing."""

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


class DagRunName(Frozen):
    """The two ids of a DAG run."""

    dag_id: _Id
    run_id: _Id

    @property
    def key(self) -> str:
        """The DAG run's key in MLflow, in labels and in names."""
        return run_key(self.dag_id, self.run_id)


class StepRun(Frozen):
    """The DAG run, and the attempt at one of its tasks, that a step or chore works for."""

    dag_id: _Id
    run_id: _Id
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
    """Return 32 hexadecimal digits that name one DAG run, whatever characters its ids contain."""
    identity = json.dumps([dag_id, run_id], ensure_ascii=True).encode()
    return hashlib.sha256(identity).hexdigest()[:32]


def day_of(run: StepRun, pipeline: Pipeline) -> datetime:
    """Return the start of the run's data interval in the time zone in which the pipeline's days begin."""
    return run.data_interval_start.astimezone(pipeline.timezone)
