"""Tests of preprocess and train with datasets in S3: training uses exactly the validated data."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from step_contract.failure import ExitCode
from step_contract.order import Step, StepOrder
from tests.trainer.conftest import make_run
from tests.trainer.dataset_files import image_bytes, pipeline_over, write, write_yolo_pool
from tests.trainer.preprocessing import preprocessed
from tests.trainer.s3_store import S3Store
from tests.trainer.storage.test_archives import pack
from trainer.datasets.manifest import Manifest, load_manifest
from trainer.datasets.materialize import materialize_dataset
from trainer.errors import BadData, BadRequest, TryAgain
from trainer.execution import run_step
from trainer.job import Job
from trainer.settings import Settings
from trainer.steps import preprocess
from trainer.storage.by_uri import DatasetStorage
from trainer.storage.interface import StoredObject

MakeJob = Callable[..., Job]


@pytest.fixture
def settings(settings: Settings, s3: S3Store) -> Settings:
    return settings.model_copy(
        update={"dataset_root": "s3://sets/뿌리", "s3_endpoint_url": s3.endpoint, "s3_attempts": 2}
    )


def upload(s3: S3Store, folder: Path, prefix: str = "뿌리/set") -> None:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}
    s3.put("sets", {f"{prefix}/{name}": content for name, content in files.items()})


def trained_on(job: Job, manifest: Manifest, folder: Path) -> list[bytes]:
    """Return the images that train would see with an empty cache."""
    emptied = job.settings.model_copy(update={"trainer_cache_dir": folder / "empty"})
    fresh = Job(job.order, job.run, job.pipeline, job.record, DatasetStorage(emptied), emptied, job.workspace)
    data = materialize_dataset(manifest, fresh, folder / "out")
    return sorted(path.read_bytes() for path in (data.parent / "images").rglob("*.jpg"))


ALL = sorted(image_bytes(number) for number in range(24))


@pytest.mark.parametrize("versioning", [None, pytest.param("Enabled", marks=pytest.mark.faults)])
def test_an_unchanged_dataset_is_fetched_once_and_trained_on(
    make_job: MakeJob, s3: S3Store, tmp_path: Path, versioning: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.make_bucket("sets", versioning=versioning)
    upload(s3, write_yolo_pool(tmp_path / "pool"))
    job = make_job("preprocess", pipeline_over())
    result = preprocessed(job)
    manifest = load_manifest(job.record, job.workspace)
    assert manifest.uri == "s3://sets/뿌리/set"
    assert all((item.version_id is not None) == bool(versioning) for item in manifest.items)
    assert trained_on(make_job("train"), manifest, tmp_path) == ALL
    fetched: list[str] = []

    def fetch(self: DatasetStorage, uri: str, item: StoredObject, target: Path) -> str:
        fetched.append(item.key)
        return ""

    monkeypatch.setattr(DatasetStorage, "fetch", fetch)
    assert preprocessed(make_job("preprocess", pipeline_over(), make_run(1))) == result
    materialize_dataset(manifest, make_job("train"), tmp_path / "cached")
    assert fetched == []


def test_versions_are_trained_on_though_overwritten_and_deleted_since(
    make_job: MakeJob, s3: S3Store, tmp_path: Path
) -> None:
    s3.make_bucket("sets", versioning="Enabled")
    upload(s3, write_yolo_pool(tmp_path / "pool"))
    job = make_job("preprocess", pipeline_over())
    preprocessed(job)
    s3.put("sets", {"뿌리/set/images/000.jpg": image_bytes(99)})
    s3.client.delete_object(Bucket="sets", Key="뿌리/set/images/001.jpg")
    manifest = load_manifest(job.record, job.workspace)
    assert trained_on(make_job("train"), manifest, tmp_path) == ALL


def test_without_versions_an_object_changed_since_is_bad_data(make_job: MakeJob, s3: S3Store, tmp_path: Path) -> None:
    s3.make_bucket("sets")
    upload(s3, write_yolo_pool(tmp_path / "pool"))
    job = make_job("preprocess", pipeline_over())
    preprocessed(job)
    s3.put("sets", {"뿌리/set/images/000.jpg": image_bytes(99)})
    with pytest.raises(BadData, match=r"s3://sets/뿌리/set/images/000\.jpg changed since it was listed") as caught:
        trained_on(make_job("train"), load_manifest(job.record, job.workspace), tmp_path)
    assert caught.value.kind.exit_code == ExitCode.BAD_DATA


def test_an_object_that_changes_while_preprocess_reads_is_try_again(
    make_job: MakeJob, s3: S3Store, tmp_path: Path
) -> None:
    s3.make_bucket("sets")
    upload(s3, write_yolo_pool(tmp_path / "pool"))
    job = make_job("preprocess", pipeline_over())
    plan = preprocess.plan(job)
    s3.put("sets", {"뿌리/set/images/004.jpg": image_bytes(99)})
    with pytest.raises(TryAgain, match=r"images/004\.jpg changed while it was read; wait until its writer is done"):
        plan.work()


def test_a_run_sees_the_bucket_as_it_was_at_the_end_of_its_data_interval(
    make_job: MakeJob, s3: S3Store, tmp_path: Path
) -> None:
    s3.make_bucket("sets", versioning="Enabled")
    upload(s3, write_yolo_pool(tmp_path / "pool"))
    then = datetime.now(UTC) + timedelta(seconds=1)
    time.sleep(1)
    upload(s3, write(tmp_path / "more", {"images/099.jpg": image_bytes(99), "labels/099.txt": "0 0.5 0.5 0.1 0.1\n"}))
    past = make_run(data_interval_end=then.replace(microsecond=0))
    pipelines: dict[str, Any] = {
        "then": (pipeline_over(as_of="data_interval_end"), past),
        "now": (pipeline_over(), make_run(1, data_interval_end=past.data_interval_end)),
    }
    counts = {name: preprocessed(make_job("preprocess", *pair)).images for name, pair in pipelines.items()}
    assert (sum(counts["then"].values()), sum(counts["now"].values())) == (24, 25)


@pytest.mark.parametrize("where", ["set", "file"])
def test_as_of_is_refused_where_the_past_is_not_kept(
    make_job: MakeJob, s3: S3Store, tmp_path: Path, where: str
) -> None:
    s3.make_bucket("sets")
    pool = write_yolo_pool(tmp_path / "pool")
    upload(s3, pool)
    pipeline = pipeline_over(as_of="data_interval_end")
    if where == "file":
        # The trigger form can do this; the catalog refuses it.
        dataset = pipeline.dataset.model_copy(update={"uri": pool.as_uri()})
        pipeline = pipeline.model_copy(update={"dataset": dataset})
    with pytest.raises(BadRequest, match=r"dataset\.as_of is data_interval_end, but .* leave dataset\.as_of out"):
        preprocessed(make_job("preprocess", pipeline))


def test_an_archive_in_a_bucket_keeps_its_version(make_job: MakeJob, s3: S3Store, tmp_path: Path) -> None:
    s3.make_bucket("sets", versioning="Enabled")
    pool = write_yolo_pool(tmp_path / "pool")
    files = {f"inside/{path.relative_to(pool).as_posix()}": path.read_bytes() for path in pool.rglob("*.*")}
    s3.put("sets", {"뿌리/set 1.tar.gz": pack(tmp_path / "set.tar.gz", files).read_bytes()})
    job = make_job("preprocess", pipeline_over("set 1.tar.gz/inside"))
    preprocessed(job)
    s3.put("sets", {"뿌리/set 1.tar.gz": b"another"})
    assert trained_on(make_job("train"), load_manifest(job.record, job.workspace), tmp_path) == ALL


def test_a_step_reads_from_the_endpoint_of_its_settings(settings: Settings, s3: S3Store, tmp_path: Path) -> None:
    s3.make_bucket("sets")
    upload(s3, write_yolo_pool(tmp_path / "pool"))
    result, code = run_step(StepOrder(step=Step.PREPROCESS, pipeline=pipeline_over()), make_run(), settings)
    assert (code, result.outcome.verb) == (ExitCode.DONE, Step.PREPROCESS)
