"""What a catalog may say: the records behind ``include/training_catalog.yaml``.

``training_catalog.schema.json`` and ``docs/catalog.md`` are generated from these classes, so a field's description
here is what an editor and a reader see. Rules that need one field or one pipeline live here; rules that need YAML, a
cron library or several pipelines live in ``catalog_file``. Needs pydantic only: no yaml, airflow, torch or mlflow here.
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
"""Version of the catalog's schema, the ``version:`` at the top of the file."""

DAG_ID_PREFIX = "train_"


class VisionTask(StrEnum):
    """What the model does; the names are ultralytics' own."""

    DETECT = "detect"
    SEGMENT = "segment"
    CLASSIFY = "classify"
    POSE = "pose"
    OBB = "obb"


class DatasetFormat(StrEnum):
    """How the source is laid out."""

    YOLO = "yolo"
    IMAGE_FOLDER = "imagefolder"
    COCO = "coco"


class RuntimeName(StrEnum):
    """Where a step runs: a process of this machine, a container, or a pod."""

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
"""Metrics that a task's evaluation measures, the most telling first; box metrics have no suffix."""

TASK_FORMATS: dict[VisionTask, tuple[DatasetFormat, ...]] = {
    VisionTask.DETECT: (DatasetFormat.YOLO, DatasetFormat.COCO),
    VisionTask.SEGMENT: (DatasetFormat.YOLO, DatasetFormat.COCO),
    VisionTask.CLASSIFY: (DatasetFormat.IMAGE_FOLDER,),
    VisionTask.POSE: (DatasetFormat.YOLO,),
    VisionTask.OBB: (DatasetFormat.YOLO,),
}


class Schedule(Frozen):
    """When the pipeline runs: a cron expression in a time zone, or after assets were updated."""

    cron: Text | None = Field(default=None, description="Cron expression of five fields, e.g. '0 2 * * *'.")
    timezone: TimeZoneName = Field(default="UTC", description="IANA time zone of the cron expression, e.g. Asia/Seoul.")
    assets: tuple[AssetName, ...] = Field(
        default=(), description="Names of Airflow assets; a run starts when all were updated."
    )

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        if (self.cron is None) == (not self.assets):
            got = "neither cron nor assets" if self.cron is None else "both cron and assets"
            raise broken_rule(got, "exactly one of the two (leave schedule out for runs by hand only)")
        return self


class Split(Frozen):
    """Shares of one pool of images; each image's side follows from its content and the seed alone."""

    train: Share = Field(default=0.7, description="Share of images to train on.")
    val: Share = Field(default=0.15, description="Share of images measured after each epoch.")
    test: Share = Field(default=0.15, description="Share of images that evaluate measures candidate and champion on.")
    seed: Seed = Field(default=0, description="Another seed gives another split.")

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
    """How much is allowed to be wrong with a dataset before preprocess refuses it (exit code 65)."""

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
    """Which part of the dataset belongs to a run: folders named by the date of its data interval."""

    pattern: Text = Field(
        description="strftime pattern of the data interval's start, in the schedule's time zone: '%Y-%m-%d'. "
        "The result is a folder below uri."
    )
    days: Annotated[int, Field(gt=0, le=3660)] = Field(
        default=1, description="Train on this many daily partitions, the run's own the last."
    )

    @field_validator("pattern")
    @classmethod
    def _names_a_day(cls, value: str) -> str:
        if not any(code in value for code in ("%d", "%j", "%F", "%x")):
            raise broken_rule(f"got {value!r}, which gives every day the same folder", "a pattern such as '%Y-%m-%d'")
        return value


class Dataset(Frozen):
    """The images and labels to train on."""

    uri: Text = Field(
        description="s3:// or file:// URI, or a path below the deployment's DATASET_ROOT; of a folder, .zip, .tar or "
        ".tar.gz."
    )
    format: DatasetFormat = Field(default=DatasetFormat.YOLO, description="Layout of the source.")
    partition: Partition | None = Field(
        default=None, description="One folder for each day; left out: the same data each run."
    )
    as_of: Literal["now", "data_interval_end"] = Field(
        default="now",
        description="Which moment's objects a run sees: those there are, or, in an s3:// bucket with versioning, those "
        "there were at the end of its data interval (backfills then train on what a nightly run would have).",
    )
    split: Split | None = Field(
        default=None, description="Split one pool; left out: the source's own train, val and test are used."
    )
    limits: ValidationLimits = Field(default=ValidationLimits(), description="What preprocess accepts.")

    @model_validator(mode="after")
    def _has_a_past(self) -> Self:
        if self.as_of != "now" and self.uri.startswith("file:"):
            got = f"got as_of {self.as_of!r} with a file:// URI, and folders keep no earlier versions"
            raise broken_rule(got, "an s3:// URI of a bucket with versioning, or as_of left out")
        return self


class Training(Frozen):
    """How to train."""

    epochs: PositiveInt = Field(default=100, description="Passes over the train split.")
    batch: PositiveInt = Field(default=16, description="Images in one step.")
    minimum_batch: PositiveInt = Field(
        default=1, description="Out of memory halves the batch, but not below this; then the training fails."
    )
    imgsz: ImageSize = Field(default=640, description="Side of the square input in pixels.")
    patience: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=100, description="Epochs without improvement before stopping."
    )
    seed: Seed = Field(default=0, description="Seed of weights, order and augmentation.")
    arguments: dict[str, ArgumentValue] = Field(
        default={},
        description="Any further ultralytics train argument, checked against the pinned ultralytics' own list.",
    )

    @model_validator(mode="after")
    def _batch_may_be_halved_to_the_minimum(self) -> Self:
        if self.minimum_batch > self.batch:
            raise broken_rule(f"minimum_batch {self.minimum_batch} is above batch {self.batch}", "at most batch")
        return self


class Gate(Frozen):
    """What a candidate must reach to take the champion alias."""

    metric: Text = Field(default="mAP50-95", description="Metric that decides; must be one of the task's.")
    minimum: Share = Field(default=0.0, description="Below this the candidate is refused and not even registered.")
    minimum_improvement: Annotated[float, Field(ge=-1, le=1)] = Field(
        default=0.0, description="Candidate minus champion must be at least this."
    )
    maximum_class_regression: Share | None = Field(
        default=None, description="No class may lose more than this against the champion; left out: not checked."
    )
    tolerance: Share = Field(default=0.0, description="Differences up to this count as equal.")
    unreadable_champion: Literal["fail", "replace"] = Field(
        default="fail",
        description="When the champion cannot be loaded: keep it and fail, or let the minimum alone decide.",
    )


class Registry(Frozen):
    """Where the model goes."""

    model: ModelName = Field(description="MLflow registered model; of one pipeline only.")
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
    """One thing that is trained: from a dataset to a champion."""

    name: PipelineName = Field(description="The key in the file; gives dag_id train_<name>.")
    description: Text = Field(description="One sentence for the people who see the DAG; any language.")
    owner: Text = Field(default="nightshift", description="Who is asked when it fails.")
    tags: tuple[Tag, ...] = Field(default=(), description="Tags in the Airflow UI.")
    task: VisionTask = Field(description="What the model does.")
    runtime: RuntimeName | None = Field(default=None, description="Where the steps run; left out: TRAINING_RUNTIME.")
    schedule: Schedule | None = Field(default=None, description="When it runs; left out: by hand and backfill only.")
    start_date: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))] = Field(
        default=date(2026, 1, 1), description="First date that a schedule or a backfill may cover."
    )
    dataset: Dataset = Field(description="The images and labels to train on.")
    model: Text = Field(description="ultralytics model YAML (from scratch) or weights file.")
    training: Training = Field(default=Training(), description="How to train.")
    gate: Gate = Field(default=Gate(), description="What a candidate must reach to become the champion.")
    registry: Registry = Field(description="Where the model goes.")
    resources: StepResources = Field(default=StepResources(), description="What each step may use.")
    execution: Execution = Field(default=Execution(), description="Retries, timeouts and concurrency.")
    notify: Notify = Field(default=Notify(), description="Who hears of its runs, and of what.")

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
