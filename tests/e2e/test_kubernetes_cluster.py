"""Run the DAG with its steps as pods of a real cluster, through the real scheduler: part of `make test-kubernetes`.

MLflow and the data are the laboratory's own, or those of TEST_MLFLOW_TRACKING_URI and TEST_DATASET_ROOT, as pods reach
them.
"""

import json
import uuid
from collections.abc import Iterator

import pytest
import yaml

from tests.pipelines.runtimes.kubernetes.lab import IMAGE, Lab, laboratory, provide, worker_environment
from tests.pipelines.runtimes.kubernetes.services import RESOURCES, dataset_uri, steps_template

from .conftest import Stack
from .test_docker import log_of
from .test_night import end_of, wait_for

DAG_ID = "train_small"
STEPS = ("preprocess", "train", "evaluate", "register", "promote")
MODEL = f"small-{uuid.uuid4().hex[:8]}"
RUN_ID = f"on-the-cluster-{uuid.uuid4().hex[:8]}"
"""The cluster's MLflow may know an earlier one: a step that is done there is not done again."""

CATALOG = f"""
version: 1
pipelines:
  small:
    description: 작은 파이프라인, on a cluster
    owner: e2e
    task: detect
    start_date: 2026-01-01
    dataset: {{uri: {json.dumps(dataset_uri())}, split: {{seed: 0}}}}
    model: yolo11n.yaml
    training:
      epochs: 12
      batch: 8
      imgsz: 64
      arguments: {{nbs: 8, optimizer: AdamW, lr0: 0.003, warmup_epochs: 1, mosaic: 0, amp: false, workers: 0}}
    resources: {json.dumps(dict.fromkeys(STEPS, RESOURCES))}
    gate: {{metric: mAP50, minimum: 0.0, tolerance: 1.0}}
    execution: {{retries: 2, retry_delay_seconds: 1, timeout_minutes: {json.dumps(dict.fromkeys(STEPS, 20))}}}
    registry: {{model: {MODEL}}}
"""
STACK_ENVIRONMENT: dict[str, str] = {}
pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module", autouse=True)
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A namespace of the cluster, which the module's stack sends its steps to."""
    with laboratory() as lab:
        provide(lab)
        folder = tmp_path_factory.mktemp("worker")
        template = folder / "template.yaml"
        template.write_text(yaml.safe_dump(steps_template(IMAGE)))
        own = worker_environment(lab, folder) | {"KUBERNETES_POD_TEMPLATE": str(template)}
        more = getattr(request.module, "MORE_ENVIRONMENT", {})
        request.module.STACK_ENVIRONMENT = {"TRAINING_RUNTIME": "kubernetes"} | own | more
        yield lab


def test_a_run_whose_pod_is_deleted_continues_and_promotes(stack: Stack, lab: Lab) -> None:
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    run_id = stack.api.trigger(DAG_ID, {"seed": 1}, RUN_ID)
    pod = wait_for(lambda: training_pod(lab), 600)
    wait_for(lambda: '"epoch":2' in lab.log(pod).replace(" ", ""), 300)
    lab.core.delete_namespaced_pod(pod, lab.namespace)
    assert end_of(stack, DAG_ID, run_id) == "success"

    tasks = stack.api.task_states(DAG_ID, run_id)
    assert {name: task["state"] for name, task in tasks.items() if name in STEPS} == dict.fromkeys(STEPS, "success")
    assert {name: task["try_number"] for name, task in tasks.items() if name in STEPS} == (
        dict.fromkeys(STEPS, 1) | {"train": 2}
    )
    assert "resuming after epoch" in log_of(stack, run_id, "train", 2)
    assert f"is champion of {MODEL}" in log_of(stack, run_id, "promote", 1)
    wait_for(lambda: not lab.pods(), 60)


def training_pod(lab: Lab) -> str | None:
    """Return the name of the train step's pod once it runs."""
    named = [pod for pod in lab.pods() if pod.metadata.labels.get("nightshift/step") == "train"]
    return next((str(pod.metadata.name) for pod in named if pod.status.phase == "Running"), None)
