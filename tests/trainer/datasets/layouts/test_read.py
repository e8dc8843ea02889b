"""Tests of the YOLO layout and of joining daily folders: the result, and the reason for each refusal."""

import json
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from step_contract.catalog import VisionTask
from tests.trainer.dataset_files import (
    image_bytes,
    read_folder,
    splits_of,
    write,
    write_yolo_pool,
    write_yolo_splits,
)
from trainer.datasets.layouts.layout import Layout, suffix_of
from trainer.datasets.layouts.read import join_layouts
from trainer.errors import BadData
from trainer.storage.interface import StoredObject

NAMES: dict[str, Any] = {"names": ["cat", "dog"]}


def label_keys(layout: Layout) -> dict[str, str | None]:
    return {
        sample.key: sample.label.key if isinstance(sample.label, StoredObject) else sample.label
        for sample in layout.samples
    }


def test_yolo_pool_pairs_images_with_labels_and_leaves_the_split_open(tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "set", images=3)
    (folder / "labels" / "001.txt").unlink()
    layout = read_folder(folder, is_pooled=True)
    assert layout.names == ("cat", "dog")
    assert label_keys(layout) == {
        "images/000.jpg": "labels/000.txt",
        "images/001.jpg": None,
        "images/002.jpg": "labels/002.txt",
    }
    assert splits_of(layout) == {None: 3}


def test_yolo_keeps_the_splits_of_data_yaml(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": ["images/val"], "test": "images/test"}
    layout = read_folder(write_yolo_splits(tmp_path / "set", spec, {"train": 4, "val": 2, "test": 1}))
    assert splits_of(layout) == {"train": 4, "val": 2, "test": 1}
    assert label_keys(layout)["images/val/000.jpg"] == "labels/val/000.txt"


def test_yolo_pools_all_splits_when_a_split_is_asked_for(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": "images/train", "test": "images/test"}
    layout = read_folder(
        write_yolo_splits(tmp_path / "set", spec, {"train": 4, "test": 1, "unused": 2}), is_pooled=True
    )
    assert splits_of(layout) == {None: 5}
    assert layout.notes["images that no split of data.yaml names"] == 2


def test_an_image_in_two_splits_is_there_twice_for_validation_to_notice(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": "images/train"}
    assert splits_of(read_folder(write_yolo_splits(tmp_path / "set", spec, {"train": 2}))) == {"train": 2, "val": 2}


@pytest.mark.parametrize(
    "spec",
    [
        {"path": "/home/kim/datasets/coco8", "train": "images/train", "val": "images/val"},
        {"path": "../datasets/coco8", "train": "images/train", "val": "images/val"},
        {"path": ".", "train": "./images/train", "val": "images/val/"},
        {"train": "../images/train", "val": "../images/val"},
        {"train": "/content/coco8/images/train", "val": "/content/coco8/images/val"},
        {"train": r"C:\data\images\train", "val": r"images\val"},
        {"train": "images/train", "valid": "images/val"},
        {"path": "images", "train": "train", "val": "val"},
    ],
)
def test_paths_of_another_machine_are_found_below_the_root(tmp_path: Path, spec: Mapping[str, Any]) -> None:
    layout = read_folder(write_yolo_splits(tmp_path / "set", NAMES | spec, {"train": 3, "val": 2}))
    assert splits_of(layout) == {"train": 3, "val": 2}


def test_an_absolute_path_is_never_read_outside_of_the_root(tmp_path: Path) -> None:
    outside = write_yolo_pool(tmp_path / "outside", images=3)
    spec = NAMES | {"train": str(outside / "images"), "val": "pictures"}
    folder = write_yolo_splits(tmp_path / "set", spec, {"val": 1}, pattern="pictures")
    with pytest.raises(
        BadData, match=r"train is '.*/outside/images', and there is no such folder or list below .*/set"
    ):
        read_folder(folder)


def test_a_missing_test_split_is_noted_and_left_out(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": "images/val", "test": "../test/images"}
    layout = read_folder(write_yolo_splits(tmp_path / "set", spec, {"train": 3, "val": 2}))
    assert splits_of(layout) == {"train": 3, "val": 2}
    assert layout.notes["test entry '../test/images' of data.yaml does not exist"] == 1


def test_lists_of_images_may_be_relative_to_the_list_or_to_the_root_or_absolute(tmp_path: Path) -> None:
    spec = NAMES | {"train": ["lists/train.txt"], "val": "images/val"}
    folder = write_yolo_splits(tmp_path / "set", spec, {"train": 3, "val": 2})
    lines = [
        "../images/train/000.jpg",
        "images/train/001.jpg",
        "/home/kim/images/train/002.jpg",
        "",
        "images/train/404.jpg",
    ]
    write(folder, {"lists/train.txt": "\n".join(lines)})
    layout = read_folder(folder)
    train = {sample.key: sample.image is not None for sample in layout.samples if sample.split == "train"}
    assert train == {
        "images/train/000.jpg": True,
        "images/train/001.jpg": True,
        "images/train/002.jpg": True,
        "images/train/404.jpg": False,
    }


def test_data_yaml_may_lie_one_folder_down_and_labels_beside_the_images(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "export/data.yaml": json.dumps(NAMES),
        "export/a.png": image_bytes(1, format="PNG"),
    }
    layout = read_folder(write(tmp_path / "set", files | {"export/a.txt": ""}), is_pooled=True)
    assert label_keys(layout) == {"export/a.png": "export/a.txt"}


def test_korean_names_are_found_in_composed_and_decomposed_unicode(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "한글 이름")
    spec = {"names": {"0": unicodedata.normalize("NFD", "고양이")}, "train": "학습/images", "val": "검증/images"}
    files: dict[str, bytes | str] = {"data.yaml": json.dumps(spec, ensure_ascii=False)}
    for number, split in enumerate(("학습", "검증")):
        files[f"{split}/images/{decomposed}.jpg"] = image_bytes(number)
        files[f"{split}/labels/한글 이름.txt"] = "0 0.5 0.5 0.1 0.1"
    layout = read_folder(write(tmp_path / "데이터 셋", files))
    assert layout.names == ("고양이",)
    assert label_keys(layout) == {
        f"학습/images/{decomposed}.jpg": "학습/labels/한글 이름.txt",
        f"검증/images/{decomposed}.jpg": "검증/labels/한글 이름.txt",
    }


def test_label_files_without_an_image_are_counted(tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "set", images=3)
    (folder / "images" / "001.jpg").unlink()
    assert read_folder(folder, is_pooled=True).notes["label files that belong to no image"] == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: [cat, dog]", ("cat", "dog")),
        ("names: {1: dog, 0: cat}", ("cat", "dog")),
        ("names: [no, 007, 1e3]", ("no", "007", "1e3")),
        ("nc: 2", ("class_0", "class_1")),
        ("nc: 1\nnames: ['cat']\n# 주석", ("cat",)),
    ],
)
def test_class_names_are_taken_as_written(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    folder = write(tmp_path / "set", {"data.yaml": text, "images/a.jpg": image_bytes(1)})
    assert read_folder(folder, is_pooled=True).names == names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train: images", "has no names; expected a list"),
        ("names: cat", "names is 'cat'; expected a list of plain values"),
        ("names: {0: cat, 2: dog}", r"names has the class ids \['0', '2'\]; expected 0 to 1"),
        ("names: [cat, cat]", "class name 'cat' is there twice"),
        ("names: [cat, '']", "expected at least one, and none empty"),
        ("nc: 3\nnames: [cat]", "nc is 3, but there are 1 names"),
        ("names: [cat\n", "is not YAML: "),
        ("- cat", "expected names, train, val and so on; got list"),
        ("names: [cat]\ntrain: {a: b}", r"train is {'a': 'b'}; expected a list of plain values"),
        ("names: [cat]\ntrain: images", "has no val; give dataset.split in the catalog"),
        ("names: [cat]", "has no train and val; give dataset.split in the catalog"),
        ("names: [cat]\ntrain: images\nval: nowhere", "val is 'nowhere', and there is no such folder or list below"),
    ],
)
def test_an_invalid_data_yaml_is_refused_with_a_reason(tmp_path: Path, text: str, expected: str) -> None:
    folder = write(tmp_path / "set", {"data.yaml": text, "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match=expected):
        read_folder(folder)


def test_nested_aliases_are_refused_without_expanding_them(tmp_path: Path) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 20)]
    text = "\n".join(["l0: &l0 [lol]", *levels, "names: *l19"])
    folder = write(tmp_path / "set", {"data.yaml": text, "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match="expected a list of plain values"):
        read_folder(folder, is_pooled=True)


def test_a_data_yaml_that_is_not_utf8_or_huge_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", {"data.yaml": "names: [고양이]".encode("euc-kr"), "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match="is not UTF-8 text"):
        read_folder(folder, is_pooled=True)
    folder = write(tmp_path / "b", {"data.yaml": "#" * (2 << 20), "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match=r"expected a data\.yaml of at most"):
        read_folder(folder, is_pooled=True)


def test_missing_or_several_data_yaml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"no data\.yaml at its root or one folder below"):
        read_folder(write(tmp_path / "none", {"a/b/data.yaml": "names: [a]"}))
    with pytest.raises(BadData, match=r"expected one data\.yaml, found a/data\.yaml, b/data\.yaml"):
        read_folder(write(tmp_path / "two", {"a/data.yaml": "names: [a]", "b/data.yaml": "names: [a]"}))


def test_pose_needs_a_keypoint_shape_and_may_have_a_flip_order(tmp_path: Path) -> None:
    spec = {"names": ["p"], "kpt_shape": [3, 2], "flip_idx": [0, 2, 1]}
    folder = write(tmp_path / "a", {"data.yaml": json.dumps(spec), "images/a.jpg": image_bytes(1)})
    layout = read_folder(folder, is_pooled=True, task=VisionTask.POSE)
    assert (layout.kpt_shape, layout.flip_idx) == ((3, 2), (0, 2, 1))
    assert read_folder(folder, is_pooled=True).kpt_shape is None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, r"kpt_shape is \[\]; pose needs \[number of keypoints, 2 or 3\]"),
        ({"kpt_shape": [3, 4]}, r"kpt_shape is \['3', '4'\]"),
        ({"kpt_shape": [2, 3], "flip_idx": [0, 0]}, r"flip_idx is \['0', '0'\]; expected each of 0 to 1 once"),
    ],
)
def test_a_wrong_keypoint_shape_is_refused(tmp_path: Path, spec: Mapping[str, Any], expected: str) -> None:
    folder = write(
        tmp_path / "set", {"data.yaml": json.dumps({"names": ["p"], **spec}), "images/a.jpg": image_bytes(1)}
    )
    with pytest.raises(BadData, match=expected):
        read_folder(folder, is_pooled=True, task=VisionTask.POSE)


def test_daily_folders_are_joined_under_their_names(tmp_path: Path) -> None:
    layouts = {
        day: read_folder(write_yolo_pool(tmp_path / day, images=2), is_pooled=True)
        for day in ("2026-03-01", "2026-03-02")
    }
    joined = join_layouts(layouts)
    assert [sample.key for sample in joined.samples][1:3] == ["2026-03-01/images/001.jpg", "2026-03-02/images/000.jpg"]


def test_daily_folders_with_other_classes_are_refused(tmp_path: Path) -> None:
    layouts = {
        "2026-03-01": read_folder(write_yolo_pool(tmp_path / "a", images=2), is_pooled=True),
        "2026-03-02": read_folder(write_yolo_pool(tmp_path / "b", images=2, names=("cat", "새")), is_pooled=True),
    }
    with pytest.raises(
        BadData, match="2026-03-01 and 2026-03-02 have different classes or keypoints: cat, dog and cat, 새"
    ):
        join_layouts(layouts)


@pytest.mark.parametrize(("key", "suffix"), [("a/B.JPG", ".jpg"), ("a.b/c", ""), (".jpg", ""), ("a.tar.gz", ".gz")])
def test_a_suffix_is_the_last_of_the_name(key: str, suffix: str) -> None:
    assert suffix_of(key) == suffix
