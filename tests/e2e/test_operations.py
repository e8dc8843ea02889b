"""Run an operator's tasks through the real scheduler: a backfill in reverse order, a rollback, a sweep, a refusal."""

import json
import time
from datetime import datetime, timedelta

import pytest

from include.stacks.local.layout import Ports
from include.stacks.mlflow_api import champion_version
from include.step_contract.step import run_key

from .conftest import Stack
from .mlflow_calls import as_mapping, mlflow, run_of
from .test_night import end_of, records, wait_for

STACK_ENVIRONMENT = {"SWEEP_GRACE_MINUTES": "0"}
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(900)]


def test_a_backfill_that_runs_backwards_registers_and_leaves_the_champion(stack: Stack) -> None:
    dag_id = "train_small"
    stack.api.wait_for_dag(dag_id)
    stack.api.unpause(dag_id)
    night = wait_for(lambda: stack.api.dag_runs(dag_id), 60)[0]
    assert end_of(stack, dag_id, night["dag_run_id"]) == "success"
    latest = datetime.fromisoformat(night["logical_date"])
    stack.api.backfill(dag_id, latest - timedelta(days=2), latest - timedelta(days=1), active_runs=1, backwards=True)
    wait_for(lambda: stack.api.active_backfill(dag_id) is None and len(stack.api.dag_runs(dag_id)) == 3, 600)
    runs = stack.api.dag_runs(dag_id)
    assert {run["state"] for run in runs} == {"success"}
    oldest, middle, newest = (records(stack, "small")[run["dag_run_id"]].version for run in runs)
    assert (newest, middle, oldest) == ("1", "2", "3")
    assert champion_version(stack.ports.mlflow_url, "small", "champion") == "1"
    assert champion_version(stack.ports.mlflow_url, "small", "challenger") == "1"
    weights = [stack.api.task_states(dag_id, run["dag_run_id"])["train"]["priority_weight"] for run in runs]
    assert weights == [101, 101, 301], "a backfill's task would go before the night's"
    assert quality_of(stack, runs[0]["dag_run_id"]) == [("3", False), ("2", False), ("1", True)]


def test_rollback_takes_the_alias_back_and_leaves_who_and_why(stack: Stack) -> None:
    dag_id = "rollback_model"
    stack.api.wait_for_dag(dag_id)
    first = stack.api.trigger(dag_id, {"model": "small", "to": "2", "reason": "밤에 오탐이 늘었다"})
    assert end_of(stack, dag_id, first) == "success"
    assert champion_version(stack.ports.mlflow_url, "small", "champion") == "2"
    bad = version_tags(stack.ports, "small", "1")
    assert (bad["bad"], bad["bad.by"], bad["bad.reason"]) == ("true", "admin", "밤에 오탐이 늘었다")


def test_refused_candidate_is_skipped_not_failed_and_a_sweep_closes_only_what_is_over(stack: Stack) -> None:
    stack.api.wait_for_dag("train_strict")
    stack.api.unpause("train_strict")
    run_id = stack.api.trigger("train_strict", {"note": "'\"{{ 1 }} 메모", "seed": 3})
    wait_for(lambda: records(stack, "strict").get(run_id), 60)
    lost = open_run(stack.ports, "strict", "train_strict", "manual__of a machine that is gone")
    assert end_of(stack, "sweep", stack.api.trigger("sweep")) == "success"
    assert run_status(stack.ports, lost) == "KILLED"
    assert "failure.reason" not in records(stack, "strict")[run_id].tags

    assert end_of(stack, "train_strict", run_id) == "success"
    states = {name: task["state"] for name, task in stack.api.task_states("train_strict", run_id).items()}
    assert states == {
        "preprocess": "success",
        "train": "success",
        "evaluate": "success",
        "register": "skipped",
        "promote": "skipped",
    }
    record = records(stack, "strict")[run_id]
    assert (record.status, record.version, record.tags["gate.verdict"]) == ("FINISHED", None, "REFUSE")
    assert record.tags["step.register"] == "refused"
    assert record.tags["mlflow.note.content"] == "'\"{{ 1 }} 메모"
    assert champion_version(stack.ports.mlflow_url, "strict", "champion") is None
    (message,) = wait_for(lambda: stack.messages(run_id), 20)
    assert (message["title"], message["step"]) == ("strict: the candidate was refused", "register")
    assert message["links"]["MLflow run"] == f"{stack.ports.mlflow_url}/#/runs/{record.run_id}"
    assert stack.events(run_id)[-1]["refused"]


def quality_of(stack: Stack, run_id: str) -> list[tuple[str, bool]]:
    """Return version and whether it became champion from the table that a run left, oldest data first."""
    record = records(stack, "small")[run_id]
    (table,) = (stack.layout.state / "artifacts").glob(f"*/{record.run_id}/artifacts/quality/over_data_time.json")
    assert table.with_suffix(".png").is_file()
    found = json.loads(table.read_text(encoding="utf-8"))
    rows = [dict(zip(found["columns"], row, strict=True)) for row in found["data"]]
    return [(row["version"], row["became_champion"]) for row in rows]


def version_tags(ports: Ports, model: str, version: str) -> dict[str, str]:
    found = mlflow(ports, f"model-versions/get?name={model}&version={version}")["model_version"]
    return as_mapping(found["tags"])


def open_run(ports: Ports, experiment: str, dag_id: str, run_id: str) -> str:
    """Make the MLflow run of a DAG run of which nothing else is left."""
    found = mlflow(ports, f"experiments/get-by-name?experiment_name={experiment}")["experiment"]
    tags = {"run_key": run_key(dag_id, run_id), "airflow.dag_id": dag_id, "airflow.run_id": run_id}
    body = {
        "experiment_id": found["experiment_id"],
        "start_time": int(time.time() * 1000),
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    }
    return str(mlflow(ports, "runs/create", body)["run"]["info"]["run_id"])


def run_status(ports: Ports, run_id: str) -> str:
    return str(run_of(ports, run_id)["info"]["status"])
