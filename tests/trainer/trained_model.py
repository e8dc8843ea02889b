"""A dataset recorded as preprocess would have, and one tiny model that is trained once for all tests."""

import fcntl
import shutil
from pathlib import Path

import pytest
from blake3 import blake3
from PIL import Image

from step_contract.catalog import DatasetFormat, VisionTask
from step_contract.order import Step
from step_contract.result import PreprocessResult, Result
from trainer.datasets.manifest import Manifest, ManifestItem, record_manifest
from trainer.datasets.sample_data import write_digits
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.job import Job
from trainer.storage.folders import folder_of

DIGITS = tuple("0123456789")


def digits_manifest(folder: Path, *, pictures: int = 16, seed: int = 0) -> Manifest:
    """Write digits and return their manifest: one picture in four is for val."""
    write_digits(folder, pictures=pictures, seed=seed)
    items = []
    for number, image in enumerate(sorted((folder / "images").glob("*.png"))):
        label = (folder / "labels" / f"{image.stem}.txt").read_text(encoding="utf-8")
        items.append(_item(folder, image, "val" if number % 4 == 3 else "train", label))
    return _manifest(VisionTask.DETECT, DatasetFormat.YOLO, folder, DIGITS, items)


def shades_manifest(folder: Path, *, pictures: int = 16) -> Manifest:
    """Write dark and light pictures and return their manifest, for classify; the names are Korean."""
    names, items = ("어두움", "밝음"), []
    for number in range(pictures):
        label = number % 2
        image = folder / names[label] / f"{number}.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (40 + number, 40, 40) if label == 0 else (200 + number, 200, 200)).save(image)
        items.append(_item(folder, image, "val" if number % 4 > 1 else "train", str(label)))
    return _manifest(VisionTask.CLASSIFY, DatasetFormat.IMAGE_FOLDER, folder, names, items)


def record_preprocess(job: Job, manifest: Manifest) -> None:
    """Leave in the record what a preprocess step leaves there."""
    record_manifest(job.record, manifest, job.workspace)
    outcome = PreprocessResult(dataset_digest=manifest.digest, images=manifest.images)
    result = Result(mlflow_run_id=job.record.run_id, summary="prepared", outcome=outcome)
    job.record.set_tags({"dataset.digest": manifest.digest})
    job.record.begin_step(Step.PREPROCESS, "inputs")
    job.record.finish_step(Step.PREPROCESS, result)


def train_tiny_model(folder: Path) -> Path:
    """Train three epochs on 24 pictures with ultralytics alone and return the weights."""
    ultralytics_setup.prepare(folder / "config")
    from ultralytics import YOLO

    manifest = digits_manifest(folder / "digits", pictures=24)
    for item in manifest.items:
        for kind, suffix in (("images", ".png"), ("labels", ".txt")):
            target = folder / "dataset" / kind / item.split / f"{Path(item.key).stem}{suffix}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder_of(manifest.uri) / kind / target.name, target)
    data = folder / "dataset" / "data.yaml"
    names = "".join(f"  {digit}: '{digit}'\n" for digit in DIGITS)
    data.write_text(f"train: images/train\nval: images/val\nnames:\n{names}", encoding="utf-8")
    options = {"epochs": 3, "batch": 8, "nbs": 8, "imgsz": 64, "optimizer": "AdamW", "lr0": 0.003, "mosaic": 0}
    YOLO("yolo11n.yaml").train(
        data=str(data), device="cpu", project=str(folder), name="run", plots=False, amp=False, **options
    )
    return folder / "run" / "weights" / "best.pt"


def shared_tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights of a detector of digits after three epochs, trained once for all workers of a test run."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if shared.name.startswith("popen-") else shared
    weights = shared / "tiny-model.pt"
    with (shared / "tiny-model.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not weights.exists():
            trained = train_tiny_model(tmp_path_factory.mktemp("tiny-model"))
            shutil.copyfile(trained, weights)
    return weights


def _item(folder: Path, image: Path, split: str, label: str) -> ManifestItem:
    content = image.read_bytes()
    with Image.open(image) as opened:
        width, height = opened.size
    status = image.stat()
    return ManifestItem(
        split=split,
        key=image.relative_to(folder).as_posix(),
        size=len(content),
        etag=f"{status.st_size}-{status.st_mtime_ns}",
        content_hash=blake3(content).hexdigest(),
        width=width,
        height=height,
        label=label,
    )


def _manifest(
    task: VisionTask, layout: DatasetFormat, folder: Path, names: tuple[str, ...], items: list[ManifestItem]
) -> Manifest:
    ordered = tuple(sorted(items, key=lambda item: (item.split, item.key)))
    return Manifest(task=task, format=layout, uri=folder.as_uri(), names=names, kpt_shape=None, items=ordered)
