"""TODO."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from step_contract.catalog import Training, VisionTask
from trainer.errors import BadData

USUAL_BATCH = 16
"""Images measured at once where the memory suffices."""


class UnreadableModel(BadData):
    """A weights file cannot be loaded, or is of another task than the pipeline."""


@dataclass(frozen=True)
class MeasureSettings:
    """What both models are measured with."""

    task: VisionTask
    data: Path
    """What ultralytics takes as ``data``: data.yaml, or the folder for classify."""
    split: str
    imgsz: int
    device: str
    workers: int = 0
    batch: int = USUAL_BATCH
    """Images measured at once; padding, and so the metrics, depend on it."""


@dataclass(frozen=True)
class Measured:
    """What the gate sees of a model: metrics over all images, and the rule's metric for each class."""

    overall: Mapping[str, float]
    per_class: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """One model on one split. Class names are the model's own, ordered by class id."""

    names: tuple[str, ...]
    overall: Mapping[str, float]
    classes: Mapping[str, Mapping[str, float]]
    """For each class with an image in the split: ``instances`` and the task's metrics."""
    images: int
    latency_ms: float
    """Median wall time of one picture alone, from pixels to predictions."""
    size_bytes: int
    parameters: int
    confusion: Sequence[Sequence[float]]
    """Counts: rows as predicted, columns as labelled; the background last, except for classify."""

    def for_gate(self, metric: str) -> Measured:
        """Return what the gate compares when this metric decides."""
        return Measured(self.overall, {name: row[metric] for name, row in self.classes.items() if metric in row})


@dataclass(frozen=True)
class Finding:
    """One labelled or predicted object; without a box it is about the whole picture."""

    label: str
    score: float | None = None
    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Plan:
    """All that one training is told."""

    task: VisionTask
    model: str
    training: Training
    batch: int
    data: Path
    """What ultralytics takes as ``data``: data.yaml, or the folder for classify."""
    save_dir: Path
    """Absolute; gets weights/, results.csv and the pictures."""
    exchange: Path
    """Folder for the journal and the checkpoint slot."""
    device: str
    workers: int
    models: Path | None
    """Where a relative weights file is looked for."""
