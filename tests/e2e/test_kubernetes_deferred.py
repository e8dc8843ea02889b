"""Run the DAG with KUBERNETES_DEFERRABLE: a real triggerer watches the pods of a real cluster."""

import subprocess
from collections.abc import Iterator

import pytest

from include.stacks.local.services import AIRFLOW_BIN
from tests.pipelines.runtimes.kubernetes.lab import Lab

from .conftest import Stack
from .test_docker import log_of
from .test_kubernetes_cluster import CATALOG, DAG_ID, RUN_ID, STEPS, lab, training_pod
from .test_night import end_of, wait_for

__all__ = ["CATALOG", "lab"]
STACK_ENVIRONMENT: dict[str, str] = {}
MORE_ENVIRONMENT = {"KUBERNETES_DEFERRABLE": "true", "KUBERNETES_LOG_SECONDS": "5"}
pytestmark = [pytest.mark.e2e, pytest.mark.kubernetes, pytest.mark.timeout(1200)]


@pytest.fixture
def triggerer(stack: Stack) -> Iterator[None]:
    with (stack.layout.state / "triggerer.log").open("w") as log:
        command = [str(AIRFLOW_BIN / "airflow"), "triggerer"]
        process = subprocess.Popen(command, env=stack.variables, stdout=log, stderr=log, start_new_session=True)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


@pytest.mark.usefixtures("triggerer")
def test_a_deferred_training_holds_no_worker_and_brings_its_lines(stack: Stack, lab: Lab) -> None:
    run_id = f"deferred-{RUN_ID}"
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    stack.api.trigger(DAG_ID, {"seed": 2}, run_id)
    wait_for(lambda: training_pod(lab), 600)
    wait_for(lambda: stack.api.task_states(DAG_ID, run_id)["train"]["state"] == "deferred", 60)
    wait_for(lambda: "epoch 2/12" in log_of(stack, run_id, "train", 1), 300)
    assert stack.api.task_states(DAG_ID, run_id)["train"]["state"] == "deferred"
    assert end_of(stack, DAG_ID, run_id) == "success"
    tasks = stack.api.task_states(DAG_ID, run_id)
    assert {name: task["try_number"] for name, task in tasks.items() if name in STEPS} == dict.fromkeys(STEPS, 1)
    assert "STEP_RESULT" in log_of(stack, run_id, "train", 1)
    wait_for(lambda: not lab.pods(), 60)
