"""Tests of reading in preprocess: an unchanged dataset costs one listing, even if caches were lost."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from tests.trainer.conftest import make_run
from tests.trainer.dataset_files import coco, image_bytes, pipeline_over, write, write_yolo_pool
from tests.trainer.preprocessing import preprocessed
from trainer.datasets import reader as source_reader
from trainer.datasets.image_facts import ImageFacts, inspect_images
from trainer.errors import BadData, TryAgain
from trainer.job import Job
from trainer.steps import preprocess
from trainer.storage.folders import FileStorage
from trainer.storage.interface import StoredObject

MakeJob = Callable[..., Job]


class CountingStorage(FileStorage):
    """Records what was read."""

    def __init__(self) -> None:
        self.listed: list[str] = []
        self.fetched: list[str] = []

    def list_objects(self, uri: str, as_of: datetime | None = None) -> list[StoredObject]:
        self.listed.append(uri)
        return super().list_objects(uri, as_of)

    def fetch(self, uri: str, item: StoredObject, target: Path) -> str:
        self.fetched.append(item.key)
        return super().fetch(uri, item, target)


def with_storage(job: Job, storage: FileStorage) -> Job:
    return Job(job.order, job.run, job.pipeline, job.record, storage, job.settings, job.workspace)


@pytest.mark.parametrize("kind", ["yolo", "coco"])
def test_an_unchanged_dataset_costs_one_listing_and_no_file_is_read(
    make_job: MakeJob, tmp_path: Path, kind: str
) -> None:
    folder = write_yolo_pool(tmp_path / "store" / "set")
    annotations = [{"image": n, "category_id": (3, 7)[n % 2]} for n in range(24)]
    write(folder, {"all.json": coco([f"{n:03d}.jpg" for n in range(24)], annotations)})
    first = make_job("preprocess", pipeline_over(format=kind))
    result = preprocessed(first)
    storage = CountingStorage()
    again = with_storage(make_job("preprocess", pipeline_over(format=kind), make_run(1)), storage)
    assert preprocess.plan(again).work()[0] == result
    assert (len(storage.listed), storage.fetched) == (1, [])


def test_only_what_changed_is_read_and_only_new_content_is_decoded(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_yolo_pool(tmp_path / "store" / "set")
    preprocessed(make_job("preprocess", pipeline_over()))
    write(
        folder,
        {
            "images/new.jpg": image_bytes(99),
            "labels/new.txt": "0 0.5 0.5 0.1 0.1",
            "labels/003.txt": "1 0.4 0.4 0.1 0.1",
        },
    )
    (folder / "images" / "005.jpg").touch()
    decoded: list[Path] = []

    def inspect(paths: Sequence[Path]) -> list[ImageFacts]:
        decoded.extend(paths)
        return inspect_images(paths)

    monkeypatch.setattr(source_reader, "inspect_images", inspect)
    storage = CountingStorage()
    preprocessed(with_storage(make_job("preprocess", pipeline_over(), make_run(1)), storage))
    assert sorted(storage.fetched) == ["images/005.jpg", "images/new.jpg", "labels/003.txt", "labels/new.txt"]
    assert len(decoded) == 1


def test_images_read_before_a_failure_are_not_read_again(make_job: MakeJob, tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "store" / "set")
    write(folder, {"images/000.jpg": b"broken"})
    with pytest.raises(BadData):
        preprocessed(make_job("preprocess", pipeline_over()))
    write(folder, {"images/000.jpg": image_bytes(0)})
    storage = CountingStorage()
    preprocessed(with_storage(make_job("preprocess", pipeline_over()), storage))
    assert storage.fetched == ["images/000.jpg"]


@pytest.mark.parametrize(
    "damage", [lambda content: content[:-100], lambda content: b"", lambda content: content.replace(b"jpg", b"png", 1)]
)
def test_a_damaged_fact_cache_is_dropped_with_a_warning(
    make_job: MakeJob, tmp_path: Path, damage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    result = preprocessed(make_job("preprocess", pipeline_over()))
    (facts,) = (tmp_path / "cache" / "facts").iterdir()
    facts.write_bytes(damage(facts.read_bytes()))
    assert preprocessed(make_job("preprocess", pipeline_over(), make_run(1))) == result
    assert "is damaged and ignored; every image is read again" in caplog.text
    caplog.clear()
    assert preprocessed(make_job("preprocess", pipeline_over(), make_run(2))) == result
    assert caplog.text == ""


def test_an_emptied_object_cache_does_not_matter(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    result = preprocessed(make_job("preprocess", pipeline_over()))
    for folder in ("objects", "contact_sheets"):
        for path in (tmp_path / "cache" / folder).rglob("*.*"):
            path.unlink()
    assert preprocessed(make_job("preprocess", pipeline_over(), make_run(1))) == result


def test_a_fact_cache_that_cannot_be_written_only_costs_time(
    make_job: MakeJob, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    write(tmp_path / "cache", {"facts": "a file where a folder should be"})
    preprocessed(make_job("preprocess", pipeline_over()))
    assert "the next preprocess will read every image again" in caplog.text


def test_an_object_that_changes_while_it_is_read_is_try_again(make_job: MakeJob, tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "store" / "set")
    job = make_job("preprocess", pipeline_over())
    plan = preprocess.plan(job)
    write(folder, {"labels/004.txt": "0 0.5 0.5 0.1 0.1\n" * 2})
    with pytest.raises(TryAgain, match=r"labels/004\.txt changed while it was read \(had 20 bytes, read 36\)"):
        plan.work()


def test_long_reading_logs_its_progress(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    monkeypatch.setattr(source_reader, "_BATCH", 10)
    with caplog.at_level(logging.INFO):
        preprocessed(make_job("preprocess", pipeline_over()))
    assert "validated 24 / 24 images" in caplog.text
