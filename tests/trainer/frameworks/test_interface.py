"""Another framework than ultralytics goes through the five steps, in processes of their own, with no line changed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlflow.pyfunc
import pytest

from step_contract import transport
from step_contract.catalog import Pipeline
from step_contract.order import Step, StepOrder
from step_contract.result import EvaluateResult, PromoteResult, RegisterResult, Result, TrainResult, Verdict
from step_contract.step import StepRun
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.trained_model import shades_manifest
from trainer import frameworks
from trainer.execution import run_step
from trainer.settings import Settings
from trainer.tracking import RunRecord, find_record
from trainer.training.checkpoints import CheckpointStore

ROOT = Path(__file__).parents[3]
EPOCHS = 12
SPLIT = {"seed": 0, "train": 0.5, "val": 0.5, "test": 0.0}
LIMITS = {"minimum_train_images": 1, "minimum_val_images": 1, "minimum_class_instances": 0}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Dark and light pictures for the toy, whose memory suffices for a batch of 4."""
    shades_manifest(tmp_path / "store" / "shades", pictures=16)
    return make_pipeline(
        name="shades",
        task="classify",
        model="toy",
        dataset={"uri": "shades", "format": "imagefolder", "split": SPLIT, "limits": LIMITS},
        training={"epochs": EPOCHS, "batch": 8, "arguments": {"largest_batch": 4, "seconds": 0.3}},
        gate={"metric": "accuracy_top1", "minimum": 0.9, "minimum_improvement": 0.0},
        registry={"model": "shades"},
    )


@pytest.fixture
def start(settings: Settings, pipeline: Pipeline, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Return a function that starts a step as a process of the trainer that has the toy."""

    def run(step: Step, run: StepRun) -> subprocess.Popen[str]:
        environment = os.environ | transport.encode_environment(StepOrder(step=step, pipeline=pipeline), run)
        environment |= {name.upper(): str(value) for name, value in settings.model_dump().items()}
        command = [sys.executable, "-m", "tests.trainer.frameworks.toy_trainer", step.value]
        return subprocess.Popen(
            command, env=environment | {"PYTHONPATH": str(ROOT)}, cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )

    return run


def finish(process: subprocess.Popen[str]) -> Result:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    (answer,) = [found for line in output.splitlines() if (found := transport.decode_line(line))]
    assert isinstance(answer, Result)
    return answer


def kill_after_a_checkpoint(process: subprocess.Popen[str], record: RunRecord) -> int:
    store, deadline = CheckpointStore(record), time.monotonic() + 60
    try:
        while not store.available() and process.poll() is None:
            assert time.monotonic() < deadline, "no checkpoint"
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return store.available()[0].epoch


def test_a_toy_is_trained_killed_resumed_measured_gated_registered_and_promoted(
    start: Callable[..., subprocess.Popen[str]],
    pipeline: Pipeline,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make_run()
    finish(start(Step.PREPROCESS, run))
    record = find_record(settings.mlflow_tracking_uri, pipeline, run)
    assert record is not None
    reached = kill_after_a_checkpoint(start(Step.TRAIN, run), record)
    assert 1 <= reached < EPOCHS

    trained = finish(start(Step.TRAIN, make_run(try_number=2))).outcome
    assert isinstance(trained, TrainResult)
    assert trained.epochs_done == EPOCHS
    assert trained.resumed_from_epoch is not None
    assert trained.resumed_from_epoch >= reached
    assert record.metric_epochs("train/loss") == list(range(1, EPOCHS + 1))
    assert record.artifacts("weights") == ["weights/levels.json"]
    assert record.artifacts("train") == ["train/state.json"]
    assert record.artifacts("checkpoints") == []
    assert record.tags()["environment.toy"] == "1"
    assert "environment.torch" not in record.tags()

    evaluated, registered, promoted = (
        finish(start(step, make_run(try_number=2))).outcome for step in (Step.EVALUATE, Step.REGISTER, Step.PROMOTE)
    )
    assert isinstance(evaluated, EvaluateResult)
    assert (evaluated.verdict, evaluated.candidate) == (Verdict.PROMOTE, 1.0)
    assert isinstance(registered, RegisterResult)
    assert isinstance(promoted, PromoteResult)
    assert (registered.version, promoted.promoted) == ("1", True)
    served = mlflow.pyfunc.load_model("models:/shades@champion")
    assert served.predict([40.0, 210.0]) == ["어두움", "밝음"]

    # The next night is measured against it.
    monkeypatch.setattr(frameworks, "FRAMEWORKS", {"toy": "tests.trainer.frameworks.toy"})
    monkeypatch.setattr(frameworks, "USUAL_FRAMEWORK", "toy")
    for step in (Step.PREPROCESS, Step.TRAIN, Step.EVALUATE):
        result, _ = run_step(StepOrder(step=step, pipeline=pipeline), make_run(1), settings)
    assert isinstance(result.outcome, EvaluateResult)
    assert (result.outcome.champion_version, result.outcome.champion) == ("1", 1.0)
