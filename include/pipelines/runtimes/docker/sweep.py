"""Stop and remove containers of tasks that are over, once they were kept for inspection.

A container under its first name has a result that has not been taken; as long as its task is not over, the next attempt
takes it. Only containers of this stack are looked at.
"""

import logging
from collections import Counter
from datetime import datetime
from typing import Any

from docker import APIClient
from docker.errors import APIError, NotFound

from include.pipelines.airflow_state import Airflow, is_task_finished
from include.pipelines.errors import StepFailed
from include.pipelines.settings import settings

from . import engine
from .identity import LABEL, STACK_LABEL
from .settings import docker_settings

_STOP_GRACE_SECONDS = 60
_MINUTES = 60.0
_HOURS = 3600.0
_log = logging.getLogger(__name__)


def sweep(
    client: APIClient,
    now: datetime,
    *,
    airflow: Airflow | None = None,
    pipeline: str | None = None,
    dry_run: bool = False,
) -> dict[str, int]:
    """Stop and remove what is left; return how many containers of each.

    A container that cannot be removed is left to the next sweep: no step fails for it.

    Args:
        client: of the engine.
        now: the moment by which ages are measured.
        airflow: answers whether a task is over; without it only containers whose result was taken are removed.
        pipeline: whose containers; None sweeps those of the whole stack.
        dry_run: only say what would be done.

    Raises:
        StepFailed: the engine does not answer, or Airflow does not.
    """
    done: Counter[str] = Counter()
    for item in _containers(client, pipeline):
        with engine.translated("sweep containers"):
            verb = _verb(client, airflow, item, now)
            if verb is None:
                continue
            name = item["Names"][0].lstrip("/")
            _log.info("%s container %s (%s)", f"would {verb}" if dry_run else verb, name, item.get("Status"))
            done[verb] += 1
            if not dry_run:
                _do(client, item, verb)
    if airflow is not None:
        said = ", ".join(f"{number} to {verb}" for verb, number in done.items()) or "nothing to do"
        _log.info("containers: %s", said)
    return dict(done)


def _containers(client: APIClient, pipeline: str | None) -> list[dict[str, Any]]:
    labels = [f"{STACK_LABEL}={settings().nightshift_state}"]
    if pipeline is not None:
        labels.append(f"{LABEL}.pipeline={pipeline}")
    with engine.translated("list the containers of this stack"):
        found: list[dict[str, Any]] = client.containers(all=True, filters={"label": labels})
    return found


def _verb(client: APIClient, airflow: Airflow | None, item: dict[str, Any], now: datetime) -> str | None:
    """Return what is to be done with a container: stop, remove, or nothing."""
    is_taken = any(name.endswith(engine.retired_suffix(item["Id"])) for name in item["Names"])
    if airflow is None and not is_taken:
        return None
    try:
        details = client.inspect_container(item["Id"])
    except NotFound:
        return None
    grace = settings().sweep_grace_minutes * _MINUTES
    if _seconds_since(details["Created"], now) < grace:
        return None
    status = details["State"]["Status"]
    if status in ("exited", "dead"):
        kept = docker_settings().docker_keep_failed_hours * _HOURS
        is_due = _seconds_since(details["State"]["FinishedAt"], now) >= max(kept, grace)
        return "remove" if is_due and (is_taken or _is_over(airflow, details)) else None
    if not _is_over(airflow, details):
        return None
    return "remove" if status == "created" else "stop"


def _is_over(airflow: Airflow | None, details: dict[str, Any]) -> bool:
    if airflow is None:
        return False
    labels = details["Config"]["Labels"]
    dag_id, run_id, task_id = (labels.get(f"{LABEL}.{name}", "") for name in ("dag_id", "run_id", "task_id"))
    return is_task_finished(airflow, dag_id, run_id, task_id)


def _do(client: APIClient, item: dict[str, Any], verb: str) -> None:
    if verb == "remove":
        _remove(client, item["Id"])
        return
    state = engine.state_of(client, item["Id"])
    if state is not None and state.is_running:
        # Under another name: if a person clears the task, its next attempt waits for the end and does not attach.
        engine.retire(client, state, "swept")
        engine.stop(client, state.id, _STOP_GRACE_SECONDS)


def _remove(client: APIClient, container: str) -> None:
    try:
        engine.remove(client, container)
    except (StepFailed, APIError) as error:
        _log.warning("%s; it stays until the next sweep", error)


def _seconds_since(timestamp: str, now: datetime) -> float:
    """Return the age of an engine's timestamp: nanoseconds, UTC."""
    return (now - datetime.fromisoformat(f"{timestamp[:19]}+00:00")).total_seconds()
