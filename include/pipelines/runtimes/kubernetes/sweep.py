"""Sweep pods of tasks that are over: those still running at once, ended ones after they were kept for a look.

Only pods of this deployment are touched, and none of a task that Airflow will retry: the next attempt takes it.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from include.pipelines.airflow_state import Airflow, is_task_finished
from include.pipelines.runtimes.kubernetes.spec.identity import task_name
from include.pipelines.settings import settings

from .api import is_kept_long_enough, settings_cluster
from .state import TASK_LABEL, PodState

_log = logging.getLogger(__name__)


def sweep_pods(airflow: Airflow, now: datetime, *, dry_run: bool = False) -> dict[str, int]:
    """Stop and remove what is left of tasks that are over; return how many of each.

    Raises:
        StepFailed: the API server does not answer, or Airflow does not.
    """
    cluster = settings_cluster()
    done: Counter[str] = Counter()
    for state, facts in cluster.step_pods():
        verb = _verb(airflow, state, facts, now)
        if verb is None:
            continue
        _log.info("%s pod %s (%s)", f"would {verb}" if dry_run else verb, state.name, state.phase)
        done[verb] += 1
        if not dry_run:
            cluster.delete(state.name)
    _log.info("pods: %s", ", ".join(f"{number} to {verb}" for verb, number in done.items()) or "nothing to do")
    return dict(done)


def _verb(airflow: Airflow, state: PodState, facts: Mapping[str, str], now: datetime) -> str | None:
    """Return what to do with a pod: stop, remove, or nothing."""
    grace = timedelta(minutes=settings().sweep_grace_minutes)
    if not _is_ours(facts) or now - state.created < grace or state.is_stopping:
        return None
    names = (facts[f"nightshift/{name}"] for name in ("dag-id", "run-id", "task-id"))
    is_over = is_task_finished(airflow, *names)
    if state.is_ended:
        return "remove" if is_kept_long_enough(state, now, is_over=is_over) else None
    return "stop" if is_over else None


def _is_ours(facts: Mapping[str, str]) -> bool:
    """Return whether a pod is a step's of this deployment; a closing pod has no task and ends by itself."""
    try:
        key, step, index = (facts[f"nightshift/{name}"] for name in ("run-key", "step", "map-index"))
    except KeyError:
        return False
    return facts.get(TASK_LABEL) == task_name(key, step, int(index), settings().nightshift_state)
