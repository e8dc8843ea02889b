"""Tests of folders with broken links, pipes, strange names and invalid URIs: no step hangs, each error is clear."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from step_contract.failure import FailureKind
from tests.trainer.command_outcomes import LENIENT, Preprocess, check_accepted, check_refused, store_of
from tests.trainer.dataset_files import BOX, image_bytes, write, write_image_folder, write_yolo_pool

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

KOREAN = "한글".encode("cp949")


def link(target: bytes | str, name: bytes) -> Callable[[Path], None]:
    return lambda folder: os.symlink(os.fsencode(target), os.fsencode(folder) + b"/images/" + name)


def two_folders_in_each_other(folder: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (folder / "images" / name).mkdir()
        (folder / "images" / name / "link").symlink_to(folder / "images" / other)


def file_of_another_encoding(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/images/" + KOREAN + b".jpg")).write_bytes(image_bytes(99))


def folder_of_another_encoding(folder: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(folder) + b"/images/" + KOREAN))
    path.mkdir()
    (path / "up").symlink_to("..")


BAD_FOLDERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link to nothing": (
        link("nowhere.jpg", b"x.jpg"),
        "images/x.jpg is a link to a file that does not exist; remove",
    ),
    "a link to itself": (link("x.jpg", b"x.jpg"), "images/x.jpg is a link that points back to itself; remove the link"),
    "a link to its folder": (
        link("..", b"up"),
        "images/up is a link to one of its own parent folders; remove the link",
    ),
    "folders in each other": (two_folders_in_each_other, "is a link to one of its own parent folders; remove the link"),
    "a name in another encoding": (file_of_another_encoding, r"b'images/\xc7\xd1\xb1\xdb.jpg' is not UTF-8; rename it"),
    "a link in another encoding": (link("nowhere", KOREAN), r"b'images/\xc7\xd1\xb1\xdb' is not UTF-8; rename it"),
    "a folder in another encoding": (folder_of_another_encoding, r"b'images/\xc7\xd1\xb1\xdb' is not UTF-8; rename it"),
}


@pytest.mark.parametrize(("damage", "expected"), BAD_FOLDERS.values(), ids=BAD_FOLDERS.keys())
def test_a_bad_folder_is_bad_data_by_the_name_in_it(
    damage: Callable[[Path], object], expected: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    damage(write_yolo_pool(store_of(tmp_path), images=8))
    check_refused(preprocess(), FailureKind.BAD_DATA, expected)


def pipes(folder: Path) -> None:
    for name in ("images/x.jpg", "labels/x.txt", "data.yml"):
        os.mkfifo(folder / name)


def folder_named_like_an_image(folder: Path) -> None:
    write(folder, {"images/dir.jpg/x.jpg": image_bytes(99), "labels/dir.jpg/x.txt": BOX})


def longest_names(folder: Path) -> None:
    name = "가" * 83  # 249 bytes, and a suffix
    write(folder, {f"images/{name}.jpg": image_bytes(99), f"labels/{name}.txt": BOX})


def strange_names(folder: Path) -> None:
    name = "a\nb\t'\"{{ ds }}$(x)%0A"
    write(folder, {f"images/{name}.jpg": image_bytes(99), f"labels/{name}.txt": BOX})


ODD_FOLDERS: dict[str, tuple[Callable[[Path], object], int]] = {
    "pipes": (pipes, 8),
    "a folder named like an image": (folder_named_like_an_image, 9),
    "names of 253 bytes": (longest_names, 9),
    "strange names": (strange_names, 9),
    "hidden files of a Mac": (lambda folder: write(folder, {"images/._000.jpg": b"", ".DS_Store": b""}), 8),
    "empty folders": (lambda folder: (folder / "images" / "empty").mkdir(), 8),
    "a link to another image": (link("000.jpg", b"008.JPG"), 8),
}


@pytest.mark.parametrize(("damage", "images"), ODD_FOLDERS.values(), ids=ODD_FOLDERS.keys())
def test_an_unusual_folder_is_accepted(
    damage: Callable[[Path], object], images: int, preprocess: Preprocess, tmp_path: Path
) -> None:
    damage(write_yolo_pool(store_of(tmp_path), images=8))
    limits = LENIENT | {"maximum_duplicate_share": 0.2, "maximum_unlabelled_share": 0.2}
    check_accepted(preprocess(limits=limits), images)


@pytest.mark.parametrize(
    ("uri", "kind", "expected"),
    [
        ("nowhere", FailureKind.BAD_DATA, "/store/nowhere: it is not a folder; expected a folder with images"),
        ("a/../../x", FailureKind.BAD_REQUEST, "dataset.uri is 'a/../../x'; expected a path below DATASET_ROOT"),
        ("/etc", FailureKind.BAD_REQUEST, "dataset.uri is '/etc'; expected a path below DATASET_ROOT"),
        ("ftp://host/set", FailureKind.BAD_REQUEST, "dataset.uri 'ftp://host/set' cannot be read; expected file:///"),
        ("s3://", FailureKind.BAD_REQUEST, "cannot be read; expected file:///absolute/path, s3://bucket/prefix"),
        ("file://host/set", FailureKind.BAD_REQUEST, "dataset.uri 'file://host/set' cannot be read; expected file"),
        ("file://[set", FailureKind.BAD_REQUEST, "dataset.uri 'file://[set' cannot be read; expected file:///"),
        ("file:///a?b", FailureKind.BAD_REQUEST, "holds a bare ? or #; expected %3F or %23 in their place"),
        ("가" * 100, FailureKind.BAD_REQUEST, "names of at most 255 bytes"),
        ("a/" * 2400, FailureKind.BAD_REQUEST, "names of at most 255 bytes and 4,095 bytes in all"),
        ("x" * 300 + ".zip", FailureKind.BAD_REQUEST, "names of at most 255 bytes"),
        ("a\0b", FailureKind.BAD_REQUEST, "without zero bytes"),
        ("a\0b.zip", FailureKind.BAD_REQUEST, "without zero bytes"),
        ("pipe.zip", FailureKind.BAD_DATA, "/store/pipe.zip: there is no such file; check dataset.uri"),
    ],
    ids=lambda value: str(value)[:20].encode("unicode_escape").decode(),
)
def test_a_uri_without_a_dataset_is_refused(
    uri: str, kind: FailureKind, expected: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    os.mkfifo(tmp_path / "store" / "pipe.zip")
    check_refused(preprocess(uri=uri), kind, expected)


def test_an_empty_folder_is_refused(preprocess: Preprocess, tmp_path: Path) -> None:
    store_of(tmp_path).mkdir(parents=True)
    check_refused(preprocess(), FailureKind.BAD_DATA, "/store/set: it is empty; expected a folder with images")


# -- one folder per class ---------------------------------------------------------------------------------------------

CLASSIFY = {"format": "imagefolder", "limits": LENIENT}


@pytest.mark.parametrize(
    ("counts", "split", "expected"),
    [
        ({"train/cat": 4}, None, "expected folders train/<class> and val/<class>, found train; give dataset.split"),
        ({"cat": 2, "dog": 2}, None, "expected folders train/<class> and val/<class>, found cat, dog; give"),
        ({".": 4}, {}, "no image in a class folder; expected <class>/image or train/<class>/image"),
    ],
    ids=["no val", "a pool without a split", "no class"],
)
def test_class_folders_that_cannot_be_followed_are_bad_data(
    counts: dict[str, int], split: dict[str, float] | None, expected: str, classify: Preprocess, tmp_path: Path
) -> None:
    write_image_folder(store_of(tmp_path), counts)
    check_refused(classify(split=split, **CLASSIFY), FailureKind.BAD_DATA, f"{store_of(tmp_path)}: ", expected)


def test_class_folders_may_have_the_longest_names_or_that_of_an_image(classify: Preprocess, tmp_path: Path) -> None:
    names = ("가" * 85, "cat.jpg", "a\nb")
    write_image_folder(store_of(tmp_path), {f"{split}/{name}": 2 for split in ("train", "val") for name in names})
    check_accepted(classify(split=None, **CLASSIFY), images=12)
