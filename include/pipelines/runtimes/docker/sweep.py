"""Containers of tasks that are over: told to stop if they run, removed once they were kept for a look.

A container under its first name has a result that nobody took yet; as long as its task is not over, the next try takes
it. Only containers of this stack are looked at, and never one of a task that Airflow would go on with.
"""

import logging
from collections import Counter
from datetime import datetime
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from include.pipelines.airflow_state import Airflow, is_task_over
from include.pipelines.runtimes.docker import engine
from include.pipelines.settings import settings

_STOP_GRACE_SECONDS = 60
_MINUTES = 60.0
_HOURS = 3600.0
_log = logging.getLogger(__name__)


def sweep_containers(airflow: Airflow, now: datetime, *, dry_run: bool = False) -> dict[str, int]:
    """Stop and remove what is left of tasks that are over; return how many of each.

    Raises:
        StepFailed: the engine does not answer, or Airflow does not.
    """
    client = engine.connect()
    done: Counter[str] = Counter()
    with engine.translated("list the containers of this stack"):
        found = client.containers(all=True, filters={"label": f"{engine.STACK_LABEL}={settings().nightshift_state}"})
    for item in found:
        with engine.translated("sweep containers"):
            verb = _verb(client, airflow, item, now)
            if verb is None:
                continue
            name = item["Names"][0].lstrip("/")
            _log.info("%s container %s (%s)", f"would {verb}" if dry_run else verb, name, item["Status"])
            done[verb] += 1
            if not dry_run:
                _do(client, item, verb)
    _log.info("containers: %s", ", ".join(f"{number} to {verb}" for verb, number in done.items()) or "nothing to do")
    return dict(done)


def _verb(client: APIClient, airflow: Airflow, item: dict[str, Any], now: datetime) -> str | None:
    """Return what is to be done with a container: stop, remove, or nothing."""
    try:
        details = client.inspect_container(item["Id"])
    except NotFound:
        return None
    grace = settings().sweep_grace_minutes * _MINUTES
    if _seconds_since(details["Created"], now) < grace:
        return None
    status = details["State"]["Status"]
    if status in ("exited", "dead"):
        kept = settings().docker_keep_failed_hours * _HOURS
        is_due = _seconds_since(details["State"]["FinishedAt"], now) >= max(kept, grace)
        return "remove" if is_due and _is_over(airflow, details) else None
    if not _is_over(airflow, details):
        return None
    return "remove" if status == "created" else "stop"


def _is_over(airflow: Airflow, details: dict[str, Any]) -> bool:
    labels = details["Config"]["Labels"]
    dag_id, run_id, task_id = (labels.get(f"{engine.LABEL}.{name}", "") for name in ("dag_id", "run_id", "task_id"))
    return is_task_over(airflow, dag_id, run_id, task_id)


def _do(client: APIClient, item: dict[str, Any], verb: str) -> None:
    if verb == "remove":
        engine.remove(client, item["Id"])
        return
    state = engine.state_of(client, item["Id"])
    if state is not None and state.is_running:
        # Under another name: should somebody clear the task, its next try waits for the end and does not attach.
        engine.retire(client, state, "swept")
        engine.stop(client, state.id, _STOP_GRACE_SECONDS)


def _seconds_since(timestamp: str, now: datetime) -> float:
    """Return the age of an engine's timestamp: nanoseconds, UTC."""
    return (now - datetime.fromisoformat(f"{timestamp[:19]}+00:00")).total_seconds()
