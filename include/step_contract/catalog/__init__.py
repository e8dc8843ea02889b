"""Records of the training catalog: the pipelines to train, their datasets, schedules, gates and resources.

Both sides import this room under two names, so its modules import each other relatively and need only pydantic.
``reading`` parses and checks catalog files and also needs PyYAML, croniter and jsonschema; the training image has none
of them. Importing this package therefore does not import ``reading``, ``docs``, ``schema`` or ``train_arguments``:

- ``reading`` returns the sound pipelines of a catalog and its problems;
- ``docs`` and ``schema`` generate ``docs/catalog.md`` and ``include/training_catalog.schema.json`` from the records;
- ``train_arguments`` lists the training arguments that a pipeline may set.
"""

from .execution import Execution, Resources, StepResources
from .field_types import RULE_ERROR, ImageSize, ModelName, PositiveInt, Seed, broken_rule
from .location import default_catalog
from .notify import DEFAULT_EVENTS, Notify, NotifyEvent
from .pipeline import (
    CATALOG_VERSION,
    TASK_METRICS,
    Dataset,
    DatasetFormat,
    Gate,
    Pipeline,
    Registry,
    RuntimeName,
    Split,
    Training,
    ValidationLimits,
    VisionTask,
)

__all__ = [
    "CATALOG_VERSION",
    "DEFAULT_EVENTS",
    "RULE_ERROR",
    "TASK_METRICS",
    "Dataset",
    "DatasetFormat",
    "Execution",
    "Gate",
    "ImageSize",
    "ModelName",
    "Notify",
    "NotifyEvent",
    "Pipeline",
    "PositiveInt",
    "Registry",
    "Resources",
    "RuntimeName",
    "Seed",
    "Split",
    "StepResources",
    "Training",
    "ValidationLimits",
    "VisionTask",
    "broken_rule",
    "default_catalog",
    "docs",
    "reading",
    "schema",
    "train_arguments",
]
