"""Measure many DAG runs at once on one machine, under Airflow and by hand: the sample pipeline with real MLflow.

By hand means the five steps of each run as commands, one after the other, with as many threads, as many runs side by
side. Also printed: how long tasks waited for a slot and for their start, and how long the api-server took to answer
meanwhile. After the runs under Airflow the guarantees of docs/operations.md are checked, as after each fault of the
fault suite; a violation ends the benchmark.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from benchmarks.pairs import ROOT, TRAINER_BIN, Ratio, compare
from include.stacks.airflow_api import AirflowApi
from include.stacks.local.layout import ADMIN, Layout, Ports, choose_ports, environment
from include.stacks.local.services import start, stop
from include.step_contract.catalog import Pipeline
from include.step_contract.catalog.reading import read_catalog
from include.step_contract.order import Step, StepOrder
from include.step_contract.step import StepRun
from include.step_contract.transport import encode_environment
from tests.faults.invariants import violations

DAYS = int(os.environ.get("BENCH_DAYS", "30"))
"""Of the backfill. Each takes a minute of both cores or so, twice."""
AT_ONCE = 4
PIPELINES = 5
PICTURES = 200
_PLACES_PER_RUN = 2
"""Of the executor. A run has one task at a time, but Airflow's supervisor keeps its place up to 5 s after its end."""
_SAMPLE = "digits"


@dataclass(frozen=True)
class _Stack:
    """A running Airflow and MLflow, and the environment of their steps."""

    layout: Layout
    ports: Ports
    api: AirflowApi
    pipelines: Mapping[str, Pipeline]
    variables: dict[str, str]


def backfill(folder: Path) -> Ratio:
    """Compare a backfill, four runs at a time, with the same runs by hand, four at a time."""
    *days, night = _days(DAYS + 1)
    with _stack(folder, ["nights", "by-hand"], [*days, night], AT_ONCE) as stack:
        stack.api.unpause("train_nights")  # which begins the night's own run
        _all_done(stack.api, "scheduled", {"train_nights": 1})

        def ours(_pair: int) -> float:
            begin = time.perf_counter()
            stack.api.backfill("train_nights", days[0], days[-1], active_runs=AT_ONCE)
            runs = _all_done(stack.api, "backfill", {"train_nights": len(days)})
            seconds = time.perf_counter() - begin
            _tell_waits(stack.api, runs)
            _look_at_the_guarantees(stack, ["nights"])
            return seconds

        def bare(_pair: int) -> float:
            return _by_hand(stack, [(stack.pipelines["by-hand"], day) for day in days], AT_ONCE)

        name = f"backfill of {len(days)} days of the sample pipeline, {AT_ONCE} runs at a time"
        return compare(name, "the same steps as commands, as many at a time", 1.15, ours, bare, pairs=1)


def pipelines_at_once(folder: Path) -> Ratio:
    """Compare the night of five pipelines, all at once, with the same runs by hand."""
    (night,) = _days(1)
    names = [f"pipeline{number}" for number in range(PIPELINES)]
    by_hand = [f"by-hand{number}" for number in range(PIPELINES)]
    with _stack(folder, [*names, *by_hand], [night], PIPELINES) as stack:

        def ours(_pair: int) -> float:
            begin = time.perf_counter()
            for name in names:
                stack.api.unpause(f"train_{name}")
            runs = _all_done(stack.api, "scheduled", {f"train_{name}": 1 for name in names})
            seconds = time.perf_counter() - begin
            _tell_waits(stack.api, runs)
            _look_at_the_guarantees(stack, names)
            return seconds

        def bare(_pair: int) -> float:
            return _by_hand(stack, [(stack.pipelines[name], night) for name in by_hand], PIPELINES)

        name = f"a run of each of {PIPELINES} pipelines at once"
        return compare(name, "the same steps as commands, as many at a time", 1.15, ours, bare, pairs=1)


def _days(count: int) -> list[datetime]:
    """Return the start of that many days, the last of which is yesterday."""
    last = datetime.combine(datetime.now(UTC).date() - timedelta(days=1), datetime.min.time(), UTC)
    return [last - timedelta(days=back) for back in reversed(range(count))]


@contextmanager
def _stack(folder: Path, names: Sequence[str], days: Sequence[datetime], at_once: int) -> Iterator[_Stack]:
    """Start a stack with copies of the sample pipeline, all paused, and their data; stop it."""
    layout = Layout(folder / "stack")
    layout.create()
    catalog = folder / "catalog.yaml"
    catalog.write_text(_copies_of_the_sample(names))
    dates = [f"{day:%Y-%m-%d}" for day in days]
    sample = ["sample-data", "--root", layout.store / _SAMPLE, "--pictures", PICTURES, "--days", *dates]
    subprocess.run([str(TRAINER_BIN / "trainer"), *map(str, sample)], check=True, capture_output=True)
    extra = {"TRAINING_CATALOG": str(catalog), "AIRFLOW__CORE__PARALLELISM": str(_PLACES_PER_RUN * at_once)}
    try:
        ports = choose_ports(layout)
        start(layout, ports, print, extra)
        api = AirflowApi(ports.airflow_url, ADMIN, layout.password())
        for name in names:
            api.wait_for_dag(f"train_{name}")
        _wait_for_the_first_sweep(api)
        yield _Stack(layout, ports, api, read_catalog(catalog).pipelines, environment(layout, ports, extra))
    finally:
        stop(layout)


def _wait_for_the_first_sweep(api: AirflowApi) -> None:
    """Return when the hourly sweep has run, which a new stack begins with; it is no part of what is measured."""
    while not (runs := api.dag_runs("sweep")) or any(run["state"] in ("queued", "running") for run in runs):
        time.sleep(1)


def _copies_of_the_sample(names: Sequence[str]) -> str:
    """Return a catalog of the sample pipeline under other names, on the days of UTC."""
    catalog = yaml.safe_load((ROOT / "include/training_catalog.yaml").read_text(encoding="utf-8"))
    sample = catalog["pipelines"][_SAMPLE]
    copy = sample | {"schedule": {"cron": "0 0 * * *"}, "start_date": str(_days(400)[0].date())}
    copy["execution"] = {"max_active_runs": max(AT_ONCE, PIPELINES)}
    copies = {name: copy | {"registry": {"model": name}} for name in names}
    return yaml.safe_dump(catalog | {"pipelines": copies}, allow_unicode=True, sort_keys=False)


def _all_done(api: AirflowApi, run_type: str, expected: Mapping[str, int]) -> list[dict[str, Any]]:
    """Wait until every DAG has so many runs of a type done, and return them.

    Raises:
        RuntimeError: one failed.
    """
    answers = []
    while True:
        begin = time.perf_counter()
        found = api.call("GET", f"/api/v2/dags/~/dagRuns?run_type={run_type}&limit=100&order_by=-id")["dag_runs"]
        answers.append(time.perf_counter() - begin)
        runs = [run for run in found if run["dag_id"] in expected]
        if failed := [run for run in runs if run["state"] == "failed"]:
            raise RuntimeError(f"{failed[0]['dag_id']} {failed[0]['dag_run_id']} failed")
        if len(runs) == sum(expected.values()) and all(run["state"] == "success" for run in runs):
            print(f"  the api-server answered in {_median_and_most(answers)}", flush=True)
            return runs
        time.sleep(1)


def _tell_waits(api: AirflowApi, runs: Sequence[Mapping[str, Any]]) -> None:
    every = [task for run in runs for task in api.task_states(run["dag_id"], run["dag_run_id"]).values()]
    tasks = [task for task in every if task["queued_when"]]  # a task that the gate's refusal skips never waited
    slots = [_seconds_between(task["scheduled_when"], task["queued_when"]) for task in tasks]
    starts = [_seconds_between(task["queued_when"], task["start_date"]) for task in tasks]
    waits = f"{_median_and_most(slots)} for a slot and {_median_and_most(starts)} for their start"
    print(f"  {len(tasks)} tasks waited {waits}", flush=True)


def _look_at_the_guarantees(stack: _Stack, names: Sequence[str]) -> None:
    """Say that they hold for pipelines whose runs have ended.

    Raises:
        RuntimeError: they do not; the message says what is wrong.
    """
    secrets = [stack.layout.password()]
    if found := [f"{name}: {violation}" for name in names for violation in violations(stack, name, secrets)]:
        raise RuntimeError("these guarantees do not hold:\n" + "\n".join(found))
    runs = sum(len(stack.api.dag_runs(f"train_{name}")) for name in names)
    print(f"  {runs} runs were looked at: no violation of the guarantees", flush=True)


def _seconds_between(first: str, second: str) -> float:
    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def _median_and_most(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} s (median, {max(seconds):.2f} s at most)"


def _by_hand(stack: _Stack, work: Sequence[tuple[Pipeline, datetime]], at_once: int) -> float:
    begin = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        for _ in pool.map(lambda item: _steps(stack.variables, *item), work):
            pass
    return time.perf_counter() - begin


def _steps(variables: Mapping[str, str], pipeline: Pipeline, day: datetime) -> None:
    run = StepRun(
        dag_id=pipeline.dag_id,
        run_id=f"by hand {day:%Y-%m-%d}",
        run_type="backfill",
        data_interval_start=day,
        data_interval_end=day + timedelta(days=1),
    )
    for step in Step:
        request = StepOrder(step=step, pipeline=pipeline)
        inputs = encode_environment(request, run)
        inputs["OMP_NUM_THREADS"] = str(max(1, int(request.resources.cpu)))  # as the local runtime has it
        command = [str(TRAINER_BIN / "trainer"), step.value]
        done = subprocess.run(command, env={**variables, **inputs}, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{pipeline.name} {run.run_id} {step}: {done.returncode}\n{done.stderr[-2000:]}")
