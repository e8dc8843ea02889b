"""The five steps themselves as pods of a real cluster, with a drain in mid-training: part of `make test-kubernetes`.

MLflow and the data are the laboratory's own, or those of TEST_MLFLOW_TRACKING_URI and TEST_DATASET_ROOT (both as pods
reach them, with `digits/` in the latter).
"""

import json
from pathlib import Path

import pytest
import yaml

from include.step_contract.order import Step, StepOrder
from tests.pipelines.conftest import RUN, make_pipeline

from .lab import IMAGE, Lab, provide
from .services import RESOURCES, dataset_uri, steps_template
from .steps import Task, wait_for

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(1200)]


@pytest.fixture
def whole_lab(lab: Lab) -> Lab:
    provide(lab)
    return lab


def training_task(
    folder: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch, step: Step, run_id: str, epochs: int
) -> Task:
    """A task whose step is the trainer's own, of the sample pipeline."""
    arguments = {
        "nbs": 8,
        "optimizer": "AdamW",
        "lr0": 0.003,
        "warmup_epochs": 1,
        "mosaic": 0,
        "amp": False,
        "workers": 0,
    }
    pipeline = make_pipeline(
        dataset={"uri": dataset_uri(), "split": {"seed": 0}},
        training={"epochs": epochs, "batch": 8, "imgsz": 64, "arguments": arguments},
        resources={each.value: RESOURCES for each in Step},
        execution={"timeout_minutes": {each.value: 20 for each in Step}},
        gate={"metric": "mAP50", "minimum": 0.0, "tolerance": 1.0},
    )
    run = json.loads(RUN) | {"run_id": run_id, "task_id": step.value}
    task_folder = folder / step.value
    task_folder.mkdir(exist_ok=True)
    (task_folder / "state").write_text("running")
    (task_folder / "template.yaml").write_text(yaml.safe_dump(steps_template(IMAGE)))
    return Task(task_folder, lab, StepOrder(step=step, pipeline=pipeline), run, monkeypatch)


def test_the_five_steps_run_as_pods_and_training_survives_a_drain(
    tmp_path: Path, whole_lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_id = f"manual__{whole_lab.namespace}"

    def task_of(step: Step) -> Task:
        return training_task(tmp_path, whole_lab, monkeypatch, step, run_id, epochs=12)

    assert task_of(Step.PREPROCESS).start().ending(300) == {"outcome": "done"}
    training = task_of(Step.TRAIN)
    first = training.start()
    wait_for(lambda: "VTM_PROGRESS" in capsys.readouterr().out, "no epoch ends", seconds=300)
    (pod,) = [pod for pod in whole_lab.pods() if pod.status.phase == "Running"]
    whole_lab.evict(pod.metadata.name)
    assert first.ending(120)["kind"] == "try_again"
    assert training.start(2).ending(600) == {"outcome": "done"}
    assert '"resumed_from_epoch":null' not in capsys.readouterr().out
    for step in (Step.EVALUATE, Step.REGISTER, Step.PROMOTE):
        assert task_of(step).start().ending(300) == {"outcome": "done"}
