"""Convert COCO instance annotations to YOLO labels: boxes for detect, outlines for segment.

Annotations that YOLO labels cannot express (crowds, run-length masks) are left out and counted. Faults of an
annotation are kept in the label, for validation to find and count. Pure functions; nothing is read here.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from step_contract.catalog import VisionTask
from trainer.errors import BadData

VERSION = 2
"""Cached conversions of another version are ignored."""

Point = tuple[float, float]
Size = tuple[float, float]


def convert(content: bytes, *, where: str, task: VisionTask) -> dict[str, Any]:
    """Return ``names``, ``images`` (file name, width, height, YOLO label) and ``notes`` of an annotation file.

    Raises:
        BadData: it is not COCO.
    """
    try:
        return _convert(json.loads(content), task)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadData(
            f"{where} is not a COCO annotation file ({type(error).__name__}: {error}); "
            "expected a JSON object with images, annotations and categories"
        ) from error


def _convert(source: dict[str, Any], task: VisionTask) -> dict[str, Any]:
    categories = sorted(source["categories"], key=lambda category: int(category["id"]))
    numbers = {category["id"]: str(number) for number, category in enumerate(categories)}
    _check_categories(categories)
    _check_images(source["images"])
    sizes = {image["id"]: (image.get("width") or 0, image.get("height") or 0) for image in source["images"]}
    notes: Counter[str] = Counter()
    lines: dict[Any, list[str]] = defaultdict(list)
    for annotation in source["annotations"]:
        image_id = annotation["image_id"]
        if image_id not in sizes:
            notes["annotations of images that the file does not list"] += 1
        elif annotation.get("iscrowd"):
            notes["crowd annotations left out"] += 1
        elif (shape := _shape(annotation, sizes[image_id], task, notes)) is not None:
            number = numbers.get(annotation["category_id"], f"category_id={_word(annotation['category_id'])}")
            lines[image_id].append(f"{number} {shape}")
    images = [[image["file_name"], *sizes[image["id"]], "\n".join(lines[image["id"]])] for image in source["images"]]
    return {"names": [str(category["name"]) for category in categories], "images": images, "notes": notes}


def _check_categories(categories: Sequence[dict[str, Any]]) -> None:
    """Refuse categories that share an id or have no usable name."""
    if len({category["id"] for category in categories}) < len(categories):
        number, _ = Counter(category["id"] for category in categories).most_common(1)[0]
        raise ValueError(f"category id {number} is there twice")
    for category in categories:
        if not isinstance(category["name"], str | int | float):
            raise TypeError(f"name of category {category['id']} is {_word(category['name'])}")
        str(category["name"]).encode()


def _check_images(images: Sequence[dict[str, Any]]) -> None:
    """Refuse images that cannot be matched with their annotations."""
    names: dict[Any, str] = {}
    for image in images:
        name = image["file_name"]
        if not isinstance(name, str):
            raise TypeError(f"file_name of an image is {_word(name)}")
        name.encode()
        for side in ("width", "height"):
            if not isinstance(image.get(side), int | float | None):
                raise TypeError(f"{side} of {name!r} is {_word(image[side])}")
        if names.setdefault(image["id"], name) != name:
            raise ValueError(f"id {image['id']} is of both {names[image['id']]!r} and {name!r}")
    if len(set(names.values())) < len(names):
        name, _ = Counter(names.values()).most_common(1)[0]
        raise ValueError(f"{name!r} has several ids")


def _shape(annotation: dict[str, Any], size: Size, task: VisionTask, notes: Counter[str]) -> str | None:
    if min(size) <= 0:
        return "image-without-width-and-height"
    if task is VisionTask.SEGMENT:
        return _outline(annotation.get("segmentation"), size, notes)
    box: Any = annotation.get("bbox")
    return _box(box, size, notes) if _is_numbers(box) and len(box) == 4 else f"bbox={_word(box)}"


def _box(box: Sequence[float], size: Size, notes: Counter[str]) -> str:
    """Return centre, width and height as fractions of the image; ``box`` is left, top, width, height in pixels."""
    left, top, width, height = box
    corners = [(left, top), (left + width, top + height)]
    (left, top), (right, bottom) = _clipped(corners, size, notes)
    return _words([(left + right) / 2, (top + bottom) / 2, max(right - left, 0.0), max(bottom - top, 0.0)])


def _outline(parts: Any, size: Size, notes: Counter[str]) -> str | None:
    if isinstance(parts, dict):
        notes["run-length masks left out"] += 1
        return None
    usable = [part for part in parts or [] if _is_numbers(part) and len(part) >= 6 and len(part) % 2 == 0]
    if not usable:
        notes["annotations without an outline left out"] += 1
        return None
    outline = join_outlines([list(zip(part[::2], part[1::2], strict=True)) for part in usable])
    return _words(value for point in _clipped(outline, size, notes) for value in point)


def _clipped(points: Iterable[Point], size: Size, notes: Counter[str]) -> list[Point]:
    """Return points as fractions of the image's size, clipped to the image; NaN stays NaN."""
    shares = [(x / size[0], y / size[1]) for x, y in points]
    if not all(map(math.isfinite, (value for share in shares for value in share))):
        return shares
    inside = [(min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)) for x, y in shares]
    notes["annotations clipped to the image"] += inside != shares
    return inside


def join_outlines(outlines: Sequence[Sequence[Point]]) -> list[Point]:
    """Join the outlines of an object's parts into one, by zero-width bridges where they are nearest."""
    joined = list(outlines[0])
    for outline in outlines[1:]:
        distances = np.abs(np.array(joined)[:, None] - np.array(outline)[None]).sum(axis=2)
        here, there = (int(index) for index in np.unravel_index(distances.argmin(), distances.shape))
        around = [*outline[there:], *outline[: there + 1]]
        joined = [*joined[: here + 1], *around, *joined[here:]]
    return joined


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, int | float) for item in value)


def _word(value: Any) -> str:
    """Return a value as short text without spaces, for a message or a label."""
    return repr(value)[:40].replace(" ", "")


def _words(values: Iterable[float]) -> str:
    return " ".join(f"{value:.6f}" for value in values)
