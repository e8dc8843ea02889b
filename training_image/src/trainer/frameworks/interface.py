"""Define the interface of a framework, and the records that cross it.

Steps, gate, training and registry know a framework by this interface alone. It names no library and no file: what a
framework calls its checkpoints and its weights comes from the framework.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from step_contract.catalog import Training, VisionTask
from trainer.errors import BadData

USUAL_BATCH = 16
"""Images measured at once where the memory suffices."""


class UnreadableModel(BadData):
    """A weights file cannot be loaded, or is of another task than the pipeline."""


@dataclass(frozen=True)
class MemoryExceeded:
    """The memory of device or host did not suffice; the framework has already released what it held."""

    batch: int
    """The smallest batch that was tried."""
    reason: str


# -- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """Everything that one training needs to know."""

    task: VisionTask
    model: str
    training: Training
    batch: int
    data: Path
    """The dataset's data.yaml, or the folder of its splits for classify."""
    save_dir: Path
    """Absolute; gets what the training writes for itself."""
    handover: Path
    """Folder of the journal and the checkpoint slot."""
    device: str
    """``cpu``, or indexes of GPUs separated by commas."""
    workers: int
    """Processes that may read data at once, unless ``training.arguments`` says otherwise."""
    models: Path | None
    """Folder below which a relative path of weights begins."""


@dataclass(frozen=True)
class Resume:
    """A checkpoint to resume from."""

    epoch: int
    """Epochs finished."""
    folder: Path
    """Holds the checkpoint's files under the names by which the framework published them."""


@dataclass(frozen=True)
class Fitted:
    """Files that a finished training leaves; its metrics are in the journal."""

    weights: Path
    files: Sequence[Path]
    """Further files for people: the history of the epochs, pictures."""


# -- measuring --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MeasureSettings:
    """Settings that are the same for every model that is compared."""

    task: VisionTask
    data: Path
    """The dataset's data.yaml, or the folder of its splits for classify."""
    split: str
    imgsz: int
    device: str
    workers: int = 0
    batch: int = USUAL_BATCH
    """Images measured at once; padding, and so the metrics, depend on it."""


@dataclass(frozen=True)
class Measured:
    """The gate's view of a model: metrics over all images, and the rule's metric for each class."""

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


class LoadedModel(Protocol):
    """A model that is ready to be measured."""

    @property
    def names(self) -> tuple[str, ...]:
        """Class names, ordered by class id."""
        ...

    def measure(self, settings: MeasureSettings, sample: Path, folder: Path) -> Measurement | MemoryExceeded:
        """Measure the model on a split, and its latency on one sample picture; write only below ``folder``."""
        ...

    def predict(self, pictures: Sequence[Path], settings: MeasureSettings) -> list[list[Finding]]:
        """Return what the model sees in each picture.

        Raises:
            OutOfMemory: the memory does not suffice.
        """
        ...


# -- registering ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelFacts:
    """Facts about a model that its package states, for programs and people that load it."""

    task: VisionTask
    imgsz: int
    names: tuple[str, ...]
    example: Path
    """A picture that becomes the input example."""


@dataclass(frozen=True)
class LoggedModel:
    """The MLflow ids that a package carries."""

    run_id: str
    model_id: str


# -- the interface ----------------------------------------------------------------------------------------------------


class Framework(Protocol):
    """Train, measure and pack models of one kind.

    Creating it and asking for ``weights_file`` or ``versions`` imports no heavy library.
    """

    @property
    def weights_file(self) -> str:
        """File name of trained weights: in a run below ``weights/``, in a registered model below ``artifacts/``."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Return the versions of the libraries that the framework uses, from package metadata."""
        ...

    def prepare(self, cache: Path) -> None:
        """Set up this process before it trains or measures; later calls change nothing.

        Args:
            cache: a folder that all attempts of a machine share and that is writable.
        """
        ...

    def device_facts(self) -> Mapping[str, str]:
        """Return what is worth recording about the devices that are visible now."""
        ...

    def check_checkpoint(self, resume: Resume) -> None:
        """Check that a training can resume from a checkpoint.

        Raises:
            BadData: it cannot be read, is of another epoch, or is of a finished training.
        """
        ...

    def fit(self, plan: Plan, resume: Resume | None) -> Fitted | MemoryExceeded:
        """Train to the end. Append each epoch to the journal, then publish its checkpoint in the slot.

        Raises:
            BadRequest: model, arguments or device are not usable, or the training diverged.
            BadData: the dataset is not usable, or the checkpoint is of another model.
            TryAgain: a device or a process was lost, or a disk is full.
            Bug: ``journal.check_stop`` asked the training to stop.
        """
        ...

    def load(self, weights: Path, task: VisionTask) -> LoadedModel:
        """Load a weights file.

        Raises:
            UnreadableModel: it is missing, damaged, or of another task.
        """
        ...

    def pack(self, folder: Path, weights: Path, facts: ModelFacts, logged: LoggedModel) -> None:
        """Write an MLflow model with signature and input example; the weights are ``artifacts/<weights_file>``.

        Evaluate has loaded and measured these very weights; packing need not run the model.

        Args:
            folder: must not exist.
            weights: the weights file; named ``weights_file``.
            facts: for the signature and the metadata.
            logged: the ids of the run and of the logged model.

        Raises:
            Bug: the packed model would not load.
        """
        ...
