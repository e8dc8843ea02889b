"""Records with defaults for the trainer's tests; MLflow is real, on a SQLite file that each test gets a copy of."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from step_contract.catalog import Pipeline
from step_contract.step import Step, StepRequest, StepRun, TriggerForm
from trainer.job import Job
from trainer.settings import Settings
from trainer.storage.by_uri import DatasetStorage
from trainer.tracking.client import connect
from trainer.tracking.run_record import open_record

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
def make_job(settings: Settings, tmp_path: Path) -> Callable[..., Job]:
    """Return a function that opens the record and prepares a job: ``make_job("train", pipeline, run)``."""
    count = iter(range(1000))

    def make(step: str, pipeline: Pipeline | None = None, run: StepRun | None = None) -> Job:
        pipeline, run = pipeline or make_pipeline(), run or make_run()
        effective = run.form.applied_to(pipeline)
        workspace = tmp_path / "work" / f"{step}-{next(count)}"
        workspace.mkdir(parents=True)
        return Job(
            request=StepRequest(step=Step(step), pipeline=pipeline),
            run=run,
            pipeline=effective,
            record=open_record(settings.mlflow_tracking_uri, effective, run),
            storage=DatasetStorage(settings),
            settings=settings,
            workspace=workspace,
        )

    return make
