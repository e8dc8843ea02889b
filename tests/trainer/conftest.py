"""Fixtures of the trainer's tests, and records with defaults.

MLflow is real, on a SQLite file of which each test gets a copy. What a fixture does stands in the module beside it that
the fixture imports when a test asks for it: moto's server, the steps and the pictures cost seconds.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from step_contract.catalog import Pipeline
from step_contract.order import Step, StepOrder
from step_contract.step import StepRun, TriggerForm
from tests.web_receiver import Receiver, receiving
from trainer.job import Job
from trainer.settings import Settings
from trainer.storage.by_uri import DatasetStorage
from trainer.tracking import RunRecord, connect, open_record

if TYPE_CHECKING:
    from trainer.datasets.manifest import Manifest

    from .command_outcomes import Preprocess, RunMain
    from .s3_store import FaultyProxy, S3Store
    from .trained_runs import RunStep

MakeJob = Callable[..., Job]

# Two workers share a small machine; models this small gain nothing from a second thread each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

FIRST_NIGHT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database; making one takes seconds, copying one does not."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    connect(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def settings(tmp_path: Path, migrated_database: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a deployment that lives in the test's own folder."""
    shutil.copy(migrated_database, tmp_path / "mlflow.db")
    # A SQLite store keeps artifacts below the working directory.
    monkeypatch.chdir(tmp_path)
    return Settings(
        _env_file=None,
        mlflow_tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}",
        dataset_root=str(tmp_path / "store"),
        trainer_work_dir=tmp_path / "work",
        trainer_cache_dir=tmp_path / "cache",
        trainer_device="cpu",
    )


def make_pipeline(**overrides: Any) -> Pipeline:
    """A small detection pipeline; nested fields are given as mappings."""
    fields: dict[str, Any] = {
        "name": "digits",
        "description": "손글씨 숫자",
        "task": "detect",
        "dataset": {"uri": "digits", "split": {"seed": 0}},
        "model": "yolo11n.yaml",
        "training": {
            "epochs": 2,
            "batch": 8,
            "imgsz": 64,
            "arguments": {"nbs": 8, "optimizer": "AdamW", "lr0": 0.003, "warmup_epochs": 1, "mosaic": 0, "amp": False},
        },
        "gate": {"metric": "mAP50", "minimum": 0.0},
        "registry": {"model": "digits"},
    }
    return Pipeline.model_validate(fields | overrides)


def make_run(night: int = 0, **overrides: Any) -> StepRun:
    """The nightly run over day ``night`` after 2026-03-01."""
    start = FIRST_NIGHT + timedelta(days=night)
    fields: dict[str, Any] = {
        "dag_id": "train_digits",
        "run_id": f"scheduled__{start.isoformat()}",
        "run_type": "scheduled",
        "logical_date": start,
        "data_interval_start": start,
        "data_interval_end": start + timedelta(days=1),
        "form": TriggerForm(),
    }
    return StepRun.model_validate(fields | overrides)


@pytest.fixture
def make_job(settings: Settings, tmp_path: Path) -> MakeJob:
    """Return a function that opens the record and prepares a job: ``make_job("train", pipeline, run)``."""
    count = iter(range(1000))

    def make(step: str, pipeline: Pipeline | None = None, run: StepRun | None = None) -> Job:
        pipeline, run = pipeline or make_pipeline(), run or make_run()
        effective = run.form.applied_to(pipeline)
        workspace = tmp_path / "work" / f"{step}-{next(count)}"
        workspace.mkdir(parents=True)
        return Job(
            order=StepOrder(step=Step(step), pipeline=pipeline),
            run=run,
            pipeline=effective,
            record=open_record(settings.mlflow_tracking_uri, effective, run),
            storage=DatasetStorage(settings),
            settings=settings,
            workspace=workspace,
        )

    return make


@pytest.fixture
def record(make_job: MakeJob) -> RunRecord:
    """The record of a train step."""
    return make_job("train").record


@pytest.fixture
def web_ui() -> Iterator[Receiver]:
    """A receiver of the web UI's events."""
    with receiving() as receiver:
        yield receiver


# -- trained models and DAG runs --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a detector of digits that has seen three epochs; one for all workers of a test run."""
    from .trained_model import shared_tiny_weights

    return shared_tiny_weights(tmp_path_factory)


@pytest.fixture(scope="session")
def other_weights(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model in another file, so that its digest differs."""
    from .trained_runs import rewritten

    return rewritten(tiny_weights, tmp_path_factory.mktemp("other") / "other.pt", date="another day")


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> "Manifest":
    """A few pictures of digits, a quarter of them for val."""
    from .trained_model import digits_manifest

    return digits_manifest(tmp_path_factory.mktemp("pool") / "digits", pictures=12)


@pytest.fixture
def train_job(make_job: MakeJob, tmp_path: Path) -> MakeJob:
    """Return a function that makes the next attempt of a train step, whose preprocess is done; has ``tiny.yaml``."""
    from .tiny_training import train_attempts

    return train_attempts(make_job, tmp_path)


@pytest.fixture
def do(settings: Settings) -> "RunStep":
    """Return a function that runs a step as the command line does: ``do("evaluate", run, pipeline)``."""
    from .trained_runs import do_step

    return partial(do_step, settings)


@pytest.fixture
def trained_run(make_job: MakeJob, digits: "Manifest", tiny_weights: Path) -> MakeJob:
    """Return a function that records a DAG run whose preprocess and train are done, with given weights."""
    from .trained_runs import record_trained

    return partial(record_trained, make_job, weights=tiny_weights, manifest=digits)


@pytest.fixture
def evaluated_run(trained_run: MakeJob, tiny_weights: Path) -> MakeJob:
    """Return a function that records a DAG run up to evaluate, with a verdict of your choice and real weights."""
    from .trained_runs import record_evaluated

    return partial(record_evaluated, trained_run, weights=tiny_weights)


@pytest.fixture
def registered_run(make_job: MakeJob) -> MakeJob:
    """Return a function that records a DAG run up to register, with made-up weights and a verdict of your choice."""
    from .trained_runs import record_registered

    return partial(record_registered, make_job)


# -- an S3 store ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server that lives as long as the tests."""
    from .s3_store import serving_s3

    with serving_s3() as endpoint:
        yield endpoint


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> "S3Store":
    """An empty store, whose credentials are in the environment."""
    from .s3_store import KEY, SECRET, empty_store

    for name, value in (("ACCESS_KEY_ID", KEY), ("SECRET_ACCESS_KEY", SECRET), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return empty_store(s3_server)


@pytest.fixture
def proxy(s3: "S3Store") -> Iterator["FaultyProxy"]:
    """A proxy before the server, whose faults hit the fetching of objects only."""
    from .s3_store import FaultyProxy

    proxy = FaultyProxy(s3.endpoint, applies=lambda head: b"If-Match" in head)
    yield proxy
    proxy.close()


# -- the command line in this process ---------------------------------------------------------------------------------


@pytest.fixture
def run_main(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> "RunMain":
    """Return a function that runs a command: ``run_main("preprocess", STEP_REQUEST="{}")``."""
    from .command_outcomes import outcome_of_main

    for name in ("mlflow_tracking_uri", "dataset_root", "trainer_work_dir", "trainer_cache_dir"):
        monkeypatch.setenv(name.upper(), str(getattr(settings, name)))
    return partial(outcome_of_main, monkeypatch, capsys, caplog)


@pytest.fixture
def preprocess(run_main: "RunMain") -> "Preprocess":
    """Return a function that preprocesses the dataset ``set`` of the store; overrides are fields of the dataset."""
    from .command_outcomes import preprocessing

    return preprocessing(run_main)


@pytest.fixture
def classify(run_main: "RunMain") -> "Preprocess":
    """Return the same function for a pipeline that classifies."""
    from .command_outcomes import preprocessing

    return preprocessing(run_main, task="classify", gate={"metric": "accuracy_top1"})
