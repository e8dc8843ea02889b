"""Tests of the ImageFolder layout of classification: train/<class>/image, or one pool <class>/image."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from step_contract.catalog import DatasetFormat, VisionTask
from tests.trainer.dataset_files import (
    image_bytes,
    read_folder,
    splits_of,
    write,
    write_image_folder,
)
from trainer.datasets.layouts.layout import Layout
from trainer.errors import BadData


def read_folders(folder: Path, *, is_pooled: bool = False) -> Layout:
    return read_folder(folder, is_pooled=is_pooled, kind=DatasetFormat.IMAGE_FOLDER, task=VisionTask.CLASSIFY)


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
    assert (layout.names, splits_of(layout)) == (("cat", "dog"), {None: 3})
    assert layout.notes == {"images outside a class folder": 1}


def test_image_folder_may_lie_in_one_wrapping_folder(tmp_path: Path) -> None:
    layout = read_folders(write_image_folder(tmp_path / "set", {"archive/train/a": 2, "archive/val/a": 1}))
    assert splits_of(layout) == {"train": 2, "val": 1}


def test_image_folder_splits_are_pooled_when_a_split_is_asked_for(tmp_path: Path) -> None:
    layout = read_folders(write_image_folder(tmp_path / "set", {"train/a": 2, "val/b": 1}), is_pooled=True)
    assert (layout.names, splits_of(layout)) == (("a", "b"), {None: 3})


@pytest.mark.parametrize(
    ("counts", "is_pooled", "expected"),
    [
        (
            {"cat": 1, "dog": 1},
            False,
            "expected folders train/<class> and val/<class>, found cat, dog; give dataset.split",
        ),
        ({"train/cat": 1}, False, "found train; give dataset.split"),
        ({".": 1}, True, "no image in a class folder"),
    ],
)
def test_an_image_folder_without_splits_or_classes_is_refused(
    tmp_path: Path, counts: Mapping[str, int], is_pooled: bool, expected: str
) -> None:
    with pytest.raises(BadData, match=expected):
        read_folders(write_image_folder(tmp_path / "set", counts), is_pooled=is_pooled)
