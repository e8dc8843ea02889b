"""Implement the interface of a framework with ultralytics.

Each method imports what it needs, because torch and ultralytics take seconds to import and read their environment
while they are imported: ``prepare`` must come first in a process that trains or measures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from step_contract.catalog import VisionTask
from trainer.errors import OutOfMemory
from trainer.frameworks import torch_devices
from trainer.frameworks.interface import (
    Finding,
    Fitted,
    LoadedModel,
    LoggedModel,
    Measurement,
    MeasureSettings,
    MemoryExceeded,
    ModelFacts,
    Plan,
    Resume,
)

from . import setup
from .checkpoint_files import BEST, LAST, put_back

if TYPE_CHECKING:
    from .measurement import Model

_SHARED_FOLDER = "frameworks"
"""Folder of the cache for the settings and fonts that ultralytics reads."""


@dataclass(frozen=True)
class _Loaded:
    model: "Model"
    weights: Path

    @property
    def names(self) -> tuple[str, ...]:
        from . import measurement

        return measurement.class_names(self.model)

    def measure(self, settings: MeasureSettings, sample: Path, folder: Path) -> Measurement | MemoryExceeded:
        from . import measurement

        try:
            return measurement.measure(self.model, self.weights, settings, sample, folder)
        except OutOfMemory as error:
            exceeded = MemoryExceeded(settings.batch, str(error))
        # Outside of the handler, whose traceback holds what was on the device.
        torch_devices.free_device_memory()
        return exceeded

    def predict(self, pictures: Sequence[Path], settings: MeasureSettings) -> list[list[Finding]]:
        from . import measurement

        return measurement.predict(self.model, pictures, settings)


class Ultralytics:
    """Train, measure and pack models with ultralytics."""

    weights_file = BEST

    def versions(self) -> Mapping[str, str]:
        """Return the versions of ultralytics and torch."""
        return {"ultralytics": version("ultralytics"), **torch_devices.versions()}

    def prepare(self, cache: Path) -> None:
        """Make ultralytics offline and quiet, and import it."""
        setup.prepare(cache / _SHARED_FOLDER)

    def device_facts(self) -> Mapping[str, str]:
        """Return the GPUs and the CUDA version."""
        return torch_devices.device_facts()

    def check_checkpoint(self, resume: Resume) -> None:
        """Load the last weights of a checkpoint and check that they are of its epoch."""
        from . import fit

        fit.open_checkpoint(resume.folder / LAST, resume.epoch)

    def fit(self, plan: Plan, resume: Resume | None) -> Fitted | MemoryExceeded:
        """Train to the end."""
        from . import fit

        try:
            fit.fit(plan, fit.open_checkpoint(put_back(resume.folder, plan.save_dir), resume.epoch) if resume else None)
            return fit.fitted(plan.save_dir)
        except OutOfMemory as error:
            exceeded = MemoryExceeded(fit.smallest_batch(plan), str(error))
        # Outside of the handler, whose traceback holds the model and all that was on the device.
        fit.free_memory()
        return exceeded

    def load(self, weights: Path, task: VisionTask) -> LoadedModel:
        """Load a weights file."""
        from . import measurement

        return _Loaded(measurement.load(weights, task), weights)

    def pack(self, folder: Path, weights: Path, facts: ModelFacts, logged: LoggedModel) -> None:
        """Pack the weights with ``served_model``; neither torch nor ultralytics is imported."""
        from . import packing

        packing.pack(folder, weights, facts, logged)


FRAMEWORK = Ultralytics()
