"""Define the records of a catalog: a pipeline and its parts.

The JSON Schemas and ``docs/catalog.md`` are generated from these classes, so editors and readers see the descriptions
of the fields. Rules about one field or one pipeline stand here; rules that need YAML, a cron library or several
pipelines stand in ``reading``. Needs pydantic only: no yaml, airflow, torch or mlflow here.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from ..frozen import Frozen
from .execution import Execution, StepResources
from .field_types import (
    Alias,
    ArgumentValue,
    AssetName,
    ImageSize,
    ModelName,
    PipelineName,
    PositiveInt,
    Seed,
    Share,
    Tag,
    Text,
    TimeZoneName,
    broken_rule,
    broken_rules,
)
from .notify import Notify
from .words import choices, nearest

CATALOG_VERSION = 1
"""Version of the catalog's schema, the ``version:`` at the top of a file."""

DAG_ID_PREFIX = "train_"


class VisionTask(StrEnum):
    """Task of a model."""

    DETECT = "detect"
    SEGMENT = "segment"
    CLASSIFY = "classify"
    POSE = "pose"
    OBB = "obb"


class DatasetFormat(StrEnum):
    """Layout of a dataset's source."""

    YOLO = "yolo"
    IMAGE_FOLDER = "imagefolder"
    COCO = "coco"


class RuntimeName(StrEnum):
    """Runtime of a step: a process of this machine, a container, or a pod."""

    LOCAL = "local"
    DOCKER = "docker"
    KUBERNETES = "kubernetes"


_BOX_METRICS = ("mAP50-95", "mAP50", "precision", "recall")

TASK_METRICS: dict[VisionTask, tuple[str, ...]] = {
    VisionTask.DETECT: _BOX_METRICS,
    VisionTask.OBB: _BOX_METRICS,
    VisionTask.SEGMENT: (*_BOX_METRICS, *(f"{name}-mask" for name in _BOX_METRICS)),
    VisionTask.POSE: (*_BOX_METRICS, *(f"{name}-pose" for name in _BOX_METRICS)),
    VisionTask.CLASSIFY: ("accuracy_top1", "accuracy_top5"),
}
"""Metrics that a task's evaluation measures, the most informative first; box metrics have no suffix."""

TASK_FORMATS: dict[VisionTask, tuple[DatasetFormat, ...]] = {
    VisionTask.DETECT: (DatasetFormat.YOLO, DatasetFormat.COCO),
    VisionTask.SEGMENT: (DatasetFormat.YOLO, DatasetFormat.COCO),
    VisionTask.CLASSIFY: (DatasetFormat.IMAGE_FOLDER,),
    VisionTask.POSE: (DatasetFormat.YOLO,),
    VisionTask.OBB: (DatasetFormat.YOLO,),
}


class Schedule(Frozen):
    """Times at which the pipeline runs: a cron expression in a time zone, or updates of assets."""

    cron: Text | None = Field(default=None, description="Cron expression of five fields, e.g. '0 2 * * *'.")
    timezone: TimeZoneName = Field(default="UTC", description="IANA time zone of the cron expression, e.g. Asia/Seoul.")
    assets: tuple[AssetName, ...] = Field(
        default=(), description="Names of Airflow assets; a run starts when all have been updated."
    )

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        if (self.cron is None) == (not self.assets):
            got = "neither cron nor assets" if self.cron is None else "both cron and assets"
            raise broken_rule(got, "exactly one of the two (omit schedule to run only by hand)")
        return self


class Split(Frozen):
    """Shares of one pool of images; an image's content and the seed alone decide its split."""

    train: Share = Field(default=0.7, description="Share of images to train on.")
    val: Share = Field(default=0.15, description="Share of images measured after each epoch.")
    test: Share = Field(default=0.15, description="Share of images that evaluate measures candidate and champion on.")
    seed: Seed = Field(default=0, description="A different seed gives a different split.")

    @model_validator(mode="after")
    def _sums_to_one(self) -> Self:
        total = self.train + self.val + self.test
        if abs(total - 1) > 1e-6:
            raise broken_rule(f"impossible split: train + val + test is {total:g}", "1")
        if self.train == 0 or self.val == 0:
            got = f"impossible split: train is {self.train:g} and val is {self.val:g}"
            raise broken_rule(got, "both above 0")
        return self


class ValidationLimits(Frozen):
    """Limits beyond which preprocess refuses a dataset (exit code 65)."""

    minimum_train_images: PositiveInt = Field(default=10, description="Fewest images in the train split.")
    minimum_val_images: PositiveInt = Field(default=2, description="Fewest images in the val split.")
    minimum_class_instances: Annotated[int, Field(ge=0)] = Field(
        default=1, description="Fewest labelled objects (images, for classify) of each class in the train split."
    )
    maximum_unreadable_share: Share = Field(default=0.0, description="Largest share of unreadable or truncated images.")
    maximum_bad_label_share: Share = Field(
        default=0.0,
        description="Largest share of images with a broken label (range, columns, class id, NaN, zero area).",
    )
    maximum_unlabelled_share: Share = Field(default=0.1, description="Largest share of images without any label.")
    maximum_duplicate_share: Share = Field(
        default=0.05, description="Largest share of images that repeat another's content."
    )
    allow_split_overlap: bool = Field(default=False, description="Allow the same image content in two splits.")


class Partition(Frozen):
    """Part of the dataset that belongs to a run: folders named by the date of its data interval."""

    pattern: Text = Field(
        description="strftime pattern of the data interval's start, in the schedule's time zone: '%Y-%m-%d'. "
        "The result is a folder below uri."
    )
    days: Annotated[int, Field(gt=0, le=3660)] = Field(
        default=1, description="Number of daily partitions to train on, the last of them the run's own."
    )

    @field_validator("pattern")
    @classmethod
    def _names_a_day(cls, value: str) -> str:
        if not any(code in value for code in ("%d", "%j", "%F", "%x")):
            raise broken_rule(f"got {value!r}, which gives every day the same folder", "a pattern such as '%Y-%m-%d'")
        return value


class Dataset(Frozen):
    """Images and labels to train on."""

    uri: Text = Field(
        description="Folder, .zip, .tar or .tar.gz with the dataset: an s3:// or file:// URI, or a path below the "
        "deployment's DATASET_ROOT."
    )
    format: DatasetFormat = Field(default=DatasetFormat.YOLO, description="Layout of the source.")
    partition: Partition | None = Field(
        default=None, description="One folder for each day; default: the same data in each run."
    )
    as_of: Literal["now", "data_interval_end"] = Field(
        default="now",
        description="Time at which a run sees the objects: now, or, in an s3:// bucket with versioning, the end of its "
        "data interval, so that a backfill trains on the data that the nightly run would have had.",
    )
    split: Split | None = Field(
        default=None, description="Split of one pool; default: the source's own train, val and test."
    )
    limits: ValidationLimits = Field(default=ValidationLimits(), description="Limits that preprocess checks.")

    @model_validator(mode="after")
    def _has_a_past(self) -> Self:
        if self.as_of != "now" and self.uri.startswith("file:"):
            got = f"got as_of {self.as_of!r} with a file:// URI, but folders keep no earlier versions"
            raise broken_rule(got, "an s3:// URI of a bucket with versioning, or no as_of")
        return self


class Training(Frozen):
    """Settings of the training."""

    epochs: PositiveInt = Field(default=100, description="Passes over the train split.")
    batch: PositiveInt = Field(default=16, description="Images in one batch.")
    minimum_batch: PositiveInt = Field(
        default=1, description="Running out of memory halves the batch, but not below this; then the training fails."
    )
    imgsz: ImageSize = Field(default=640, description="Side of the square input in pixels.")
    patience: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=100, description="Epochs without improvement before stopping."
    )
    seed: Seed = Field(default=0, description="Seed of weights, order and augmentation.")
    arguments: dict[str, ArgumentValue] = Field(
        default={},
        description="Further train arguments of ultralytics, checked against the list of the pinned version.",
    )

    @model_validator(mode="after")
    def _batch_may_be_halved_to_the_minimum(self) -> Self:
        if self.minimum_batch > self.batch:
            raise broken_rule(f"minimum_batch {self.minimum_batch} is above batch {self.batch}", "at most batch")
        return self


class Gate(Frozen):
    """Conditions under which a candidate takes the champion alias."""

    metric: Text = Field(default="mAP50-95", description="Metric that decides; one of the task's metrics.")
    minimum: Share = Field(default=0.0, description="Below this the candidate is refused and not registered.")
    minimum_improvement: Annotated[float, Field(ge=-1, le=1)] = Field(
        default=0.0, description="Candidate minus champion must be at least this."
    )
    maximum_class_regression: Share | None = Field(
        default=None, description="No class may lose more than this against the champion; default: not checked."
    )
    tolerance: Share = Field(default=0.0, description="Differences up to this count as equal.")
    unreadable_champion: Literal["fail", "replace"] = Field(
        default="fail",
        description="If the champion cannot be loaded: keep it and fail, or let the minimum alone decide.",
    )


class Registry(Frozen):
    """Registered model and its aliases."""

    model: ModelName = Field(description="Registered model in MLflow; each pipeline needs its own.")
    champion: Alias = Field(default="champion", description="Alias of the model in use.")
    candidate: Alias = Field(default="challenger", description="Alias of the newest registered version.")

    @model_validator(mode="after")
    def _usable_aliases(self) -> Self:
        wrong = {
            field: broken_rule(f"got {alias!r}, which MLflow reserves", "another name")
            for field, alias in (("champion", self.champion), ("candidate", self.candidate))
            if alias.lower() == "latest" or (alias[0] in "vV" and alias[1:].isdigit())
        }
        if self.champion.lower() == self.candidate.lower():
            wrong["candidate"] = broken_rule(f"got {self.candidate!r}, the champion's alias", "another name")
        if wrong:
            raise broken_rules("Registry", wrong)
        return self


class Pipeline(Frozen):
    """One model to train, from a dataset to a champion."""

    name: PipelineName = Field(description="The key in the file; gives dag_id train_<name>.")
    description: Text = Field(description="One sentence about the pipeline, shown with its DAG; in any language.")
    owner: Text = Field(default="nightshift", description="Contact if it fails.")
    tags: tuple[Tag, ...] = Field(default=(), description="Tags in the Airflow UI.")
    task: VisionTask = Field(description="Task of the model.")
    runtime: RuntimeName | None = Field(default=None, description="Where the steps run; default: TRAINING_RUNTIME.")
    schedule: Schedule | None = Field(default=None, description="When it runs; default: only by hand and by backfill.")
    start_date: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))] = Field(
        default=date(2026, 1, 1), description="First date that a schedule or a backfill may cover."
    )
    dataset: Dataset = Field(description="Images and labels to train on.")
    model: Text = Field(description="Model YAML of ultralytics to train from scratch, or a weights file to start from.")
    training: Training = Field(default=Training(), description="Settings of the training.")
    gate: Gate = Field(default=Gate(), description="Conditions for becoming the champion.")
    registry: Registry = Field(description="Registered model and its aliases.")
    resources: StepResources = Field(default=StepResources(), description="Resources of each step.")
    execution: Execution = Field(default=Execution(), description="Retries, timeouts and concurrency.")
    notify: Notify = Field(default=Notify(), description="Notifications of its runs.")

    @property
    def dag_id(self) -> str:
        """Airflow's name of the pipeline's DAG."""
        return f"{DAG_ID_PREFIX}{self.name}"

    @property
    def timezone(self) -> ZoneInfo:
        """Time zone in which the pipeline's days begin."""
        return ZoneInfo(self.schedule.timezone if self.schedule else "UTC")

    @model_validator(mode="after")
    def _fits_its_task(self) -> Self:
        wrong = {}
        metrics, formats = TASK_METRICS[self.task], TASK_FORMATS[self.task]
        if self.gate.metric not in metrics:
            got = f"got {self.gate.metric[:100]!r}, which task {self.task} does not have"
            wrong["gate.metric"] = broken_rule(got, choices(metrics), nearest(self.gate.metric, metrics))
        if self.dataset.format not in formats:
            got = f"got {str(self.dataset.format)!r}, which task {self.task} cannot read"
            wrong["dataset.format"] = broken_rule(got, choices(formats))
        if wrong:
            raise broken_rules("Pipeline", wrong)
        return self
