"""DAG runs that have come as far as train, evaluate or register, on digits: what the later steps start from."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from step_contract.catalog import Gate, Pipeline
from step_contract.failure import ExitCode
from step_contract.order import Step, StepOrder
from step_contract.result import EvaluateResult, RegisterResult, Result, StepOutcome, TrainResult, Verdict
from step_contract.step import StepRun
from step_contract.tags import WEIGHTS_SHA256_TAG
from tests.trainer.mlflow_client import client_of
from trainer.datasets.manifest import Manifest
from trainer.errors import Failed
from trainer.execution import run_step
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.gate.report import GateReport, ModelReport, write_report
from trainer.job import Job
from trainer.registry.model_registry import ModelRegistry
from trainer.registry.version import RegisteredVersion
from trainer.settings import Settings

from .conftest import make_pipeline, make_run
from .trained_model import record_preprocess

RunStep = Callable[..., tuple[Result, ExitCode]]
MakeRun = Callable[..., Job]

ALWAYS = {"metric": "mAP50", "minimum": 0.0, "minimum_improvement": -1.0}
"""A gate that every candidate passes."""
NEVER = {"metric": "mAP50", "minimum": 0.0, "minimum_improvement": 1.0}
"""A gate that keeps the champion, if there is one."""
REFUSES = {"metric": "mAP50", "minimum": 1.0}


def do_step(
    settings: Settings, step: str, dag_run: StepRun | None = None, pipeline: Pipeline | None = None
) -> tuple[Result, ExitCode]:
    """Run a step as the command line does, and raise the error itself that ended it."""
    order = StepOrder(step=Step(step), pipeline=pipeline or make_pipeline())
    try:
        return run_step(order, dag_run or make_run(), settings)
    except Failed as failed:
        raise failed.error from None


def record_trained(
    make_job: MakeRun,
    run: StepRun | None = None,
    pipeline: Pipeline | None = None,
    *,
    weights: Path,
    manifest: Manifest,
) -> Job:
    """Record a DAG run whose preprocess and train are done."""
    job = make_job("train", pipeline, run)
    record_preprocess(job, manifest)
    _store_weights(job, weights)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    finish(job, Step.TRAIN, TrainResult(epochs_done=3, metrics={}), f"inputs of {digest}")
    return job


def record_evaluated(
    trained_run: MakeRun,
    run: StepRun | None = None,
    pipeline: Pipeline | None = None,
    verdict: Verdict = Verdict.PROMOTE,
    against: str | None = None,
    *,
    weights: Path,
) -> Job:
    """Record a DAG run up to evaluate, with a verdict of your choice and real weights."""
    job = trained_run(run, pipeline, weights=weights)
    mark_evaluated(job, verdict, against, weights)
    return job


def record_registered(
    make_job: MakeRun,
    run: StepRun | None = None,
    pipeline: Pipeline | None = None,
    verdict: Verdict = Verdict.PROMOTE,
    against: str | None = None,
) -> Job:
    """Record a DAG run up to register, with made-up weights and a verdict of your choice."""
    job = make_job("register", pipeline, run)
    weights = job.workspace / f"{job.run.key}.pt"
    weights.write_text(f"made-up weights of {job.run.run_id}")
    mark_evaluated(job, verdict, against, weights)
    version = register_made_up(job, weights)
    finish(job, Step.REGISTER, RegisterResult(model=version.model, version=version.version))
    return job


def rewritten(weights: Path, target: Path, **changes: Any) -> Path:
    """Write a checkpoint with changed entries; ``names`` changes the model's class names."""
    # Loading imports ultralytics, which reads only then whether weights may run code.
    ultralytics_setup.prepare(target.parent / "config")
    import torch

    checkpoint = torch.load(weights, map_location="cpu", weights_only=False)
    if "names" in changes:
        checkpoint["model"].names = changes.pop("names")
    torch.save(checkpoint | changes, target)
    return target


def finish(job: Job, step: Step, outcome: StepOutcome, inputs: str = "inputs") -> None:
    """Leave a step's done-marker in the record."""
    job.record.begin_step(step, inputs)
    job.record.finish_step(step, Result(mlflow_run_id=job.record.run_id, summary="made up by a test", outcome=outcome))


def mark_evaluated(job: Job, verdict: Verdict, against: str | None, weights: Path) -> None:
    """Leave in the record what an evaluate step leaves there."""
    write_report(job.record, make_report(verdict, against, weights, job.pipeline.gate))
    outcome = EvaluateResult(verdict=verdict, reasons=("made up.",), candidate=0.5, champion_version=against)
    finish(job, Step.EVALUATE, outcome)


def make_report(
    verdict: Verdict = Verdict.PROMOTE,
    against: str | None = None,
    weights: Path | None = None,
    rule: Gate | None = None,
    **overrides: Any,
) -> GateReport:
    """A comparison that nobody made."""
    rule = rule or Gate.model_validate(ALWAYS)
    model = ModelReport(
        version=None,
        metrics={rule.metric: 0.5},
        per_class={"0": 0.5},
        latency_ms=10.0,
        size_bytes=5_000_000,
        parameters=2_000_000,
    )
    fields: dict[str, Any] = {
        "rule": rule,
        "verdict": verdict,
        "reasons": ("made up.",),
        "champion_version": against,
        "dataset_digest": "d" * 64,
        "split": "val",
        "images": 3,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest() if weights else "w" * 64,
        "candidate": model,
        "champion": model.model_copy(update={"version": against}) if against else None,
    }
    return GateReport.model_validate(fields | overrides)


def register_made_up(job: Job, weights: Path) -> RegisteredVersion:
    """Register any file as the run's version, without packing it as a model that could be loaded."""
    registry = ModelRegistry(client_of(job.record), job.pipeline.registry.model)
    registry.ensure_model(job.pipeline.name, job.pipeline.description)
    packed = job.workspace / "packed" / "artifacts"
    packed.mkdir(parents=True)
    shutil.copyfile(weights, packed / "best.pt")
    experiment = client_of(job.record).get_run(job.record.run_id).info.experiment_id
    model = client_of(job.record).create_logged_model(experiment, "model", job.record.run_id)
    client_of(job.record).log_model_artifacts(model.model_id, str(packed.parent))
    tags = {
        "run_key": job.run.key,
        "data_interval_end": job.run.data_interval_end.isoformat(),
        WEIGHTS_SHA256_TAG: hashlib.sha256(weights.read_bytes()).hexdigest(),
    }
    return registry.add_version(job.record.run_id, model.model_id, tags, "made up")


def registry_of(job: Job) -> ModelRegistry:
    """Return the pipeline's registered model."""
    return ModelRegistry(client_of(job.record), job.pipeline.registry.model)


def champion_of(job: Job) -> str | None:
    """Return the version that holds the champion alias."""
    version = registry_of(job).champion("champion")
    return version.version if version else None


def chain(job: Job) -> list[tuple[str | None, str | None]]:
    """Return each move of the champion alias as (from, to)."""
    return [(move.from_version, move.to_version) for move in registry_of(job).history("champion")]


def read_json(job: Job, path: str) -> Any:
    """Return a JSON artifact of the run."""
    return json.loads(job.record.download(path, job.workspace / "read").read_text(encoding="utf-8"))


def _store_weights(job: Job, weights: Path) -> None:
    best = job.workspace / "best.pt"
    shutil.copyfile(weights, best)
    job.record.log_artifact(best, "weights")
