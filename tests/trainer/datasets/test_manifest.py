"""Tests of the manifest: equal for equal datasets, and any difference is noticed."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step_contract.catalog import DatasetFormat, VisionTask
from trainer.datasets.manifest import ARTIFACT, Manifest, ManifestItem, decode, encode, load_manifest, record_manifest
from trainer.errors import BadData, BadRequest
from trainer.job import Job


def item(number: int = 0, **overrides: Any) -> ManifestItem:
    fields: dict[str, Any] = {
        "split": "train",
        "key": f"이미지/{number}.jpg",
        "size": 10,
        "etag": "e",
        "content_hash": f"{number:064x}",
        "width": 32,
        "height": 24,
        "label": "0 0.5 0.5 0.1 0.1\n1 0.5 0.5 0.2 0.2",
    }
    return ManifestItem(**fields | overrides)


def manifest(*items: ManifestItem, **overrides: Any) -> Manifest:
    fields: dict[str, Any] = {
        "task": VisionTask.DETECT,
        "format": DatasetFormat.YOLO,
        "uri": "file:///data/%ED%95%9C",
        "names": ("cat", "고양이"),
        "kpt_shape": None,
        "items": items or (item(0), item(1, split="val")),
    }
    return Manifest(**fields | overrides)


def test_a_manifest_survives_encoding_and_decoding() -> None:
    original = manifest(task=VisionTask.POSE, kpt_shape=(17, 3), flip_idx=(0, 2, 1))
    assert decode(encode(original)) == original


def test_a_manifest_that_a_proxy_has_unpacked_on_the_way_is_read() -> None:
    assert decode(gzip.decompress(encode(manifest()))) == manifest()


def test_equal_manifests_have_equal_bytes_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    first = encode(manifest())
    monkeypatch.setattr("time.time", lambda: 1e9)
    assert encode(manifest()) == first


def test_the_first_line_describes_the_manifest_to_a_person() -> None:
    header = json.loads(gzip.decompress(encode(manifest())).splitlines()[0])
    assert header["names"] == ["cat", "고양이"]
    assert header["images"] == {"train": 1, "val": 1, "test": 0}


@pytest.mark.parametrize(
    "other",
    [
        manifest(uri="s3://elsewhere"),
        manifest(format=DatasetFormat.COCO),
        manifest(item(1, split="val"), item(0)),
        manifest(item(0, key="renamed.jpg", etag="touched", size=11), item(1, split="val")),
    ],
)
def test_a_moved_renamed_or_touched_dataset_keeps_its_digest(other: Manifest) -> None:
    assert other.digest == manifest().digest


@pytest.mark.parametrize(
    "other",
    [
        manifest(task=VisionTask.SEGMENT),
        manifest(names=("고양이", "cat")),
        manifest(kpt_shape=(17, 3)),
        manifest(flip_idx=(0, 1)),
        manifest(item(0), item(1, split="test")),
        manifest(item(0), item(2, split="val")),
        manifest(item(0, label=""), item(1, split="val")),
        manifest(item(0), item(0), item(1, split="val")),
    ],
)
def test_other_content_has_another_digest(other: Manifest) -> None:
    assert other.digest != manifest().digest


@given(st.permutations(range(6)))
def test_the_digest_does_not_depend_on_the_order_of_items(order: list[int]) -> None:
    assert manifest(*(item(n) for n in order)).digest == manifest(*(item(n) for n in range(6))).digest


def test_the_measured_split_is_test_if_there_is_one_and_else_val() -> None:
    assert manifest().measured_split == "val"
    assert manifest(item(0), item(1, split="test")).measured_split == "test"
    assert [found.key for found in manifest().of("val")] == ["이미지/1.jpg"]


def altered(**header: Any) -> bytes:
    first, *rest = gzip.decompress(encode(manifest())).splitlines()
    return gzip.compress(b"\n".join([json.dumps(json.loads(first) | header).encode(), *rest]))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (encode(manifest())[:-20], "is damaged (EOFError"),
        (b"nothing", "is damaged (JSONDecodeError"),
        (gzip.compress(b""), "is damaged (ValueError"),
        (gzip.compress(b"{}"), "is damaged (KeyError"),
        (altered(version=99), "has version 99; this trainer reads 2, run preprocess again"),
        (altered(digest="0" * 64), "records digest 000000000000, but its content has"),
        (altered(names=["cat"]), "run preprocess again"),
    ],
    ids=["cut short", "no archive", "empty", "no header", "of a later version", "another digest", "another name"],
)
def test_a_manifest_that_is_damaged_or_changed_is_refused(content: bytes, expected: str) -> None:
    with pytest.raises(BadData, match=re.escape(expected)):
        decode(content)


def test_a_manifest_is_recorded_once_and_found_by_another_step(make_job: Callable[..., Job], tmp_path: Path) -> None:
    preprocess, train = make_job("preprocess"), make_job("train")
    with pytest.raises(BadRequest, match=f"has no {ARTIFACT}; run preprocess of this DAG run first"):
        load_manifest(train.record, train.workspace)
    record_manifest(preprocess.record, manifest(item(5)), preprocess.workspace)
    record_manifest(preprocess.record, manifest(), preprocess.workspace)
    assert load_manifest(train.record, train.workspace) == manifest()
    assert train.record.artifacts("dataset") == [ARTIFACT]
