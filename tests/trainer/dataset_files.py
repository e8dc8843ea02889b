"""Write small datasets in each layout; every image is different noise."""

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from step_contract.catalog import DatasetFormat, Pipeline, VisionTask
from tests.trainer.conftest import make_pipeline
from trainer.datasets.layouts.layout import Layout, Listing
from trainer.datasets.layouts.read import read_layout
from trainer.datasets.reader import SourceReader
from trainer.storage.folders import FileStorage

HALVES = {"train": 0.5, "val": 0.5, "test": 0}
BOX = "0 0.5 0.5 0.25 0.25\n"


def image_bytes(seed: int, *, width: int = 32, height: int = 24, format: str = "JPEG", **options: Any) -> bytes:
    """Return an image that is unique to the seed."""
    # With seeds from 800 on, a pool of 24 images spreads evenly over the splits.
    pixels = np.random.default_rng(800 + seed).integers(0, 256, (height, width, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format, **options)
    return out.getvalue()


def write(folder: Path, files: Mapping[str, bytes | str]) -> Path:
    """Write files below a folder and return the folder."""
    for key, content in files.items():
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def write_yolo_pool(
    folder: Path,
    *,
    images: int = 24,
    names: Sequence[str] = ("cat", "dog"),
    first_seed: int = 0,
    label: str | None = None,
) -> Path:
    """Write a data.yaml with only names, images/ and labels/; each image has one object, of each class in turn."""
    files: dict[str, bytes | str] = {"data.yaml": json.dumps({"names": list(names)}, ensure_ascii=False)}
    for number in range(images):
        files[f"images/{number:03d}.jpg"] = image_bytes(first_seed + number)
        files[f"labels/{number:03d}.txt"] = label or f"{number % len(names)} 0.5 0.5 0.25 0.25\n"
    return write(folder, files)


def write_yolo_splits(
    folder: Path,
    spec: Mapping[str, Any],
    splits: Mapping[str, int],
    *,
    label: str = BOX,
    pattern: str = "images/{split}",
) -> Path:
    """Write data.yaml as given and a folder of images for each split."""
    files: dict[str, bytes | str] = {"data.yaml": json.dumps(spec, ensure_ascii=False)}
    seed = 0
    for split, count in splits.items():
        for number in range(count):
            place = pattern.format(split=split)
            files[f"{place}/{number:03d}.jpg"] = image_bytes(seed)
            files[f"{place.replace('images', 'labels')}/{number:03d}.txt"] = label
            seed += 1
    return write(folder, files)


def write_image_folder(folder: Path, counts: Mapping[str, int]) -> Path:
    """Write the given number of images into each folder, such as ``train/cat``."""
    seed = 0
    for place, count in counts.items():
        for number in range(count):
            write(folder, {f"{place}/{number:03d}.jpg": image_bytes(seed)})
            seed += 1
    return folder


def coco(images: Sequence[str], annotations: Sequence[Mapping[str, Any]], **overrides: Any) -> str:
    """Return an annotation file for images of 32x24 pixels; annotations refer to images by index, from 0."""
    document = {
        "images": [{"id": 100 + n, "file_name": name, "width": 32, "height": 24} for n, name in enumerate(images)],
        "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "고양이"}],
        "annotations": [
            {"id": n, "image_id": 100 + int(item.get("image", 0)), "category_id": 3, "bbox": [8, 6, 16, 12]}
            | {key: value for key, value in item.items() if key != "image"}
            for n, item in enumerate(annotations)
        ],
    }
    return json.dumps(document | overrides, ensure_ascii=False)


def read_folder(
    folder: Path,
    *,
    is_pooled: bool = False,
    kind: DatasetFormat = DatasetFormat.YOLO,
    task: VisionTask = VisionTask.DETECT,
) -> Layout:
    """Read a folder's layout without any cache of an earlier test."""
    uri = folder.as_uri()
    listing = FileStorage().list_objects(uri)
    reader = SourceReader(FileStorage(), folder.parent / f"cache-{folder.name}", uri, listing)
    return read_layout(kind, task, Listing(uri, listing), reader, is_pooled=is_pooled)


def splits_of(layout: Layout) -> Counter[str | None]:
    """Count the samples of each split."""
    return Counter(sample.split for sample in layout.samples)


def pipeline_over(uri: str = "set", **dataset: Any) -> Pipeline:
    """Return a detection pipeline over a pool below the test's store, split in halves."""
    return make_pipeline(dataset={"uri": uri, "split": HALVES} | dataset)
