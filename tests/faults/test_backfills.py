"""Backfills through the real scheduler: previewed, beside the nightly run, repeated, interrupted.

The tests build on one another: each takes its own days from the week of data that ends with the night's.
"""

import shutil
import subprocess
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from include.stacks.local.services import AIRFLOW_BIN
from include.stacks.mlflow_api import champion_version
from tests.e2e.conftest import NIGHT_ENDS, Stack
from tests.e2e.mlflow_calls import as_mapping, versions

from .conftest import CATALOG as CATALOG_WITHOUT_DAYS
from .faults import DAG_ID, RUN_SECONDS, end_of, kill_service, once_there, sweep
from .invariants import violations
from .test_named_faults import tags, wait_for

CATALOG = CATALOG_WITHOUT_DAYS.replace(
    "dataset: {uri: digits/fixed, split: {seed: 0}}",
    f"""schedule: {{cron: "0 {NIGHT_ENDS:%H} * * *"}}
    dataset: {{uri: digits, partition: {{pattern: "%Y-%m-%d"}}, split: {{seed: 0}}}}""",
)
NIGHT, MISSING, BESIDE, AFTER_RESTART, WAITING, PAUSED, BEFORE_RESTART = (
    NIGHT_ENDS - timedelta(days=1 + back) for back in range(7)
)
"""Logical dates: each day's run reads that day's data."""
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.usefixtures("tiny_model"), pytest.mark.timeout(1200)]


@pytest.fixture(scope="module", autouse=True)
def a_week_of_data(stack: Stack) -> None:
    """The stack has data of the four latest days."""
    for day in (WAITING, PAUSED, BEFORE_RESTART):
        shutil.copytree(data_of(stack, BESIDE), data_of(stack, day))


def test_a_dry_run_shows_the_days_and_starts_nothing(stack: Stack) -> None:
    stack.api.wait_for_dag(DAG_ID)
    command = [*(str(AIRFLOW_BIN / "airflow"), "backfill", "create", "--dag-id", DAG_ID, "--dry-run")]
    command += ["--from-date", MISSING.isoformat(), "--to-date", NIGHT.isoformat()]
    shown = subprocess.run(command, env=stack.variables, check=True, capture_output=True, text=True).stdout
    _, _, days = shown.partition("Runs to be attempted:")
    assert [f"{day:%Y-%m-%d}" in days for day in (BESIDE, MISSING, NIGHT)] == [False, True, True]
    assert stack.api.dag_runs(DAG_ID) == []
    assert stack.api.active_backfill(DAG_ID) is None


def test_a_backfill_beside_the_night_leaves_the_champion_on_the_newest_data(stack: Stack) -> None:
    stack.api.unpause(DAG_ID)
    night = run_id_of(stack, NIGHT)
    wait_for(lambda: "checkpoint" in tags(stack, night))
    assert backfilled(stack, BESIDE, BESIDE, "none") == {BESIDE}
    assert end_of(stack, night) == "success"
    assert states(stack) == {BESIDE: "success", NIGHT: "success"}
    champion = champion_version(stack.ports.mlflow_url, "small", "champion")
    (of_champion,) = [item for item in versions(stack.ports, "small") if item["version"] == champion]
    assert as_mapping(of_champion["tags"])["airflow.run_id"] == night
    assert violations(stack, "small") == []


def test_a_backfill_repeats_exactly_what_was_requested(stack: Stack) -> None:
    night, aside = run_id_of(stack, NIGHT), stack.layout.store / "aside"
    data_of(stack, MISSING).rename(aside)
    assert backfilled(stack, MISSING, NIGHT, "none") == {MISSING}
    missing = run_id_of(stack, MISSING)
    assert states(stack)[MISSING] == "failed"
    assert tags(stack, missing)["failure.kind"] == "bad_data"
    assert violations(stack, "small") == []

    aside.rename(data_of(stack, MISSING))
    assert backfilled(stack, MISSING, NIGHT, "none") == set()
    assert backfilled(stack, MISSING, NIGHT, "failed") == {MISSING}
    assert states(stack)[MISSING] == "success"
    before = {run_id: tags(stack, run_id) for run_id in (missing, night)}
    assert backfilled(stack, MISSING, NIGHT, "completed") == {MISSING, NIGHT}
    assert states(stack)[MISSING] == states(stack)[NIGHT] == "success"
    assert {run_id: tags(stack, run_id) for run_id in (missing, night)} == before
    assert has_one_version_each(stack)
    assert violations(stack, "small") == []


def test_a_backfill_that_is_paused_and_cancelled_is_continued_by_another(stack: Stack) -> None:
    first = stack.api.backfill(DAG_ID, PAUSED, WAITING, active_runs=1, reprocess="none")
    wait_for(lambda: "checkpoint" in tags(stack, run_id_of(stack, PAUSED)))
    stack.api.call("PUT", f"/api/v2/backfills/{first}/pause")
    assert end_of(stack, run_id_of(stack, PAUSED)) == "success"
    sweep(stack)
    assert states(stack)[WAITING] == "queued"
    stack.api.call("PUT", f"/api/v2/backfills/{first}/cancel")
    assert states(stack)[WAITING] == "failed"
    assert tags(stack, run_id_of(stack, WAITING)) == {}

    # Airflow starts no run of a cancelled backfill, so a cleared run waits, and another backfill leaves it out.
    stack.api.clear(DAG_ID, run_id_of(stack, WAITING))
    sweep(stack)
    assert backfilled(stack, PAUSED, WAITING, "failed") == set()
    assert states(stack)[WAITING] == "queued"
    mark_failed(stack, WAITING)

    second = stack.api.backfill(DAG_ID, PAUSED, WAITING, active_runs=1, reprocess="failed")
    wait_for(lambda: "checkpoint" in tags(stack, run_id_of(stack, WAITING)))
    stack.api.call("PUT", f"/api/v2/backfills/{second}/cancel")
    assert end_of(stack, run_id_of(stack, WAITING)) == "success"
    assert attempts(stack)[PAUSED] == 1
    assert has_one_version_each(stack)
    assert violations(stack, "small") == []


def test_a_backfill_continues_by_itself_after_its_scheduler_was_killed(stack: Stack) -> None:
    before = attempts(stack)
    stack.api.backfill(DAG_ID, BEFORE_RESTART, AFTER_RESTART, active_runs=1, reprocess="none")
    wait_for(lambda: "checkpoint" in tags(stack, run_id_of(stack, BEFORE_RESTART)))
    kill_service("scheduler")(stack)
    until_it_is_over(stack)
    assert set(states(stack).values()) == {"success"}
    assert {day: number for day, number in attempts(stack).items() if day in before} == before
    assert set(attempts(stack)) - set(before) == {BEFORE_RESTART, AFTER_RESTART}
    sweep(stack)
    assert has_one_version_each(stack)
    assert violations(stack, "small") == []


def backfilled(stack: Stack, first: datetime, last: datetime, reprocess: str) -> set[datetime]:
    """Let a backfill run to its end and return the days that it ran."""
    before = attempts(stack)
    stack.api.backfill(DAG_ID, first, last, active_runs=1, reprocess=reprocess)
    until_it_is_over(stack)
    return {day for day, number in attempts(stack).items() if number != before.get(day)}


def until_it_is_over(stack: Stack) -> None:
    wait_for(lambda: once_there(lambda: stack.api.active_backfill(DAG_ID)) is None, RUN_SECONDS)


def runs_by_day(stack: Stack) -> dict[datetime, dict[str, Any]]:
    found = once_there(lambda: stack.api.dag_runs(DAG_ID))
    return {datetime.fromisoformat(run["logical_date"]): run for run in found}


def states(stack: Stack) -> dict[datetime, str]:
    return {day: run["state"] for day, run in runs_by_day(stack).items()}


def attempts(stack: Stack) -> dict[datetime, int]:
    """Return how often each day's run has begun."""
    return {
        day: stack.api.task_states(DAG_ID, run["dag_run_id"])["preprocess"]["try_number"]
        for day, run in runs_by_day(stack).items()
    }


def run_id_of(stack: Stack, day: datetime) -> str:
    run = wait_for(lambda: runs_by_day(stack).get(day))
    return str(run["dag_run_id"])


def mark_failed(stack: Stack, day: datetime) -> None:
    path = f"/api/v2/dags/{DAG_ID}/dagRuns/{quote(run_id_of(stack, day), safe='')}"
    stack.api.call("PATCH", path, {"state": "failed"})


def has_one_version_each(stack: Stack) -> bool:
    """Tell whether each DAG run has exactly one version; it is promised that it has no more than one."""
    registered = [as_mapping(version["tags"])["airflow.run_id"] for version in versions(stack.ports, "small")]
    return sorted(registered) == sorted(run["dag_run_id"] for run in runs_by_day(stack).values())


def data_of(stack: Stack, day: datetime) -> Any:
    return stack.layout.store / "digits" / f"{day:%Y-%m-%d}"
