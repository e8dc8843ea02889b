"""Stop the PostgreSQL of Airflow and MLflow for two minutes while the sample pipeline trains.

The scheduler ends without it and Compose restarts it; the training's container keeps running, and the next attempt
attaches to it.
"""

import base64
import json
import time
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

from include.stacks.docker.compose import compose
from tests.e2e.mlflow_calls import as_mapping
from tests.e2e.test_night import wait_for

from .conftest import RunningStack
from .test_stack import DAG_ID, REGISTRY, STEPS, a_night_that_trains, containers, end_of, until_answers

AWAY_SECONDS = 120
pytestmark = [pytest.mark.stack, pytest.mark.faults, pytest.mark.timeout(1800)]


def test_two_minutes_without_the_database_cost_no_epoch_and_double_nothing(running: RunningStack) -> None:
    run_id, training = a_night_that_trains(running)
    compose("stop", "postgres")
    time.sleep(AWAY_SECONDS)
    compose("start", "postgres")
    seen = {training}
    answers = until_answers(lambda: seen.update(containers(run_id, "train")) or end_of(running, run_id))
    assert wait_for(answers, 900) == "success"
    tasks = running.api.task_states(DAG_ID, run_id)
    assert {step: task["state"] for step, task in tasks.items()} == dict.fromkeys(STEPS, "success")
    assert seen == {training}
    (record,) = records(running)
    assert record["info"]["status"] == "FINISHED"
    epochs = epochs_of(running, record["info"]["run_id"])
    assert epochs == list(range(1, 11))  # each epoch once, as many as the sample pipeline has
    assert [as_mapping(version["tags"])["airflow.run_id"] for version in versions(running)] == [run_id]


def records(running: RunningStack) -> list[dict[str, Any]]:
    """Return the MLflow runs of the pipeline."""
    found = mlflow(running, f"experiments/get-by-name?{urlencode({'experiment_name': REGISTRY.model})}")["experiment"]
    return list(mlflow(running, "runs/search", {"experiment_ids": [found["experiment_id"]]}).get("runs", []))


def versions(running: RunningStack) -> list[dict[str, Any]]:
    """Return the versions of the pipeline's registered model."""
    query = urlencode({"filter": f"name='{REGISTRY.model}'"})
    return list(mlflow(running, f"model-versions/search?{query}").get("model_versions", []))


def epochs_of(running: RunningStack, run_id: str) -> list[int]:
    """Return the epochs recorded for a metric that every epoch has."""
    query = urlencode({"run_id": run_id, "metric_key": "train/batch", "max_results": 1000})
    return [int(point["step"]) for point in mlflow(running, f"metrics/get-history?{query}")["metrics"]]


def mlflow(running: RunningStack, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make one call of MLflow's API, which requires a login here."""
    user, password = (running.stack.value("scheduler", f"MLFLOW_TRACKING_{name}") for name in ("USERNAME", "PASSWORD"))
    request = urllib.request.Request(
        f"{running.stack.url('mlflow')}/api/2.0/mlflow/{path}", data=None if body is None else json.dumps(body).encode()
    )
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return dict(json.loads(answer.read()))
