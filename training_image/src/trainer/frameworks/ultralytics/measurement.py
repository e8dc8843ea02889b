"""Measure how good, how fast and how large a model is; candidate and champion alike.

Imports torch and ultralytics; ``setup.prepare`` must have run before this module is imported.
"""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from ultralytics import YOLO  # type: ignore[attr-defined]  # it is imported on first use

from step_contract.catalog import TASK_METRICS, VisionTask
from trainer.errors import Bug, OutOfMemory, TryAgain, with_causes
from trainer.frameworks import torch_devices
from trainer.frameworks.interface import Finding, Measurement, MeasureSettings, UnreadableModel
from trainer.machine import full_disk_error

from .metric_names import catalog_name

CONFIDENCE = 0.25
"""Least score of a prediction that is drawn or counted in the confusion matrix; metrics look far lower."""

_WARM_UP_CALLS = 2
_TIMED_CALLS = 9

_PARTS = {"": "box", "-mask": "seg", "-pose": "pose"}
_VALUES = {"mAP50-95": "ap", "mAP50": "ap50", "precision": "p", "recall": "r"}


Model = YOLO
"""A loaded model."""


@dataclass
class _Collected:
    """Results that ultralytics' validator has at its end and ``model.val`` does not return."""

    validators: list[Any] = field(default_factory=list)


def load(weights: Path, task: VisionTask) -> YOLO:
    """Load a weights file.

    Raises:
        UnreadableModel: it is missing, damaged, or of another task.
    """
    if not weights.is_file() or not weights.stat().st_size:
        raise UnreadableModel(f"model weights {weights.name} are missing or empty")
    try:
        model = YOLO(str(weights))
    except Exception as error:  # what a damaged file raises while it is unpickled can be anything
        raise UnreadableModel(f"model weights {weights.name} cannot be loaded: {_first_line(error)}") from error
    if model.task != task:
        raise UnreadableModel(f"model weights {weights.name} are of task {model.task}; expected {task}")
    return model


def class_names(model: YOLO) -> tuple[str, ...]:
    """Return the model's class names in the order of their ids."""
    return tuple(str(model.names[index]) for index in sorted(model.names))


def measure(model: YOLO, weights: Path, settings: MeasureSettings, sample: Path, folder: Path) -> Measurement:
    """Measure a loaded model on a split, and its latency on one sample picture.

    Args:
        model: from ``load``; it stays as it is, ultralytics measures a copy.
        weights: the file it was loaded from.
        settings: the same for every model that is compared.
        sample: picture to time.
        folder: for what ultralytics writes.

    Raises:
        OutOfMemory: the device's memory did not suffice.
    """
    names, parameters = class_names(model), sum(item.numel() for item in _layers(model).parameters())
    with _memory_errors(settings):
        latency = _latency_ms(model, sample, settings)
        validator = _validate(model, settings, folder)
    return Measurement(
        names=names,
        overall=_overall(settings.task, validator.metrics.results_dict),
        classes=_per_class(settings.task, validator, names),
        images=len(validator.dataloader.dataset),
        latency_ms=latency,
        size_bytes=weights.stat().st_size,
        parameters=parameters,
        confusion=validator.confusion_matrix.matrix.tolist(),
    )


def predict(model: YOLO, pictures: Sequence[Path], settings: MeasureSettings) -> list[list[Finding]]:
    """Return what a model sees in each picture.

    Raises:
        OutOfMemory: the device's memory did not suffice.
    """
    with _memory_errors(settings):
        return [_findings(_predict(model, str(picture), settings, conf=CONFIDENCE)) for picture in pictures]


def _validate(model: YOLO, settings: MeasureSettings, folder: Path) -> Any:
    collected = _Collected()
    model.add_callback("on_val_end", collected.validators.append)
    model.val(
        validator=_quiet_validator(model._smart_load("validator")),
        data=str(settings.data),
        split=settings.split,
        imgsz=settings.imgsz,
        batch=settings.batch,
        device=settings.device,
        workers=settings.workers,
        save_dir=str(folder),
        plots=True,
        verbose=False,
    )
    return collected.validators[-1]


def _quiet_validator(validator: type[Any]) -> type[Any]:
    """Derive a validator that counts a confusion matrix, which it does for its plots only, and draws nothing."""

    class QuietValidator(validator):  # type: ignore[misc]  # the base is known only at run time
        def plot_val_samples(self, *_: Any) -> None:
            """Draw nothing."""

        def plot_predictions(self, *_: Any) -> None:
            """Draw nothing."""

        def init_metrics(self, layers: Any) -> None:
            super().init_metrics(layers)
            process = self.confusion_matrix.process_batch
            # By default it counts each of the hundreds of boxes that a metric looks at as one seen in the background.
            self.confusion_matrix.process_batch = lambda found, true, **_: process(found, true, conf=CONFIDENCE)

        def get_stats(self) -> Any:
            self.args.plots = False
            return super().get_stats()

    return QuietValidator


def _overall(task: VisionTask, results: Mapping[str, float]) -> dict[str, float]:
    named = {catalog_name(key): float(value) for key, value in results.items() if key.startswith("metrics/")}
    return {name: named[name] for name in TASK_METRICS[task] if name in named}


def _per_class(task: VisionTask, validator: Any, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    if task is VisionTask.CLASSIFY:
        return _accuracies(torch.cat(validator.pred).numpy(), torch.cat(validator.targets).numpy(), names)
    instances = validator.metrics.nt_per_class
    rows = {int(index): {"instances": float(instances[index])} for index in validator.metrics.box.ap_class_index}
    for metric in TASK_METRICS[task]:
        base, suffix = next((metric.removesuffix(s), s) for s in reversed(_PARTS) if metric.endswith(s))
        part = getattr(validator.metrics, _PARTS[suffix])
        for index, value in zip(part.ap_class_index, getattr(part, _VALUES[base]), strict=True):
            rows[int(index)][metric] = float(value)
    return {names[index]: row for index, row in sorted(rows.items())}


def _accuracies(guesses: np.ndarray, targets: np.ndarray, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    rows = {}
    for index in np.unique(targets):
        of_class = guesses[targets == index]
        rows[names[int(index)]] = {
            "instances": float(len(of_class)),
            "accuracy_top1": float((of_class[:, 0] == index).mean()),
            "accuracy_top5": float((of_class[:, :5] == index).any(axis=1).mean()),
        }
    return rows


def _predict(model: YOLO, picture: Any, settings: MeasureSettings, **options: Any) -> Any:
    found: Any = model.predict(picture, imgsz=settings.imgsz, device=settings.device, verbose=False, **options)
    return found[0]


def _layers(model: YOLO) -> torch.nn.Module:
    if not isinstance(model.model, torch.nn.Module):
        raise Bug(f"a loaded model holds {type(model.model).__name__}; expected torch layers")
    return model.model


def _latency_ms(model: YOLO, sample: Path, settings: MeasureSettings) -> float:
    pixels = np.asarray(Image.open(sample).convert("RGB"))[..., ::-1]  # ultralytics takes arrays as BGR
    seconds = []
    for call in range(_WARM_UP_CALLS + _TIMED_CALLS):
        begin = time.perf_counter()
        _predict(model, pixels, settings)
        if call >= _WARM_UP_CALLS:
            seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds) * 1000


def _findings(result: Any) -> list[Finding]:
    if result.probs is not None:
        best = int(result.probs.top1)
        return [Finding(str(result.names[best]), float(result.probs.top1conf))]
    found = result.obb if result.obb is not None else result.boxes
    rows = zip(found.cls.tolist(), found.conf.tolist(), found.xyxy.tolist(), strict=True)
    return [Finding(str(result.names[int(label)]), score, tuple(box)) for label, score, box in rows]


@contextmanager
def _memory_errors(settings: MeasureSettings) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        text = with_causes(error)
        if not torch_devices.is_out_of_memory(error):
            if isinstance(error, RuntimeError) and torch_devices.says_lost(text):
                said = torch_devices.telling_line(text, torch_devices.says_lost)
                raise TryAgain(
                    f"a GPU or a process that reads data was lost: {said}; the next attempt measures again"
                ) from error
            if full := full_disk_error(error, torch_devices.FULL_DISK):
                raise full from error
            raise
        images = "1 image" if settings.batch == 1 else f"{settings.batch} images at once"
        raise OutOfMemory(
            f"out of memory while measuring {images} at imgsz {settings.imgsz} on {settings.device}: "
            f"{type(error).__name__}: {torch_devices.telling_line(text, torch_devices.says_out_of_memory)}"
        ) from error


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:300]}"
