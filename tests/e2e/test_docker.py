"""Run the DAG with its steps in containers, through the real scheduler on a real engine, with the real image."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from docker import APIClient

from include.stacks.local.services import processes
from include.stacks.mlflow_api import champion_version
from tests.pipelines.runtimes.docker.steps import engine

from .conftest import Stack
from .test_night import end_of, records, wait_for

IMAGE = os.environ.get("TRAINER_IMAGE", "nightshift-trainer:0.1.0")
STACK_ENVIRONMENT = {
    "TRAINING_RUNTIME": "docker",
    "TRAINER_IMAGE": IMAGE,
    "AWS_SECRET_ACCESS_KEY": "a-secret-of-the-worker",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
}
DAG_ID = "train_small"
pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", autouse=True)
def client() -> APIClient:
    found = engine()
    if not found.images(name=IMAGE):
        pytest.skip(f"no image {IMAGE} on this engine; `make image` builds it")
    return found


@pytest.fixture(scope="module", autouse=True)
def nothing_kept(stack: Stack, client: APIClient) -> Iterator[None]:
    """Remove the containers that are kept for inspection."""
    yield
    for container in client.containers(all=True, filters={"label": f"nightshift.stack={stack.layout.state}"}):
        client.remove_container(container["Id"], force=True)


def test_night_whose_worker_is_killed_trains_once_and_promotes(stack: Stack, client: APIClient) -> None:
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    run_id = wait_for(lambda: stack.api.dag_runs(DAG_ID), 60)[0]["dag_run_id"]
    wait_for(lambda: "checkpoint" in tags(stack, run_id), 240)
    (training,) = containers_of(client, run_id, "train")
    kill_worker(stack, run_id)
    assert end_of(stack, DAG_ID, run_id) == "success"

    tasks = stack.api.task_states(DAG_ID, run_id)
    assert tasks["train"]["try_number"] == 2
    assert json.loads(tags(stack, run_id)["step.train.result"])["outcome"]["resumed_from_epoch"] is None
    log = log_of(stack, run_id, "train", 2)
    assert training[:12] in log
    assert "a-secret-of-the-worker" not in log
    assert (champion_version(stack.ports.mlflow_url, "small", "champion"), records(stack, "small")[run_id].version) == (
        "1",
        "1",
    )
    assert client.containers(all=True, filters={"label": f"nightshift.run_id={run_id}"}) == []
    rendered = stack.api.call("GET", f"/api/v2/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/train")["rendered_fields"]
    assert "a-secret-of-the-worker" not in json.dumps(rendered)


def test_task_marked_failed_stops_its_container_and_its_record_is_killed(stack: Stack, client: APIClient) -> None:
    dag_id = "train_strict"
    stack.api.wait_for_dag(dag_id)
    stack.api.unpause(dag_id)
    run_id = stack.api.trigger(dag_id, {"epochs": 300})
    wait_for(lambda: "checkpoint" in tags(stack, run_id, "strict"), 240)
    stack.api.call("PATCH", f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/train", {"new_state": "failed"})
    wait_for(lambda: not containers_of(client, run_id, "train"), 60)
    assert end_of(stack, dag_id, run_id) == "failed"
    assert records(stack, "strict")[run_id].status == "KILLED"
    assert stack.api.task_states(dag_id, run_id)["evaluate"]["state"] == "upstream_failed"


def tags(stack: Stack, run_id: str, pipeline: str = "small") -> dict[str, str]:
    record = records(stack, pipeline).get(run_id)
    return {} if record is None else dict(record.tags)


def containers_of(client: APIClient, run_id: str, step: str) -> list[str]:
    filters: dict[str, Any] = {"label": [f"nightshift.run_id={run_id}", f"nightshift.step={step}"]}
    return [container["Id"] for container in client.containers(filters=filters)]


def kill_worker(stack: Stack, run_id: str) -> None:
    """SIGKILL the process that supervises the train task, and the task process itself."""
    ti = stack.api.task_states(DAG_ID, run_id)["train"]["id"]
    workers = [process for process in processes(stack.layout) if ti in " ".join(process.cmdline())]
    assert workers, "no worker has this task"
    for worker in workers:
        for process in [worker, *worker.children(recursive=True)]:
            try:
                process.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue


def log_of(stack: Stack, run_id: str, task_id: str, try_number: int) -> str:
    path = f"/api/v2/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
    return json.dumps(stack.api.call("GET", path))
