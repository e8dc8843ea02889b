"""Train, measure and pack models, whatever library does the work.

``interface`` defines what a framework offers and the records that cross it. Each folder beside it is one framework,
found by ``framework_of``; it alone imports its library, and nothing outside of it names that library. Frameworks that
are built on torch share ``torch_devices``. A new framework is a new folder and one line in ``FRAMEWORKS``.

Importing this room imports no framework.
"""

import importlib

from step_contract.catalog import Pipeline

from .interface import (
    USUAL_BATCH,
    Finding,
    Fitted,
    Framework,
    LoadedModel,
    LoggedModel,
    Measured,
    Measurement,
    MeasureSettings,
    MemoryExceeded,
    ModelFacts,
    Plan,
    Resume,
    UnreadableModel,
)

__all__ = [
    "USUAL_BATCH",
    "Finding",
    "Fitted",
    "Framework",
    "LoadedModel",
    "LoggedModel",
    "MeasureSettings",
    "Measured",
    "Measurement",
    "MemoryExceeded",
    "ModelFacts",
    "Plan",
    "Resume",
    "UnreadableModel",
    "all_frameworks",
    "framework_of",
]

FRAMEWORKS = {"ultralytics": "trainer.frameworks.ultralytics"}
"""Module of each framework by name; its ``FRAMEWORK`` implements the interface."""

USUAL_FRAMEWORK = "ultralytics"
"""Framework of a pipeline that names none; catalogs have no field for it yet."""


def framework_of(_pipeline: Pipeline) -> Framework:
    """Return the framework that trains a pipeline."""
    return _framework(USUAL_FRAMEWORK)


def all_frameworks() -> list[Framework]:
    """Return every framework of this installation."""
    return [_framework(name) for name in FRAMEWORKS]


def _framework(name: str) -> Framework:
    framework: Framework = importlib.import_module(FRAMEWORKS[name]).FRAMEWORK
    return framework
