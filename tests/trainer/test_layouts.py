"""Each layout a source may have: what is read from it, and what is said when it cannot be followed."""

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from step_contract.catalog import DatasetFormat, VisionTask
from tests.trainer.datasets import (
    coco,
    image_bytes,
    listing_of,
    reader_of,
    write,
    write_image_folder,
    write_yolo_pool,
    write_yolo_splits,
)
from trainer.dataset_layout import Layout, suffix_of
from trainer.errors import BadData
from trainer.layouts import join_layouts, read_layout
from trainer.storage import StoredObject

NAMES = {"names": ["cat", "dog"]}


def read(
    folder: Path,
    *,
    is_pooled: bool = False,
    kind: DatasetFormat = DatasetFormat.YOLO,
    task: VisionTask = VisionTask.DETECT,
) -> Layout:
    cache = folder.parent / f"cache-{folder.name}"
    return read_layout(kind, task, listing_of(folder), reader_of(folder, cache), is_pooled=is_pooled)


def splits(layout: Layout) -> Counter[str | None]:
    return Counter(sample.split for sample in layout.samples)


def label_keys(layout: Layout) -> dict[str, str | None]:
    return {
        sample.key: sample.label.key if isinstance(sample.label, StoredObject) else sample.label
        for sample in layout.samples
    }


# -- YOLO -------------------------------------------------------------------------------------------------------------


def test_yolo_pool_pairs_images_with_labels_and_leaves_the_split_open(tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "set", images=3)
    (folder / "labels" / "001.txt").unlink()
    layout = read(folder, is_pooled=True)
    assert layout.names == ("cat", "dog")
    assert label_keys(layout) == {
        "images/000.jpg": "labels/000.txt",
        "images/001.jpg": None,
        "images/002.jpg": "labels/002.txt",
    }
    assert splits(layout) == {None: 3}


def test_yolo_keeps_the_splits_of_data_yaml(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": ["images/val"], "test": "images/test"}
    layout = read(write_yolo_splits(tmp_path / "set", spec, {"train": 4, "val": 2, "test": 1}))
    assert splits(layout) == {"train": 4, "val": 2, "test": 1}
    assert label_keys(layout)["images/val/000.jpg"] == "labels/val/000.txt"


def test_yolo_pools_all_splits_when_a_split_is_asked_for(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": "images/train", "test": "images/test"}
    layout = read(write_yolo_splits(tmp_path / "set", spec, {"train": 4, "test": 1, "unused": 2}), is_pooled=True)
    assert splits(layout) == {None: 5}
    assert layout.notes["images that no split of data.yaml names"] == 2


def test_an_image_in_two_splits_is_there_twice_for_validation_to_notice(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": "images/train"}
    assert splits(read(write_yolo_splits(tmp_path / "set", spec, {"train": 2}))) == {"train": 2, "val": 2}


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
    layout = read(write_yolo_splits(tmp_path / "set", NAMES | spec, {"train": 3, "val": 2}))
    assert splits(layout) == {"train": 3, "val": 2}


def test_an_absolute_path_is_never_read_outside_of_the_root(tmp_path: Path) -> None:
    outside = write_yolo_pool(tmp_path / "outside", images=3)
    spec = NAMES | {"train": str(outside / "images"), "val": "pictures"}
    folder = write_yolo_splits(tmp_path / "set", spec, {"val": 1}, pattern="pictures")
    with pytest.raises(BadData, match=r"train is '.*/outside/images', and there is no such folder or list below .*/set"):
        read(folder)


def test_a_test_split_that_leads_nowhere_is_noted_and_left_out(tmp_path: Path) -> None:
    spec = NAMES | {"train": "images/train", "val": "images/val", "test": "../test/images"}
    layout = read(write_yolo_splits(tmp_path / "set", spec, {"train": 3, "val": 2}))
    assert splits(layout) == {"train": 3, "val": 2}
    assert layout.notes["test entry '../test/images' of data.yaml leads nowhere"] == 1


def test_lists_of_images_may_be_relative_to_the_list_or_to_the_root_or_absolute(tmp_path: Path) -> None:
    spec = NAMES | {"train": ["lists/train.txt"], "val": "images/val"}
    folder = write_yolo_splits(tmp_path / "set", spec, {"train": 3, "val": 2})
    lines = ["../images/train/000.jpg", "images/train/001.jpg", "/home/kim/images/train/002.jpg", "", "images/train/404.jpg"]
    write(folder, {"lists/train.txt": "\n".join(lines)})
    layout = read(folder)
    train = {sample.key: sample.image is not None for sample in layout.samples if sample.split == "train"}
    assert train == {
        "images/train/000.jpg": True,
        "images/train/001.jpg": True,
        "images/train/002.jpg": True,
        "images/train/404.jpg": False,
    }


def test_data_yaml_may_lie_one_folder_down_and_labels_beside_the_images(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"export/data.yaml": json.dumps(NAMES), "export/a.png": image_bytes(1, format="PNG")}
    layout = read(write(tmp_path / "set", files | {"export/a.txt": ""}), is_pooled=True)
    assert label_keys(layout) == {"export/a.png": "export/a.txt"}


def test_korean_names_are_found_whichever_way_their_unicode_is_composed(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "한글 이름")
    spec = {"names": {"0": unicodedata.normalize("NFD", "고양이")}, "train": "학습/images", "val": "검증/images"}
    files: dict[str, bytes | str] = {"data.yaml": json.dumps(spec, ensure_ascii=False)}
    for number, split in enumerate(("학습", "검증")):
        files[f"{split}/images/{decomposed}.jpg"] = image_bytes(number)
        files[f"{split}/labels/한글 이름.txt"] = "0 0.5 0.5 0.1 0.1"
    layout = read(write(tmp_path / "데이터 셋", files))
    assert layout.names == ("고양이",)
    assert label_keys(layout) == {
        f"학습/images/{decomposed}.jpg": "학습/labels/한글 이름.txt",
        f"검증/images/{decomposed}.jpg": "검증/labels/한글 이름.txt",
    }


def test_label_files_without_an_image_are_counted(tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "set", images=3)
    (folder / "images" / "001.jpg").unlink()
    assert read(folder, is_pooled=True).notes["label files that belong to no image"] == 1


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
    assert read(folder, is_pooled=True).names == names


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
def test_a_data_yaml_that_cannot_be_followed_says_why(tmp_path: Path, text: str, expected: str) -> None:
    folder = write(tmp_path / "set", {"data.yaml": text, "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match=expected):
        read(folder)


def test_nested_aliases_are_refused_without_being_unfolded(tmp_path: Path) -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 20)]
    text = "\n".join(["l0: &l0 [lol]", *levels, "names: *l19"])
    folder = write(tmp_path / "set", {"data.yaml": text, "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match="expected a list of plain values"):
        read(folder, is_pooled=True)


def test_a_data_yaml_that_is_not_utf8_or_huge_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "a", {"data.yaml": "names: [고양이]".encode("euc-kr"), "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match="is not UTF-8 text"):
        read(folder, is_pooled=True)
    folder = write(tmp_path / "b", {"data.yaml": "#" * (2 << 20), "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match="expected a data.yaml of at most"):
        read(folder, is_pooled=True)


def test_no_or_several_data_yaml_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"no data\.yaml at its root or one folder below"):
        read(write(tmp_path / "none", {"a/b/data.yaml": "names: [a]"}))
    with pytest.raises(BadData, match=r"expected one data\.yaml, found a/data\.yaml, b/data\.yaml"):
        read(write(tmp_path / "two", {"a/data.yaml": "names: [a]", "b/data.yaml": "names: [a]"}))


def test_pose_needs_a_keypoint_shape_and_may_have_a_flip_order(tmp_path: Path) -> None:
    spec = {"names": ["p"], "kpt_shape": [3, 2], "flip_idx": [0, 2, 1]}
    folder = write(tmp_path / "a", {"data.yaml": json.dumps(spec), "images/a.jpg": image_bytes(1)})
    layout = read(folder, is_pooled=True, task=VisionTask.POSE)
    assert (layout.kpt_shape, layout.flip_idx) == ((3, 2), (0, 2, 1))
    assert read(folder, is_pooled=True).kpt_shape is None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, r"kpt_shape is \[\]; pose needs \[number of keypoints, 2 or 3\]"),
        ({"kpt_shape": [3, 4]}, r"kpt_shape is \['3', '4'\]"),
        ({"kpt_shape": [2, 3], "flip_idx": [0, 0]}, r"flip_idx is \['0', '0'\]; expected each of 0 to 1 once"),
    ],
)
def test_a_wrong_keypoint_shape_is_refused(tmp_path: Path, spec: Mapping[str, Any], expected: str) -> None:
    folder = write(tmp_path / "set", {"data.yaml": json.dumps({"names": ["p"], **spec}), "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match=expected):
        read(folder, is_pooled=True, task=VisionTask.POSE)


# -- ImageFolder ------------------------------------------------------------------------------------------------------


def read_folders(folder: Path, *, is_pooled: bool = False) -> Layout:
    return read(folder, is_pooled=is_pooled, kind=DatasetFormat.IMAGE_FOLDER, task=VisionTask.CLASSIFY)


def test_image_folder_numbers_classes_by_name_over_all_splits(tmp_path: Path) -> None:
    counts = {"train/dog": 2, "train/cat": 3, "valid/dog": 1, "test/고양이": 1}
    layout = read_folders(write_image_folder(tmp_path / "set", counts))
    assert layout.names == ("cat", "dog", "고양이")
    assert Counter((sample.split, sample.label) for sample in layout.samples) == {
        ("train", "0"): 3,
        ("train", "1"): 2,
        ("val", "1"): 1,
        ("test", "2"): 1,
    }


def test_image_folder_pool_has_one_folder_a_class(tmp_path: Path) -> None:
    folder = write_image_folder(tmp_path / "set", {"dog": 1, "cat/indoors": 2})
    write(folder, {"stray.jpg": image_bytes(99)})
    layout = read_folders(folder, is_pooled=True)
    assert (layout.names, splits(layout)) == (("cat", "dog"), {None: 3})
    assert layout.notes == {"images outside a class folder": 1}


def test_image_folder_may_lie_in_one_wrapping_folder(tmp_path: Path) -> None:
    layout = read_folders(write_image_folder(tmp_path / "set", {"archive/train/a": 2, "archive/val/a": 1}))
    assert splits(layout) == {"train": 2, "val": 1}


def test_image_folder_splits_are_pooled_when_a_split_is_asked_for(tmp_path: Path) -> None:
    layout = read_folders(write_image_folder(tmp_path / "set", {"train/a": 2, "val/b": 1}), is_pooled=True)
    assert (layout.names, splits(layout)) == (("a", "b"), {None: 3})


@pytest.mark.parametrize(
    ("counts", "is_pooled", "expected"),
    [
        ({"cat": 1, "dog": 1}, False, "expected folders train/<class> and val/<class>, found cat, dog; give dataset.split"),
        ({"train/cat": 1}, False, "found train; give dataset.split"),
        ({".": 1}, True, "no image in a class folder"),
    ],
)
def test_an_image_folder_without_splits_or_classes_says_so(
    tmp_path: Path, counts: Mapping[str, int], is_pooled: bool, expected: str
) -> None:
    with pytest.raises(BadData, match=expected):
        read_folders(write_image_folder(tmp_path / "set", counts), is_pooled=is_pooled)


# -- COCO -------------------------------------------------------------------------------------------------------------


def read_coco(folder: Path, *, is_pooled: bool = False, task: VisionTask = VisionTask.DETECT) -> Layout:
    return read(folder, is_pooled=is_pooled, kind=DatasetFormat.COCO, task=task)


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
    files: dict[str, bytes | str] = {"a/x.jpg": image_bytes(1), "b/x.jpg": image_bytes(2), "all.json": coco(["x.jpg", "y.jpg"], [])}
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
def test_what_is_wrong_with_a_coco_annotation_stays_for_validation_to_find(
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
def test_a_source_that_is_not_coco_says_why(tmp_path: Path, files: Mapping[str, str], expected: str) -> None:
    with pytest.raises(BadData, match=expected):
        read_coco(write(tmp_path / "set", dict(files)), is_pooled=True)


def test_one_coco_file_needs_a_split_to_be_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"expected annotation files of train and val .* found all\.json; give dataset\.split"):
        read_coco(write(tmp_path / "set", {"all.json": coco([], [])}))


def test_a_coco_file_that_names_no_split_is_noted_beside_those_that_do(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {f"{name}.json": coco([], []) for name in ("train", "val", "extra")}
    assert read_coco(write(tmp_path / "set", files)).notes["annotation file extra.json names no split"] == 1


# -- several folders --------------------------------------------------------------------------------------------------


def test_daily_folders_are_joined_under_their_names(tmp_path: Path) -> None:
    layouts = {day: read(write_yolo_pool(tmp_path / day, images=2), is_pooled=True) for day in ("2026-03-01", "2026-03-02")}
    joined = join_layouts(layouts)
    assert [sample.key for sample in joined.samples][1:3] == ["2026-03-01/images/001.jpg", "2026-03-02/images/000.jpg"]


def test_daily_folders_with_other_classes_are_refused(tmp_path: Path) -> None:
    layouts = {
        "2026-03-01": read(write_yolo_pool(tmp_path / "a", images=2), is_pooled=True),
        "2026-03-02": read(write_yolo_pool(tmp_path / "b", images=2, names=("cat", "새")), is_pooled=True),
    }
    with pytest.raises(BadData, match="2026-03-01 and 2026-03-02 have different classes or keypoints: cat, dog and cat, 새"):
        join_layouts(layouts)


@pytest.mark.parametrize(("key", "suffix"), [("a/B.JPG", ".jpg"), ("a.b/c", ""), (".jpg", ""), ("a.tar.gz", ".gz")])
def test_a_suffix_is_the_last_of_the_name(key: str, suffix: str) -> None:
    assert suffix_of(key) == suffix
