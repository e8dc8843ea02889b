"""Tests of eviction: the files it deletes from the dataset cache, and the files it keeps."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trainer.dataset_files import image_bytes, pipeline_over, write, write_yolo_pool
from tests.trainer.preprocessing import preprocessed
from trainer.datasets.manifest import load_manifest
from trainer.datasets.materialize import materialize_dataset
from trainer.job import Job
from trainer.storage.eviction import evict, evict_if_due

MakeJob = Callable[..., Job]
HOUR, DAY = 3600.0, 86400.0


def put(cache: Path, name: str, age: float, size: int = 1000) -> Path:
    """Write a copy that was last used some seconds ago."""
    path = write(cache, {name: b"x" * size}) / name
    os.utime(path, (time.time() - age,) * 2)
    return path


def left(cache: Path) -> list[str]:
    return sorted(path.relative_to(cache).as_posix() for path in cache.rglob("*") if path.is_file())


def test_the_least_recently_used_copies_are_deleted_until_the_rest_fits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path, "objects/aa/1.jpg", 5 * HOUR)
    put(tmp_path, "archives/2", 4 * HOUR)
    put(tmp_path, "objects/bb/3.jpg", 3 * HOUR)
    put(tmp_path, "objects/bb/4.jpg", 2 * HOUR)
    with caplog.at_level(logging.INFO):
        evict(tmp_path, max_gb=2500e-9, keep_days=0)
    assert left(tmp_path) == ["objects/bb/3.jpg", "objects/bb/4.jpg"]
    assert "deleted 2 files, 0.000 GB, least recently used above 2.5e-06 GB (TRAINER_CACHE_MAX_GB)" in caplog.text


def test_copies_used_in_the_last_hour_are_kept(tmp_path: Path) -> None:
    put(tmp_path, "objects/aa/1.jpg", 0.9 * HOUR)
    put(tmp_path, "objects/aa/2.jpg", 1.1 * HOUR)
    evict(tmp_path, max_gb=1e-9, keep_days=0)
    assert left(tmp_path) == ["objects/aa/1.jpg"]


def test_copies_not_used_for_long_are_deleted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, "objects/aa/1.jpg", 8 * DAY)
    put(tmp_path, "objects/aa/2.jpg", 6 * DAY)
    with caplog.at_level(logging.INFO):
        evict(tmp_path, max_gb=0, keep_days=7)
    assert left(tmp_path) == ["objects/aa/2.jpg"]
    assert "deleted 1 files, 0.000 GB, not used for 7 days (TRAINER_CACHE_KEEP_DAYS)" in caplog.text


def test_without_limits_only_leftovers_are_deleted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(tmp_path, "incoming/abc", 2 * DAY)
    put(tmp_path, "incoming/.fetch-xyz", 2 * DAY)
    put(tmp_path, "incoming/new", HOUR)
    put(tmp_path, "objects/aa/1.jpg", 1000 * DAY)
    put(tmp_path, "facts/x.json", 1000 * DAY)
    with caplog.at_level(logging.INFO):
        evict(tmp_path, max_gb=0, keep_days=0)
    assert left(tmp_path) == ["facts/x.json", "incoming/new", "objects/aa/1.jpg"]
    assert "deleted 2 files, 0.000 GB, left behind by interrupted fetches" in caplog.text


def test_a_missing_cache_is_empty(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    evict(tmp_path / "none", max_gb=1, keep_days=1)
    assert caplog.text == ""


@pytest.mark.faults
def test_use_by_a_training_counts_and_an_evicted_copy_does_not_hurt_it(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    job = make_job("preprocess", pipeline_over())
    preprocessed(job)
    cache, manifest = job.settings.trainer_cache_dir, load_manifest(job.record, job.workspace)
    copies = [cache / name for name in left(cache) if name.startswith("objects/")]
    for copy in copies:
        os.utime(copy, (time.time() - 10 * DAY,) * 2)
    data = materialize_dataset(manifest, make_job("train"), tmp_path / "out")
    evict(cache, max_gb=0, keep_days=7)
    assert all(copy.exists() for copy in copies)
    for copy in copies:
        os.utime(copy, (time.time() - 10 * DAY,) * 2)
    evict(cache, max_gb=0, keep_days=7)
    assert not any(copy.exists() for copy in copies)
    found = sorted(path.read_bytes() for path in (data.parent / "images").rglob("*.jpg"))
    assert found == sorted(image_bytes(number) for number in range(24))


def test_preprocess_evicts(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    put(tmp_path / "cache", "objects/aa/old.jpg", 100 * DAY)
    preprocessed(make_job("preprocess", pipeline_over()))
    assert "objects/aa/old.jpg" not in left(tmp_path / "cache")


def test_the_cache_is_scanned_once_an_hour(tmp_path: Path) -> None:
    evict_if_due(tmp_path, max_gb=0, keep_days=7)
    put(tmp_path, "objects/aa/1.jpg", 8 * DAY)
    evict_if_due(tmp_path, max_gb=0, keep_days=7)
    assert "objects/aa/1.jpg" in left(tmp_path)
    os.utime(tmp_path / "evicted", (time.time() - 1.1 * HOUR,) * 2)
    evict_if_due(tmp_path, max_gb=0, keep_days=7)
    assert left(tmp_path) == ["evicted"]
