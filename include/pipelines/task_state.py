"""What a runtime asks of Airflow about its own task: is it still wanted, and what did the try before leave behind."""

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowRuntimeError

from include.step_contract.step import StepRun

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

_log = logging.getLogger(__name__)


def is_still_wanted(ti: Any, run: StepRun) -> bool:
    """Tell whether a task that was told to stop is to run all the same: only its worker goes away.

    If Airflow cannot say, assume so: a night's work is not thrown away.
    """
    try:
        states = ti.get_task_states(dag_id=run.dag_id, task_ids=[run.task_id], run_ids=[run.run_id])
    except Exception as error:  # whatever the API raises while the worker goes down
        _log.warning("Airflow does not say whether the task is still wanted (%s); leaving its step", error)
        return True
    state = states.get(run.run_id, {}).get(run.task_id)
    _log.info("told to stop; Airflow has this task as %s", state)
    return state is None or str(state) == "running"


def known_positions(store: "TaskStateStoreAccessor | None", key: str) -> dict[str, str]:
    """Return how far the try before had followed the log, by stream; nothing, if Airflow does not say."""
    known = None
    try:
        known = store.get(key) if store is not None else None
    except AirflowRuntimeError as error:
        _log.warning("Airflow does not say what the try before kept as %s; lines may be repeated: %s", key, error)
    return {str(stream): str(position) for stream, position in known.items()} if isinstance(known, dict) else {}


def keep(store: "TaskStateStoreAccessor | None", key: str, value: dict[str, str]) -> None:
    """Keep something for the next try; no step is given up because Airflow cannot take it at the moment."""
    try:
        if store is not None:
            store.set(key, dict(value))
    except AirflowRuntimeError as error:
        _log.warning("Airflow does not keep %s for the next try: %s", key, error)
