"""Run `make demo`: one night and a backfill of the two nights before, by a real scheduler, on real handwriting.

It can be run again: completed steps report that they are done, and neither versions nor champion change.
"""

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from include.stacks.airflow_api import AirflowApi
from include.stacks.mlflow_api import TrainingRecord, champion_version, training_records
from include.step_contract.catalog import Pipeline
from include.step_contract.tags import CANDIDATE_PREFIX, GATE_VERDICT_TAG, SCORE_PREFIX

from .layout import Layout, Ports
from .services import TRAINER_BIN

PIPELINE = "digits"
NIGHT_SECONDS = 1200
DAYS_AHEAD = 7
"""Number of coming nights that get sample data, so that a stack left running has something to train on."""

_ENDED = ("success", "failed")


@dataclass(frozen=True)
class Demo:
    """The stack and the pipeline that the demo runs."""

    layout: Layout
    ports: Ports
    api: AirflowApi
    pipeline: Pipeline
    say: Callable[[str], None]


class DemoFailed(RuntimeError):
    """A run of the demo did not succeed, or its result is wrong."""


def write_sample_data(layout: Layout, pipeline: Pipeline, today: date) -> None:
    """Write the sample dataset of today, the four days before and the days to come; existing days stay."""
    days = [today + timedelta(days=offset) for offset in range(-4, DAYS_AHEAD)]
    root = layout.store / pipeline.dataset.uri
    command = [str(TRAINER_BIN / "trainer"), "sample-data", "--root", str(root), "--days", *map(str, days)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def run_demo(demo: Demo) -> None:
    """Run the night, then the backfill, and print a table of their results.

    Raises:
        DemoFailed: a run failed, or the champion is not the night's version.
    """
    dag_id, registry = demo.pipeline.dag_id, demo.pipeline.registry
    demo.api.wait_for_dag(dag_id)
    night = _run_night(demo)
    champion = champion_version(demo.ports.mlflow_url, registry.model, registry.champion)
    demo.say(f"champion of {registry.model}: version {champion}")
    backfilled = _run_backfill(demo, night)
    records = training_records(demo.ports.mlflow_url, demo.pipeline.name, registry.model)
    after = champion_version(demo.ports.mlflow_url, registry.model, registry.champion)
    print(_table(demo, records, after), flush=True)
    _check_versions(demo, records, [night["dag_run_id"], *backfilled])
    if champion is None or champion != after:
        raise DemoFailed(f"the champion was version {champion} after the night and {after} after the backfill")
    demo.say(f"the backfill registered {len(backfilled)} versions and did not move the champion (version {after})")


def _run_night(demo: Demo) -> dict[str, str]:
    """Let the scheduler run the latest night, or run it again if an earlier demo did."""
    dag_id = demo.pipeline.dag_id
    before = _nights(demo)
    demo.api.unpause(dag_id)
    _wait(lambda: bool(_nights(demo)), 60, "the scheduler did not start the night's run")
    night = _nights(demo)[-1]
    if before and before[-1]["state"] in _ENDED:
        demo.say("the night was run before: clearing it; every step should report 'already done'")
        demo.api.clear(dag_id, night["dag_run_id"])
    demo.say(f"night {night['dag_run_id']}")
    _follow(demo, [night["dag_run_id"]])
    return night


def _nights(demo: Demo) -> list[dict[str, str]]:
    return [run for run in demo.api.dag_runs(demo.pipeline.dag_id) if run["run_type"] == "scheduled"]


def _run_backfill(demo: Demo, night: dict[str, str]) -> list[str]:
    dag_id = demo.pipeline.dag_id
    latest = datetime.fromisoformat(night["logical_date"])
    first, last = latest - timedelta(days=2), latest - timedelta(days=1)
    if (earlier := _backfilled(demo, first, last)) and _have_ended(demo, earlier):
        # These are an earlier demo's; Airflow closes a backfill only some 30 s after its last run.
        _wait(lambda: demo.api.active_backfill(dag_id) is None, 120, "the earlier demo's backfill did not end")
    if demo.api.active_backfill(dag_id) is None:
        demo.api.backfill(dag_id, first, last, active_runs=2)
    demo.say(f"backfill of the two nights before ({first:%Y-%m-%d} and {last:%Y-%m-%d})")
    _wait(lambda: len(_backfilled(demo, first, last)) == 2, 60, "the scheduler did not start the backfill's runs")
    run_ids = _backfilled(demo, first, last)
    _follow(demo, run_ids)
    return run_ids


def _have_ended(demo: Demo, run_ids: list[str]) -> bool:
    return all(demo.api.dag_run(demo.pipeline.dag_id, run_id)["state"] in _ENDED for run_id in run_ids)


def _backfilled(demo: Demo, first: datetime, last: datetime) -> list[str]:
    runs = demo.api.dag_runs(demo.pipeline.dag_id)
    return [
        run["dag_run_id"]
        for run in runs
        if first <= datetime.fromisoformat(run["run_after"]) - timedelta(days=1) <= last
    ]


def _follow(demo: Demo, run_ids: list[str]) -> None:
    """Report each change of a task's state and each completed epoch until all runs have ended."""
    seen: dict[tuple[str, str], str] = {}
    deadline = time.monotonic() + NIGHT_SECONDS
    while True:
        states = {run_id: demo.api.dag_run(demo.pipeline.dag_id, run_id)["state"] for run_id in run_ids}
        for run_id in run_ids:
            _say_changes(demo, run_id, seen)
        if all(state in _ENDED for state in states.values()):
            break
        if time.monotonic() > deadline:
            raise DemoFailed(f"not finished after {NIGHT_SECONDS} s: {states}")
        time.sleep(2)
    if failed := [run_id for run_id, state in states.items() if state != "success"]:
        raise DemoFailed(f"failed: {', '.join(failed)}; see the task logs under {demo.layout.airflow_home / 'logs'}")


def _say_changes(demo: Demo, run_id: str, seen: dict[tuple[str, str], str]) -> None:
    day = run_id.rsplit("__", maxsplit=1)[-1][:10]
    for task_id, task in demo.api.task_states(demo.pipeline.dag_id, run_id).items():
        state = task["state"] or "waiting"
        if seen.get((run_id, task_id), "waiting") != state:
            seen[run_id, task_id] = state
            duration = f" in {task['duration']:.1f} s" if task["duration"] and state in _ENDED else ""
            demo.say(f"{day}  {task_id:<10} {state}{duration}")
        if task_id == "train" and state == "running":
            _say_epoch(demo, run_id, day, seen)


def _say_epoch(demo: Demo, run_id: str, day: str, seen: dict[tuple[str, str], str]) -> None:
    records = training_records(demo.ports.mlflow_url, demo.pipeline.name, demo.pipeline.registry.model)
    record = records.get(run_id)
    metric = demo.pipeline.gate.metric
    epoch = record.epochs.get(f"{SCORE_PREFIX}{metric}") if record else None
    if record is None or epoch is None or seen.get((run_id, "epoch")) == str(epoch):
        return
    seen[run_id, "epoch"] = str(epoch)
    value = record.metrics[f"{SCORE_PREFIX}{metric}"]
    demo.say(f"{day}  train      epoch {epoch}/{demo.pipeline.training.epochs}  {metric} {value:.3f}")


def _wait(done: Callable[[], bool], seconds: float, complaint: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise DemoFailed(f"{complaint} within {seconds:g} s")
        time.sleep(0.5)


def _table(demo: Demo, records: dict[str, TrainingRecord], champion: str | None) -> str:
    metric = demo.pipeline.gate.metric
    rows = [("DAG run", "state", metric, "version", "verdict", "champion")]
    for run in demo.api.dag_runs(demo.pipeline.dag_id):
        record = records.get(run["dag_run_id"])
        if record is None:
            continue
        value = record.metrics.get(f"{CANDIDATE_PREFIX}{metric}")
        rows.append(
            (
                run["dag_run_id"],
                run["state"],
                "-" if value is None else f"{value:.3f}",
                record.version or "-",
                record.tags.get(GATE_VERDICT_TAG, "-"),
                "<- champion" if record.version is not None and record.version == champion else "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join(["", lines[0], "-" * len(lines[0]), *lines[1:], ""])


def _check_versions(demo: Demo, records: dict[str, TrainingRecord], run_ids: list[str]) -> None:
    versions = [records[run_id].version if run_id in records else None for run_id in run_ids]
    if None in versions or len(versions) != len(set(versions)):
        raise DemoFailed(f"each DAG run must have one version of {demo.pipeline.registry.model}; got {versions}")
