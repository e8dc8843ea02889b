"""Tests of COCO annotations: found, split and converted to YOLO labels; nothing is dropped silently."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from step_contract.catalog import DatasetFormat, VisionTask
from tests.trainer.dataset_files import (
    coco,
    image_bytes,
    read_folder,
    write,
)
from trainer.datasets.layouts.layout import Layout
from trainer.errors import BadData


def read_coco(folder: Path, *, is_pooled: bool = False, task: VisionTask = VisionTask.DETECT) -> Layout:
    return read_folder(folder, is_pooled=is_pooled, kind=DatasetFormat.COCO, task=task)


def write_coco(folder: Path, document: str, images: int = 1, name: str = "annotations.json") -> Path:
    files: dict[str, bytes | str] = {f"images/{number}.jpg": image_bytes(number) for number in range(images)}
    return write(folder, files | {name: document})


def labels(layout: Layout) -> list[Any]:
    return [sample.label for sample in layout.samples]


def test_coco_boxes_become_yolo_boxes_and_categories_are_numbered_by_their_id(tmp_path: Path) -> None:
    annotations = [{"bbox": [8, 6, 16, 12]}, {"bbox": [0, 0, 32, 24], "category_id": 7}, {"image": 1}]
    folder = write_coco(tmp_path / "set", coco(["0.jpg", "1.jpg", "2.jpg"], annotations), images=3)
    layout = read_coco(folder, is_pooled=True)
    assert layout.names == ("고양이", "dog")
    assert labels(layout) == [
        "0 0.500000 0.500000 0.500000 0.500000\n1 0.500000 0.500000 1.000000 1.000000",
        "0 0.500000 0.500000 0.500000 0.500000",
        "",
    ]
    assert layout.samples[0].declared_size == (32, 24)


def test_coco_splits_follow_the_names_of_the_annotation_files(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "annotations/instances_train2017.json": coco(["a.jpg", "same.jpg"], []),
        "annotations/instances_val2017.json": coco(["b.jpg", "same.jpg"], []),
        "annotations/captions_train2017.json": "{}",
        "train2017/a.jpg": image_bytes(1),
        "train2017/same.jpg": image_bytes(2),
        "val2017/b.jpg": image_bytes(3),
        "val2017/same.jpg": image_bytes(4),
    }
    layout = read_coco(write(tmp_path / "set", files))
    assert [(sample.split, sample.key) for sample in layout.samples] == [
        ("train", "train2017/a.jpg"),
        ("train", "train2017/same.jpg"),
        ("val", "val2017/b.jpg"),
        ("val", "val2017/same.jpg"),
    ]


def test_coco_annotation_files_may_lie_beside_their_images(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {}
    for number, split in enumerate(("train", "valid", "test")):
        files[f"{split}/_annotations.coco.json"] = coco(["same.jpg"], [])
        files[f"{split}/same.jpg"] = image_bytes(number)
    layout = read_coco(write(tmp_path / "set", files))
    assert {sample.key: sample.split for sample in layout.samples} == {
        "train/same.jpg": "train",
        "valid/same.jpg": "val",
        "test/same.jpg": "test",
    }


def test_coco_images_that_are_missing_or_ambiguous_have_no_object(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "a/x.jpg": image_bytes(1),
        "b/x.jpg": image_bytes(2),
        "all.json": coco(["x.jpg", "y.jpg"], []),
    }
    layout = read_coco(write(tmp_path / "set", files), is_pooled=True)
    assert [(sample.key, sample.image) for sample in layout.samples] == [("x.jpg", None), ("y.jpg", None)]


def test_coco_crowds_masks_and_lost_annotations_are_counted(tmp_path: Path) -> None:
    annotations: list[dict[str, Any]] = [
        {"iscrowd": 1, "segmentation": {"counts": [1, 2], "size": [24, 32]}},
        {"segmentation": {"counts": "abc", "size": [24, 32]}},
        {"segmentation": []},
        {"segmentation": [[0, 0, 16, 0]]},
        {"image_id": 999},
        {"segmentation": [[0, 0, 16, 0, 16, 12]]},
    ]
    folder = write_coco(tmp_path / "set", coco(["0.jpg"], annotations))
    layout = read_coco(folder, is_pooled=True, task=VisionTask.SEGMENT)
    assert labels(layout) == ["0 0.000000 0.000000 0.500000 0.000000 0.500000 0.500000"]
    assert {note: count for note, count in layout.notes.items() if count} == {
        "crowd annotations left out": 1,
        "run-length masks left out": 1,
        "annotations without an outline left out": 2,
        "annotations of images that the file does not list": 1,
    }


def test_coco_parts_of_one_object_become_one_outline(tmp_path: Path) -> None:
    parts = [[0, 0, 8, 0, 8, 6], [16, 0, 24, 0, 16, 6]]
    folder = write_coco(tmp_path / "set", coco(["0.jpg"], [{"segmentation": parts}]))
    words = labels(read_coco(folder, is_pooled=True, task=VisionTask.SEGMENT))[0].split()[1:]
    points = [(float(x) * 32, float(y) * 24) for x, y in zip(words[::2], words[1::2], strict=True)]
    # There and back over the shortest bridge, from (8, 0) to (16, 0).
    assert points == [(0, 0), (8, 0), (16, 0), (24, 0), (16, 6), (16, 0), (8, 0), (8, 6)]


def test_coco_boxes_are_clipped_to_the_image_and_that_is_counted(tmp_path: Path) -> None:
    folder = write_coco(tmp_path / "set", coco(["0.jpg"], [{"bbox": [-8, -6, 24, 18]}, {"bbox": [40, 0, 5, 5]}]))
    layout = read_coco(folder, is_pooled=True)
    assert labels(layout) == ["0 0.250000 0.250000 0.500000 0.500000\n0 1.000000 0.104167 0.000000 0.208333"]
    assert layout.notes["annotations clipped to the image"] == 2


@pytest.mark.parametrize(
    ("annotation", "label"),
    [
        ({"bbox": [1, 2, 3]}, "0 bbox=[1,2,3]"),
        ({"bbox": None}, "0 bbox=None"),
        ({"category_id": 99}, "category_id=99 0.500000 0.500000 0.500000 0.500000"),
        ({"bbox": [8, 6, float("nan"), 12]}, "0 nan 0.500000 nan 0.500000"),
    ],
)
def test_faults_of_a_coco_annotation_are_kept_for_validation_to_find(
    tmp_path: Path, annotation: Mapping[str, Any], label: str
) -> None:
    folder = write_coco(tmp_path / "set", coco(["0.jpg"], [annotation]))
    found = labels(read_coco(folder, is_pooled=True))[0]
    assert found.startswith(label[:12])


def test_a_coco_image_without_a_size_is_left_for_validation_to_find(tmp_path: Path) -> None:
    document = json.loads(coco(["0.jpg"], [{}]))
    del document["images"][0]["width"]
    folder = write_coco(tmp_path / "set", json.dumps(document))
    assert labels(read_coco(folder, is_pooled=True)) == ["0 image-without-width-and-height"]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.jpg": "x"}, r"no annotations/\*\.json and no \*\.json"),
        ({"all.json": "{"}, r"all\.json is not a COCO annotation file \(JSONDecodeError"),
        ({"all.json": "[]"}, r"is not a COCO annotation file \(TypeError"),
        ({"all.json": '{"images": []}'}, r"KeyError: 'categories'\); expected a JSON object with images, annotations"),
        ({"all.json": coco([], [], categories=[])}, r"got class names \[\]"),
        (
            {"a.json": coco([], []), "b.json": coco([], [], categories=[{"id": 1, "name": "bird"}])},
            "a.json and b.json have different categories",
        ),
    ],
)
def test_a_source_that_is_not_coco_is_refused_with_a_reason(
    tmp_path: Path, files: Mapping[str, str], expected: str
) -> None:
    with pytest.raises(BadData, match=expected):
        read_coco(write(tmp_path / "set", dict(files)), is_pooled=True)


def test_one_coco_file_needs_a_split_to_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(
        BadData, match=r"expected annotation files of train and val .* found all\.json; give dataset\.split"
    ):
        read_coco(write(tmp_path / "set", {"all.json": coco([], [])}))


def test_a_coco_file_that_names_no_split_is_noted_beside_those_that_do(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"{name}.json": coco([], []) for name in ("train", "val", "extra")}
    assert read_coco(write(tmp_path / "set", files)).notes["annotation file extra.json names no split"] == 1
