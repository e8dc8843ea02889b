"""Named faults: each happens once in the middle of a run, and the run ends as expected."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from include.stacks.local.services import commands, spawn
from tests.e2e.conftest import Stack
from tests.e2e.mlflow_calls import as_mapping, mlflow, runs, versions

from .faults import DAG_ID, end_of, kill_step, leaders, sweep, trainers
from .invariants import violations
from .table import Note, note_fault

AWAY_SECONDS = 120
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.usefixtures("tiny_model"), pytest.mark.timeout(900)]


def test_two_minutes_without_mlflow_cost_no_try_and_no_epoch(stack: Stack) -> None:
    run_id = begin(stack, "without-mlflow")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    for pid in [pid for pid, name in leaders(stack).items() if name == "mlflow"]:
        leader = psutil.Process(pid)
        for process in [*leader.children(recursive=True), leader]:
            process.kill()
    time.sleep(AWAY_SECONDS)
    spawn("mlflow", commands(stack.layout, stack.ports)["mlflow"], stack.layout, stack.variables)
    assert end_of(stack, run_id) == "success"
    tasks = stack.api.task_states(DAG_ID, run_id)
    assert {step: task["try_number"] for step, task in tasks.items()} == dict.fromkeys(tasks, 1)
    assert violations(stack, "small") == []


def test_a_cleared_run_finds_everything_done(stack: Stack) -> None:
    run_id = begin(stack, "cleared")
    assert end_of(stack, run_id) == "success"
    before = tags(stack, run_id)
    stack.api.clear(DAG_ID, run_id)
    wait_for(lambda: stack.api.dag_run(DAG_ID, run_id)["state"] != "success")
    assert end_of(stack, run_id) == "success"
    after = tags(stack, run_id)
    assert {name: value for name, value in after.items() if before[name] != value} == {}
    assert violations(stack, "small") == []


def test_a_catalog_that_is_edited_in_mid_run_counts_from_the_next_step_on(stack: Stack, catalog: Path) -> None:
    run_id = begin(stack, "edited")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    text = catalog.read_text(encoding="utf-8")
    try:
        catalog.write_text(text.replace("minimum: 0.0", "minimum: 0.99"), encoding="utf-8")
        assert end_of(stack, run_id) == "success"
    finally:
        catalog.write_text(text, encoding="utf-8")
    assert stack.api.task_states(DAG_ID, run_id)["register"]["state"] == "skipped"
    assert tags(stack, run_id)["gate.verdict"] == "REFUSE"
    assert violations(stack, "small") == []


def test_a_pipeline_removed_in_mid_run_waits_and_continues_by_itself_once_restored(stack: Stack, catalog: Path) -> None:
    run_id = begin(stack, "removed-and-back")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    text = catalog.read_text(encoding="utf-8")
    try:
        catalog.write_text(text.replace("  small:", "  other:").replace("{model: small}", "{model: other}"), "utf-8")
        wait_for(lambda: stack.api.call("GET", f"/api/v2/dags/{DAG_ID}")["is_stale"])
        wait_for(lambda: trainers(stack) == [])
        sweep(stack)
        tasks = {step: task["state"] for step, task in stack.api.task_states(DAG_ID, run_id).items()}
        assert (tasks["train"], tags(stack, run_id)["step.train"]) == ("success", "done")
        assert {"success", "failed"}.isdisjoint({tasks["evaluate"], tasks["register"], tasks["promote"]}), tasks
        assert stack.api.dag_run(DAG_ID, run_id)["state"] == "running"
        assert "failure.reason" not in tags(stack, run_id)
    finally:
        catalog.write_text(text, encoding="utf-8")
    assert end_of(stack, run_id) == "success"
    tasks = stack.api.task_states(DAG_ID, run_id)
    assert {step: task["try_number"] for step, task in tasks.items()} == dict.fromkeys(tasks, 1)
    assert violations(stack, "small") == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("changed", "changed since preprocess recorded it"), ("deleted", "was deleted after the dataset the dataset was")],
    ids=["changed", "deleted"],
)
def test_a_dataset_changed_or_deleted_during_training_is_not_measured_and_the_run_continues_once_restored(
    stack: Stack, fault: str, reason: str, record_property: Note
) -> None:
    run_id = begin(stack, fault)
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    contents = {path: path.read_bytes() for path in (stack.layout.store / "digits" / "fixed").rglob("*.png")}
    try:
        for path, content in contents.items():
            if fault == "changed":
                path.write_bytes(content + b"another")
            else:
                path.unlink()
        for cached in [path for path in stack.layout.cache.rglob("*") if path.is_file()]:
            if cached.read_bytes() in contents.values():
                cached.unlink()
        assert end_of(stack, run_id) == "failed"
    finally:
        for path, content in contents.items():
            path.write_bytes(content)
    found = tags(stack, run_id)
    assert (found["failure.step"], found["failure.kind"], found["step.train"]) == ("evaluate", "bad_data", "done")
    assert reason in found["failure.reason"]
    assert stack.api.task_states(DAG_ID, run_id)["evaluate"]["try_number"] == 1
    wrong = violations(stack, "small")
    note_fault(
        record_property, f"dataset {fault}", "train", run_id, "failed", seconds=0, epochs_lost=0, violations=wrong
    )
    assert wrong == []

    stack.api.clear(DAG_ID, run_id)
    wait_for(lambda: stack.api.dag_run(DAG_ID, run_id)["state"] != "failed")
    assert end_of(stack, run_id) == "success"
    assert violations(stack, "small") == []


def test_a_killed_training_with_a_deleted_dataset_reports_it_and_continues_once_restored(
    stack: Stack, record_property: Note
) -> None:
    run_id = begin(stack, "gone-and-killed")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    dataset, aside = stack.layout.store / "digits" / "fixed", stack.layout.state / "aside"
    dataset.rename(aside)
    try:
        kill_step(stack)
        shutil.rmtree(stack.layout.cache)
        assert end_of(stack, run_id) == "failed"
    finally:
        aside.rename(dataset)
    found = tags(stack, run_id)
    assert (found["failure.step"], found["failure.kind"], found["step.train"]) == ("train", "bad_data", "failed")
    assert "was deleted after the dataset was listed, run preprocess again" in found["failure.reason"]
    assert stack.api.task_states(DAG_ID, run_id)["train"]["try_number"] == 2
    sweep(stack)
    wrong = violations(stack, "small")
    note_fault(
        record_property,
        "dataset gone, SIGKILL",
        "train",
        run_id,
        "failed",
        seconds=0,
        epochs_lost=0,
        violations=wrong,
    )
    assert wrong == []

    stack.api.clear(DAG_ID, run_id)
    wait_for(lambda: stack.api.dag_run(DAG_ID, run_id)["state"] != "failed")
    assert end_of(stack, run_id) == "success"
    assert '"resumed_from_epoch":null' not in tags(stack, run_id)["step.train.result"]
    assert violations(stack, "small") == []


def test_an_upgrade_in_mid_run_continues_the_older_trainers_work(stack: Stack) -> None:
    run_id = begin(stack, "upgraded")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    marker = json.loads(tags(stack, run_id)["step.preprocess.result"])
    # Fields with a default may be of a later version; a fingerprint is of one version.
    older = {name: value for name, value in marker.items() if name not in ("protocol", "already_done")}
    training = json.loads(tags(stack, run_id)["training"])
    rewrite(
        stack,
        run_id,
        {
            "step.preprocess.result": json.dumps(older),
            "step.preprocess.fingerprint": "an older one",
            "step.train.fingerprint": "an older one",
            "training": json.dumps(training | {"trainer": "0.0.1"}),
        },
    )
    kill_step(stack)
    assert end_of(stack, run_id) == "success"
    tasks = stack.api.task_states(DAG_ID, run_id)
    assert (tasks["preprocess"]["try_number"], tasks["train"]["try_number"]) == (1, 2)
    assert '"resumed_from_epoch":null' not in tags(stack, run_id)["step.train.result"]
    assert "resumes what 0.0.1 began" in task_log(stack, run_id, "train")
    sweep(stack)
    assert violations(stack, "small") == []


def test_an_upgrade_that_cannot_read_the_older_record_reports_it_and_repeats_the_step(stack: Stack) -> None:
    run_id = begin(stack, "upgraded-far")
    wait_for(lambda: "checkpoint" in tags(stack, run_id))
    marker = json.loads(tags(stack, run_id)["step.preprocess.result"])
    rewrite(stack, run_id, {"step.preprocess.result": json.dumps(marker | {"protocol": 0})})
    kill_step(stack)
    assert end_of(stack, run_id) == "failed"
    found = tags(stack, run_id)
    assert (found["failure.step"], found["failure.kind"]) == ("train", "bad_request")
    assert "the done-marker of step preprocess has protocol 0, but this trainer speaks 1" in found["failure.reason"]
    assert "run preprocess of this DAG run again" in found["failure.reason"]
    assert "this is a bug in the step" not in task_log(stack, run_id, "train")

    stack.api.clear(DAG_ID, run_id)
    wait_for(lambda: stack.api.dag_run(DAG_ID, run_id)["state"] != "failed")
    assert end_of(stack, run_id) == "success"
    assert "the step is done again" in task_log(stack, run_id, "preprocess")
    assert json.loads(tags(stack, run_id)["step.preprocess.result"]) == marker
    sweep(stack)
    assert violations(stack, "small") == []


def test_one_champion_and_one_version_for_each_run_whatever_happened(stack: Stack) -> None:
    registered = [as_mapping(version["tags"])["run_key"] for version in versions(stack.ports, "small")]
    assert len(registered) == len(set(registered)) >= 2


def begin(stack: Stack, name: str) -> str:
    """Start a run of its own seed."""
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    assert trainers(stack) == []
    return stack.api.trigger(DAG_ID, {"seed": len(name)}, name)


def tags(stack: Stack, run_id: str) -> dict[str, str]:
    """Return the tags of a DAG run's record, none before it has one."""
    try:
        found = [as_tags(run) for run in runs(stack.ports, "small")]
    except OSError:  # no experiment yet
        return {}
    return next((tags for tags in found if tags.get("airflow.run_id") == run_id), {})


def as_tags(run: dict[str, Any]) -> dict[str, str]:
    return as_mapping(run["data"].get("tags"))


def rewrite(stack: Stack, run_id: str, values: dict[str, str]) -> None:
    """Set tags of a DAG run's record."""
    (found,) = [run for run in runs(stack.ports, "small") if as_tags(run).get("airflow.run_id") == run_id]
    for key, value in values.items():
        mlflow(stack.ports, "runs/set-tag", {"run_id": found["info"]["run_id"], "key": key, "value": value})


def task_log(stack: Stack, run_id: str, step: str) -> str:
    """Return the logs of all attempts of a step."""
    folder = stack.layout.airflow_home / "logs" / f"dag_id={DAG_ID}" / f"run_id={run_id}" / f"task_id={step}"
    return "".join(log.read_text(encoding="utf-8") for log in sorted(folder.glob("attempt=*.log")))


def wait_for(found: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
        time.sleep(0.3)
    return value
