import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from step_contract.catalog import TASK_METRICS, VisionTask
from trainer.frameworks.ultralytics import setup as ultralytics_setup

NAMES = ("동그라미", "box")
LABELS = {
    VisionTask.DETECT: "{} 0.5 0.5 0.5 0.5",
    VisionTask.SEGMENT: "{} 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75",
    VisionTask.OBB: "{} 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75",
    VisionTask.POSE: "{} 0.5 0.5 0.5 0.5 0.5 0.5 2 0.6 0.6 1",
}
LIKE_DETECT = (VisionTask.SEGMENT, VisionTask.OBB)
"""Measured by the same code as boxes."""
ARCHITECTURES = {
    VisionTask.DETECT: "yolo11n.yaml",
    VisionTask.SEGMENT: "yolo11n-seg.yaml",
    VisionTask.OBB: "yolo11n-obb.yaml",
    VisionTask.POSE: "yolo11n-pose.yaml",
    VisionTask.CLASSIFY: "yolo11n-cls.yaml",
}


def write_dataset(folder: Path, task: VisionTask) -> Path:
    """Four pictures, all of class 1 but one of class 0; no other class is in the split."""
    if task is VisionTask.CLASSIFY:
        for number, index in enumerate((1, 1, 1, 0)):
            _picture(folder / "test" / NAMES[index] / f"{number}.png")
            _picture(folder / "train" / NAMES[index] / f"{number}.png")
        return folder
    for number, index in enumerate((1, 1, 1, 0)):
        _picture(folder / "images" / f"{number}.png")
        label = folder / "labels" / f"{number}.txt"
        label.parent.mkdir(exist_ok=True)
        label.write_text(LABELS[task].format(index))
    shape = "kpt_shape: [2, 3]\n" if task is VisionTask.POSE else ""
    splits = "train: images\nval: images\ntest: images\n"
    (folder / "data.yaml").write_text(f"{splits}names: {list(NAMES)}\n{shape}", encoding="utf-8")
    return folder / "data.yaml"


def _picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(path)


def untrained(folder: Path, task: VisionTask) -> Path:
    """A model with the dataset's classes that has learnt nothing."""
    ultralytics_setup.prepare(folder / "config")
    import yaml
    from ultralytics import YOLO
    from ultralytics.utils.checks import check_file, check_yaml  # noqa: F401

    source = YOLO(ARCHITECTURES[task]).model.yaml
    described = {key: value for key, value in source.items() if key not in ("yaml_file", "ch", "channels")}
    described["nc"] = len(NAMES)
    if task is VisionTask.POSE:
        described["kpt_shape"] = [2, 3]
    architecture = folder / ARCHITECTURES[task]
    architecture.write_text(yaml.safe_dump(described))
    model = YOLO(str(architecture), task=task.value)
    model.model.names = dict(enumerate(NAMES if task is not VisionTask.CLASSIFY else sorted(NAMES)))
    weights = folder / "untrained.pt"
    model.save(weights)
    return weights


@pytest.mark.parametrize(
    "task", [pytest.param(task, marks=[pytest.mark.faults] if task in LIKE_DETECT else []) for task in VisionTask]
)
def test_every_task_is_measured_by_the_catalogs_names(task: VisionTask, tmp_path: Path) -> None:
    weights = untrained(tmp_path, task)
    from trainer.frameworks.ultralytics import measurement

    data = write_dataset(tmp_path / "dataset", task)
    settings = measurement.MeasureSettings(task=task, data=data, split="test", imgsz=64, device="cpu")
    sample = next((tmp_path / "dataset").rglob("*.png"))
    model = measurement.load(weights, task)
    measured = measurement.measure(model, weights, settings, sample, tmp_path / "out")

    assert tuple(measured.overall) == TASK_METRICS[task]
    assert all(math.isfinite(value) for value in measured.overall.values())
    assert set(measured.classes) == set(NAMES)
    assert measured.classes["box"]["instances"] == 3
    assert set(measured.classes["box"]) == {"instances", *TASK_METRICS[task]}
    assert set(measured.for_gate(TASK_METRICS[task][0]).per_class) == set(NAMES)
    assert measured.images == 4
    assert (measured.latency_ms > 0, measured.size_bytes) == (True, weights.stat().st_size)
    assert len(measured.confusion) == len(NAMES) + (task is not VisionTask.CLASSIFY)
    assert not list((tmp_path / "out").rglob("*.*g")), "ultralytics drew pictures that nobody keeps"
    findings: list[Any] = measurement.predict(model, [sample], settings)
    assert len(findings) == 1


def test_classify_counts_each_class_by_itself() -> None:
    from trainer.frameworks.ultralytics.measurement import _accuracies

    guesses = np.array([[0, 1], [1, 0], [1, 0], [1, 0]])
    rows = _accuracies(guesses, np.array([0, 0, 1, 1]), ("zero", "one", "never"))
    assert rows == {
        "zero": {"instances": 2, "accuracy_top1": 0.5, "accuracy_top5": 1.0},
        "one": {"instances": 2, "accuracy_top1": 1.0, "accuracy_top5": 1.0},
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "weights best.pt are missing or empty"), (b"junk", "weights best.pt cannot be loaded: ")],
)
def test_damaged_weights_are_named(tmp_path: Path, content: bytes, message: str) -> None:
    ultralytics_setup.prepare(tmp_path / "config")
    from trainer.frameworks.interface import UnreadableModel
    from trainer.frameworks.ultralytics.measurement import load

    weights = tmp_path / "best.pt"
    weights.write_bytes(content)
    with pytest.raises(UnreadableModel, match=message):
        load(weights, VisionTask.DETECT)


def test_weights_of_another_task_are_no_champion_of_this_one(tiny_weights: Path) -> None:
    from trainer.frameworks.interface import UnreadableModel
    from trainer.frameworks.ultralytics.measurement import load

    with pytest.raises(UnreadableModel, match="are of task detect; expected classify"):
        load(tiny_weights, VisionTask.CLASSIFY)


@pytest.mark.parametrize(
    ("error", "batch", "message"),
    [
        (MemoryError("no room"), 16, "out of memory while measuring 16 images at once at imgsz 64 on cpu: MemoryError"),
        (RuntimeError("CUDA out of memory. Tried"), 1, "out of memory while measuring 1 image at imgsz 64 on cpu: Run"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "), 2, "measuring 2 images at once"),
    ],
)
def test_memory_that_does_not_suffice_is_said_so(error: Exception, batch: int, message: str, tmp_path: Path) -> None:
    ultralytics_setup.prepare(tmp_path / "config")
    from trainer.errors import OutOfMemory
    from trainer.frameworks.ultralytics import measurement

    settings = measurement.MeasureSettings(VisionTask.DETECT, tmp_path, "test", imgsz=64, device="cpu", batch=batch)
    with pytest.raises(OutOfMemory, match=message), measurement._memory_errors(settings):
        raise error


def test_a_worker_that_is_lost_while_it_is_measured_is_worth_another_try(tmp_path: Path) -> None:
    ultralytics_setup.prepare(tmp_path / "config")
    from trainer.errors import OutOfMemory, TryAgain
    from trainer.frameworks.ultralytics import measurement

    settings = measurement.MeasureSettings(VisionTask.DETECT, tmp_path, "test", imgsz=64, device="cpu")
    for signal, kind in (("Segmentation fault", TryAgain), ("Killed", OutOfMemory)):
        error = RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly")
        error.__cause__ = RuntimeError(f"DataLoader worker (pid 7) is killed by signal: {signal}. ")
        with pytest.raises(kind, match=f"is killed by signal: {signal}"), measurement._memory_errors(settings):
            raise error


def test_what_is_no_lack_of_memory_stays_what_it_is(tmp_path: Path) -> None:
    ultralytics_setup.prepare(tmp_path / "config")
    from trainer.frameworks.ultralytics import measurement

    settings = measurement.MeasureSettings(VisionTask.DETECT, tmp_path, "test", imgsz=64, device="cpu")
    with pytest.raises(RuntimeError, match="mat1 and mat2"), measurement._memory_errors(settings):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


def test_the_confusion_matrix_counts_what_a_user_would_see(tmp_path: Path) -> None:
    weights = untrained(tmp_path, VisionTask.DETECT)
    from trainer.frameworks.ultralytics import measurement

    data = write_dataset(tmp_path / "dataset", VisionTask.DETECT)
    settings = measurement.MeasureSettings(task=VisionTask.DETECT, data=data, split="test", imgsz=64, device="cpu")
    sample = tmp_path / "dataset" / "images" / "0.png"
    model = measurement.load(weights, VisionTask.DETECT)
    for branch in model.model.model[-1].cv3:
        branch[-1].bias.data[:] = -5.0  # sees something everywhere, with a confidence of 0.007
    assert len(model.predict(str(sample), imgsz=64, conf=0.001, verbose=False)[0]) > 0
    assert measurement.predict(model, [sample], settings) == [[]]
    measured = measurement.measure(model, weights, settings, sample, tmp_path / "out")
    assert sum(map(sum, measured.confusion[:-1])) == 0
    assert measured.confusion[-1] == [1, 3, 0]
