"""Trainings that take a second an epoch: a pipeline, its train step run alone, and its epochs in the record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from step_contract.catalog import Pipeline
from step_contract.order import Step
from step_contract.result import Result, TrainResult
from step_contract.step import StepRun
from tests.tiny_model import TINY_MODEL
from trainer.datasets.manifest import Manifest
from trainer.job import Job
from trainer.steps import train
from trainer.tracking import RunRecord

from .conftest import make_pipeline
from .trained_model import digits_manifest, record_preprocess

MakeJob = Callable[..., Job]
ARGUMENTS = {"nbs": 8, "optimizer": "AdamW", "lr0": 0.003, "warmup_epochs": 1, "mosaic": 0, "amp": False}


def tiny_pipeline(epochs: int = 2, *, arguments: dict[str, Any] | None = None, **overrides: Any) -> Pipeline:
    """Return a pipeline with a tiny model and 32-pixel images; no pictures, unless a test is about them."""
    own = {"plots": False, **ARGUMENTS, **(arguments or {})}
    training = {"epochs": epochs, "batch": 8, "imgsz": 32, "arguments": own}
    return make_pipeline(**{"model": "tiny.yaml", "training": training, **overrides})


def train_attempts(make_job: MakeJob, folder: Path) -> MakeJob:
    """Put ``tiny.yaml`` into the store and return a function that makes the next attempt of a train step."""
    manifests: dict[str, Manifest] = {}
    (folder / "store").mkdir()
    (folder / "store" / "tiny.yaml").write_text(TINY_MODEL, encoding="utf-8")

    def make(pipeline: Pipeline | None = None, run: StepRun | None = None, manifest: Manifest | None = None) -> Job:
        job = make_job("train", pipeline, run)
        if job.record.result_of(Step.PREPROCESS) is None:
            record_preprocess(job, manifest or manifests.setdefault("digits", digits_manifest(folder / "digits")))
        return job

    return make


def do_train(job: Job) -> TrainResult:
    """Run the step as the command line does, without its done-marker."""
    job.record.begin_step(Step.TRAIN, train.fingerprint(job))
    return train.work(job)


def mark_done(job: Job, result: TrainResult) -> None:
    """Leave the train step's done-marker in the record."""
    job.record.finish_step(Step.TRAIN, Result(mlflow_run_id=job.record.run_id, summary="done", outcome=result))


def epochs_of(record: RunRecord, key: str = "train/cls_loss") -> list[int]:
    """Return the epochs for which the record has a metric."""
    return record.metric_epochs(key)
