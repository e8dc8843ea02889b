"""Tests of an invalid data.yaml, COCO file or folder: bad data that names the file, and no step hangs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step_contract.catalog import DatasetFormat, VisionTask
from step_contract.failure import FailureKind
from tests.trainer.command_outcomes import Preprocess, check_accepted, check_refused, store_of
from tests.trainer.dataset_files import coco, image_bytes, read_folder, write, write_yolo_pool
from trainer.datasets.layouts.coco_conversion import convert
from trainer.datasets.layouts.layout import Layout
from trainer.errors import BadData

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

BAD_SPECS: dict[str, tuple[bytes | str, str]] = {
    "no bytes": ("", "expected names, train, val and so on; got NoneType"),
    "a list": ("- cat", "expected names, train, val and so on; got list"),
    "a text": ("cat", "expected names, train, val and so on; got str"),
    "cut in a quote": ('names: ["cat', "is not YAML: while scanning a quoted scalar"),
    "a control character": (b"names: [cat]\0", "is not YAML: unacceptable character #x0000"),
    "bytes of an image": (image_bytes(1), "is not UTF-8 text"),
    "Korean in another encoding": ("names: [고양이]".encode("cp949"), "is not UTF-8 text"),
    "nested 20,000 deep": ("names: " + "[" * 20_000, "is nested too deeply; expected names, train, val and so on"),
    "a character beyond Unicode": (r'names: ["\UFFFFFFFF"]', "is not YAML"),
    "half a character": (r'names: [cat, "\ud800"]', "class name '\\ud800' is not Unicode text"),
    "an alias in itself": ("names: &a [*a]", "is not YAML: found unconstructable recursive node"),
    "an unknown alias": ("names: *cats", "is not YAML: found undefined alias 'cats'"),
    "a tag of Python": ("names: !!python/object/apply:os.abort []", "has no names; expected a list"),
    "no names": ("train: images", "has no names; expected a list, or a mapping from 0, 1, 2 ... to class names"),
    "names that are a number": ("names: 7", "names is '7'; expected a list of plain values"),
    "names that are lists": ("names: [[cat], [dog]]", "expected a list of plain values"),
    "names twice": ("names: [cat]\nnames: [dog]", "is not YAML: found the key 'names' a second time"),
    "one class id twice": ("names: {0: cat, 0: dog}", "is not YAML: found the key '0' a second time"),
    "a class id left out": ("names: {0: cat, 2: dog}", "names has the class ids ['0', '2']; expected 0 to 1"),
    "one name twice": ("names: [cat, cat]", "class name 'cat' is there twice; expected each class once"),
    "an empty name": ("names: [cat, '']", "expected at least one, and none empty"),
    "another number of names": ("nc: 3\nnames: [cat]", "nc is 3, but there are 1 names; correct one of the two"),
    "a billion classes": ("nc: 999999999", "nc is 999999999; expected at most 100,000 classes"),
    "a number of classes of 5,000 digits": ("nc: " + "9" * 5000, "expected at most 100,000 classes"),
    "a val that leads nowhere": ("names: [a]\ntrain: images\nval: nope", "val is 'nope', and there is no such folder"),
    "a path of 20,000 folders": ("names: [a]\nval: images\ntrain: " + "/a" * 20_000, "there is no such folder or list"),
    "a split that is a mapping": ("names: [a]\ntrain: {a: b}\nval: images", "train is {'a': 'b'}; expected a list"),
    "two megabytes": ("#" * (2 << 20), "has 2,097,152 bytes; expected a data.yaml of at most 1,048,576"),
}


@pytest.mark.parametrize(("text", "expected"), BAD_SPECS.values(), ids=BAD_SPECS.keys())
def test_a_bad_data_yaml_is_bad_data_by_its_name(
    text: bytes | str, expected: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    write(write_yolo_pool(store_of(tmp_path), images=2), {"data.yaml": text})
    check_refused(preprocess(), FailureKind.BAD_DATA, f"{store_of(tmp_path)}/data.yaml", expected)


def test_a_data_yaml_without_val_says_what_to_do(preprocess: Preprocess, tmp_path: Path) -> None:
    write(write_yolo_pool(store_of(tmp_path), images=2), {"data.yaml": "names: [a]\ntrain: images"})
    expected = "data.yaml has no val; give dataset.split in the catalog to split one pool, or add it"
    check_refused(preprocess(split=None), FailureKind.BAD_DATA, expected)


@pytest.mark.parametrize("shape", ["[9999999999, 2]", f"[{'9' * 5000}, 2]", "[0, 2]", "[17]", "17", "[17, 3, 1]"])
def test_keypoints_beyond_any_skeleton_are_bad_data(shape: str, tmp_path: Path) -> None:
    text = f"names: [person]\nkpt_shape: {shape}\nflip_idx: [0]"
    folder = write(tmp_path / "set", {"data.yaml": text, "images/a.jpg": image_bytes(1)})
    with pytest.raises(BadData, match=r"data\.yaml: kpt_shape is .*expected"):
        read_folder(folder, is_pooled=True, task=VisionTask.POSE)


def test_a_list_of_images_may_be_damaged(preprocess: Preprocess, tmp_path: Path) -> None:
    spec = {"data.yaml": "names: [a, b]\ntrain: train.txt\nval: train.txt"}
    folder = write(write_yolo_pool(store_of(tmp_path), images=2), spec)
    write(folder, {"train.txt": image_bytes(3)})
    check_refused(preprocess(), FailureKind.BAD_DATA, "set/train.txt is not UTF-8 text", "save it as UTF-8")
    write(folder, {"train.txt": "images/000.jpg\n" + "/a" * 20_000 + "\n../../../etc/passwd\n"})
    check_refused(preprocess(), FailureKind.BAD_DATA, "2 named by the source, but missing", "../../../etc/passwd")


# -- COCO -------------------------------------------------------------------------------------------------------------


def altered(change: Callable[[dict[str, Any]], object], **annotation: Any) -> str:
    """Return a valid annotation file of two images after a change."""
    document = json.loads(coco(["0.jpg", "1.jpg"], [{}, {"image": 1, **annotation}]))
    change(document)
    return json.dumps(document)


def setting(part: str, field: str, value: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change of the first record of a part."""
    return lambda document: document[part][0].__setitem__(field, value)


BAD_COCO: dict[str, tuple[bytes | str, str]] = {
    "no bytes": ("", "(JSONDecodeError"),
    "cut in half": (coco(["0.jpg"], [{}])[:150], "(JSONDecodeError"),
    "bytes of an image": (image_bytes(1), "(UnicodeDecodeError"),
    "a list": ("[]", "(TypeError"),
    "null": ("null", "(TypeError"),
    "nested 100,000 deep": ('{"images": ' + "[" * 100_000, "(RecursionError"),
    "a number of 5,000 digits": ('{"images": ' + "9" * 5000 + "}", "(ValueError"),
    "no categories": (altered(lambda document: document.pop("categories")), "(KeyError: 'categories')"),
    "no annotations": (altered(lambda document: document.pop("annotations")), "(KeyError: 'annotations')"),
    "images that are null": (altered(lambda document: document.update(images=None)), "(TypeError"),
    "images that are names": (altered(lambda document: document.update(images=["0.jpg"])), "(TypeError"),
    "an image without a name": (altered(lambda document: document["images"][0].pop("file_name")), "'file_name'"),
    "an image named by a number": (altered(setting("images", "file_name", 7)), "file_name of an image is 7"),
    "an image named by null": (altered(setting("images", "file_name", None)), "file_name of an image is None"),
    "an image named by half a character": (altered(setting("images", "file_name", "\ud800.jpg")), "UnicodeEncodeError"),
    "a width in quotes": (altered(setting("images", "width", "32")), "width of '0.jpg' is '32'"),
    "a width that is a list": (altered(setting("images", "height", [24])), "height of '0.jpg' is [24]"),
    "an image id that is a list": (altered(setting("images", "id", [1])), "(TypeError"),
    "one image id for two images": (altered(setting("images", "id", 101)), "id 101 is of both '0.jpg' and '1.jpg'"),
    "two image ids for one image": (altered(setting("images", "file_name", "1.jpg")), "'1.jpg' has several ids"),
    "a category id of text": (altered(setting("categories", "id", "x")), "(ValueError"),
    "an infinite category id": (altered(setting("categories", "id", float("inf"))), "(OverflowError"),
    "one category id twice": (altered(setting("categories", "id", 3)), "category id 3 is there twice"),
    "a category without a name": (altered(setting("categories", "name", None)), "name of category 7 is None"),
    "a category named by half a character": (altered(setting("categories", "name", "\ud800")), "UnicodeEncodeError"),
    "a box beyond any number": (altered(setting("annotations", "bbox", [10**400, 6, 16, 12])), "(OverflowError"),
    "an annotation that is a number": (altered(lambda document: document["annotations"].append(7)), "(TypeError"),
}


@pytest.mark.parametrize(("content", "expected"), BAD_COCO.values(), ids=BAD_COCO.keys())
def test_a_bad_coco_file_is_bad_data_by_its_name(
    content: bytes | str, expected: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    images: dict[str, bytes | str] = {f"{number}.jpg": image_bytes(number) for number in range(2)}
    write(store_of(tmp_path), images | {"all.json": content})
    words = f"{store_of(tmp_path)}/all.json is not a COCO annotation file", "expected a JSON object with images"
    check_refused(preprocess(format="coco"), FailureKind.BAD_DATA, *words, expected)


BAD_ANNOTATIONS: dict[str, tuple[str, str]] = {
    "an unknown category": (altered(len, category_id=99), "not a number: 1.jpg: line 1: category_id=99 0.5"),
    "a category of half a character": (altered(len, category_id="\ud800"), "line 1: category_id='\\ud800' 0.5"),
    "no box": (altered(len, bbox=None), "not a number: 1.jpg: line 1: 0 bbox=None"),
    "a box of half a character": (altered(len, bbox="\ud800"), "line 1: 0 bbox='\\ud800'"),
    "a box of three numbers": (altered(len, bbox=[1, 2, 3]), "not a number: 1.jpg: line 1: 0 bbox=[1,2,3]"),
    "a box of NaN": (altered(len, bbox=[1, 2, float("nan"), 3]), "NaN or infinity: 1.jpg: line 1: 0 nan"),
    "a box outside of the image": (altered(len, bbox=[99, 99, 9, 9]), "zero area: 1.jpg: line 1"),
    "an image of another size": (altered(setting("images", "width", 9999)), "annotated as (9999, 24), the image is"),
    "an image of NaN width": (altered(setting("images", "width", float("nan"))), "NaN or infinity: 0.jpg: line 1"),
    "an image that is not there": (altered(setting("images", "file_name", "../../etc/passwd")), "but missing: ../"),
}


@pytest.mark.parametrize(("content", "expected"), BAD_ANNOTATIONS.values(), ids=BAD_ANNOTATIONS.keys())
def test_a_bad_annotation_is_bad_data_by_its_image(
    content: str, expected: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    images: dict[str, bytes | str] = {f"{number}.jpg": image_bytes(number) for number in range(2)}
    write(store_of(tmp_path), images | {"all.json": content})
    check_refused(preprocess(format="coco"), FailureKind.BAD_DATA, "1 of 2 images (50.0%)", expected)


def test_annotations_of_unknown_images_and_masks_are_left_out(preprocess: Preprocess, tmp_path: Path) -> None:
    mask = {"segmentation": {"counts": "abc", "size": [24, 32]}, "iscrowd": 1}
    annotations = [{"image": n} for n in range(8)] + [{"image_id": "?"}, {"image_id": None}, {"image": 1, **mask}]
    files = {f"{number}.jpg": image_bytes(number) for number in range(8)}
    write(store_of(tmp_path), {**files, "all.json": coco(list(files), annotations).encode("utf-16")})
    check_accepted(preprocess(format="coco"), images=8)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400)
PARTS = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner))
FIELDS = [("images", name) for name in ("id", "file_name", "width", "height")]
FIELDS += [("annotations", name) for name in ("image_id", "category_id", "bbox", "segmentation", "iscrowd")]
FIELDS += [("categories", name) for name in ("id", "name")]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(field=st.sampled_from(FIELDS), value=PARTS, task=st.sampled_from([VisionTask.DETECT, VisionTask.SEGMENT]))
def test_any_value_in_a_coco_file_is_read_or_bad_data(
    field: tuple[str, str], value: Any, task: VisionTask, tmp_path: Path
) -> None:
    content = altered(setting(*field, value), segmentation=[[1, 1, 9, 1, 9, 9]]).encode()
    found = layout_or_refusal(write(tmp_path / "set", {"all.json": content}), task)
    if isinstance(found, Layout):
        assert len(found.samples) == 2
        # The facts kept for the next preprocess can be stored.
        json.dumps(convert(content, where="all.json", task=task), ensure_ascii=False).encode()
    else:
        assert "all.json" in found


def layout_or_refusal(folder: Path, task: VisionTask) -> Layout | str:
    try:
        return read_folder(folder, is_pooled=True, kind=DatasetFormat.COCO, task=task)
    except BadData as error:
        return str(error)
