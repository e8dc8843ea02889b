"""Ask Airflow about the current task: is it still wanted, and what did its previous attempt store."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

from include.step_contract.step import StepRun

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

_log = logging.getLogger(__name__)


def is_still_wanted(ti: Any, run: StepRun) -> bool:
    """Return whether a task that received SIGTERM is still to run, because only its worker shuts down.

    If Airflow does not answer, assume that it is, so that a night's work is not discarded.
    """
    try:
        states = ti.get_task_states(dag_id=run.dag_id, task_ids=[run.task_id], run_ids=[run.run_id])
    except Exception as error:  # of any kind that the API raises while the worker shuts down
        _log.warning("Airflow does not say whether the task is still wanted (%s); its step keeps running", error)
        return True
    state = states.get(run.run_id, {}).get(run.task_id)
    _log.info("received SIGTERM; Airflow has this task as %s", state)
    return state is None or str(state) == "running"


def known_positions(store: "TaskStateStoreAccessor | None", key: str) -> dict[str, str]:
    """Return the position in each stream of the log up to which the previous attempt followed it, as far as known."""
    known = None
    try:
        known = store.get(key) if store is not None else None
    except AirflowRuntimeError as error:
        _log.warning("cannot read %s of the previous attempt from Airflow; lines may be repeated: %s", key, error)
    return {str(stream): str(position) for stream, position in known.items()} if isinstance(known, dict) else {}


def keep(store: "TaskStateStoreAccessor | None", key: str, value: dict[str, str]) -> None:
    """Store something for the next attempt; if Airflow cannot take it now, log that and keep following the step."""
    try:
        if store is not None:
            store.set(key, dict(value))
    except AirflowRuntimeError as error:
        _log.warning("cannot store %s for the next attempt in Airflow: %s", key, error)
