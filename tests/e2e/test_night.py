"""Run a night, a lost step, a backfill and a bad dataset through the real scheduler."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from include.stacks.local.services import processes
from include.stacks.mlflow_api import TrainingRecord, champion_version, training_records

from .conftest import NIGHT_ENDS, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_catalog_problem_is_an_import_error_and_hides_no_other_pipeline(stack: Stack) -> None:
    for name in ("small", "strict", "empty"):
        stack.api.wait_for_dag(f"train_{name}")
    (error,) = wait_for(stack.api.import_errors, 60)
    assert error["filename"] == "dags/catalog_problems.py"
    assert "pipeline 'broken': trainning: unknown key; did you mean 'training'?" in error["stack_trace"]


def test_tasks_with_gpus_have_a_pool_to_wait_in(stack: Stack) -> None:
    assert stack.api.call("GET", "/api/v2/pools/gpu")["slots"] == 1


def test_a_night_continues_after_its_step_is_killed_and_a_backfill_leaves_the_champion(stack: Stack) -> None:
    dag_id = "train_small"
    stack.api.wait_for_dag(dag_id)
    stack.api.unpause(dag_id)
    night = wait_for(lambda: stack.api.dag_runs(dag_id), 60)[0]
    kill_training_after_an_epoch(stack, night["dag_run_id"])
    assert end_of(stack, dag_id, night["dag_run_id"]) == "success"

    tasks = stack.api.task_states(dag_id, night["dag_run_id"])
    assert (tasks["train"]["state"], tasks["train"]["try_number"]) == ("success", 2)
    record = records(stack, "small")[night["dag_run_id"]]
    assert record.status == "FINISHED"
    assert record.tags["step.promote"] == "done"
    assert '"resumed_from_epoch":null' not in record.tags["step.train.result"]
    assert record.version == champion_version(stack.ports.mlflow_url, "small", "champion") == "1"

    assert_night_was_reported(stack, night["dag_run_id"], record)

    latest = datetime.fromisoformat(night["logical_date"])
    stack.api.backfill(dag_id, latest - timedelta(days=1), latest - timedelta(days=1), active_runs=1)
    wait_for(lambda: stack.api.active_backfill(dag_id) is None and len(stack.api.dag_runs(dag_id)) == 2, 600)
    assert {run["state"] for run in stack.api.dag_runs(dag_id)} == {"success"}
    found = records(stack, "small")
    assert sorted(str(item.version) for item in found.values()) == ["1", "2"]
    assert len({item.tags["dataset.digest"] for item in found.values()}) == 2
    assert champion_version(stack.ports.mlflow_url, "small", "champion") == "1"
    # A backfill has no deadline, and a champion that stays is not reported.
    assert [stack.messages(run_id) for run_id in found if run_id != night["dag_run_id"]] == [[]]


def test_bad_dataset_fails_at_once_without_a_retry(stack: Stack) -> None:
    stack.api.wait_for_dag("train_empty")
    stack.api.unpause("train_empty")
    run_id = stack.api.trigger("train_empty")
    assert end_of(stack, "train_empty", run_id) == "failed"
    tasks = stack.api.task_states("train_empty", run_id)
    assert (tasks["preprocess"]["state"], tasks["preprocess"]["try_number"]) == ("failed", 1)
    assert tasks["train"]["state"] == "upstream_failed"
    record = records(stack, "empty")[run_id]
    assert (record.status, record.tags["failure.kind"]) == ("FAILED", "bad_data")
    assert "nowhere" in record.tags["failure.reason"]
    (message,) = wait_for(lambda: stack.messages(run_id), 20)
    assert message["title"] == "empty: preprocess failed"
    assert message["reason"] == f"preprocess: bad_data: {record.tags['failure.reason']}"
    page = f"{stack.ports.airflow_url}/dags/train_empty/runs/{quote(run_id)}/tasks/preprocess?try_number=1"
    assert message["links"]["Airflow log"] == page
    assert [event["type"] for event in stack.events(run_id)] == ["running", "failed"]


def assert_night_was_reported(stack: Stack, run_id: str, record: TrainingRecord) -> None:
    """People got one message each about the deadline and the new champion; the web UI got every attempt."""
    late, promoted = wait_for(lambda: len(stack.messages(run_id)) == 2 and stack.messages(run_id), 60)
    assert (late["event"], promoted["event"]) == ("late", "promoted")
    assert late["reason"] == f"The run was due by {NIGHT_ENDS:%H}:01 UTC and is still running."
    told = [(event["step"], event["try_number"], event["type"]) for event in stack.events(run_id)]
    steps = ("preprocess", "train", "evaluate", "register", "promote")
    assert [step for step, _, kind in told if kind == "completed"] == list(steps)
    first = [kind for step, number, kind in told if (step, number) == ("train", 1)]
    second = [kind for step, number, kind in told if (step, number) == ("train", 2)]
    assert (first[0], first[-1]) == ("running", "failed")
    assert (second[0], second[-1]) == ("running", "completed")
    epochs = {event["epoch"] for event in stack.events(run_id) if event["type"] == "epoch"}
    # A kill takes along what was not yet sent, also of an epoch whose checkpoint is up.
    resumed_from = json.loads(record.tags["step.train.result"])["outcome"]["resumed_from_epoch"]
    assert set(range(resumed_from + 1, 5)) <= epochs <= {1, 2, 3, 4}


def kill_training_after_an_epoch(stack: Stack, run_id: str) -> None:
    """SIGKILL the train step's process group once its first checkpoint is up."""

    def checkpointed() -> bool:
        record = records(stack, "small").get(run_id)
        return record is not None and "checkpoint" in record.tags

    wait_for(checkpointed, 240)
    trainers = [process for process in processes(stack.layout) if "train" in process.cmdline()]
    assert trainers, "the train step is not running"
    for process in trainers:
        process.send_signal(psutil.signal.SIGKILL)


def records(stack: Stack, name: str) -> dict[str, TrainingRecord]:
    return training_records(stack.ports.mlflow_url, name, name)


def end_of(stack: Stack, dag_id: str, run_id: str) -> str:
    ended: dict[str, Any] = wait_for(lambda: _ended(stack.api.dag_run(dag_id, run_id)), 400)
    return str(ended["state"])


def _ended(run: dict[str, Any]) -> dict[str, Any] | None:
    return run if run["state"] in ("success", "failed") else None


def wait_for(found: Callable[[], Any], seconds: float) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.5)
    return value
