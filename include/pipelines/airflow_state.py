"""Ask Airflow whether a DAG run or task has finished, by the Task SDK, because a worker has no database."""

from typing import Protocol

from airflow.sdk import DagRunState, TaskInstanceState

_ACTIVE_RUNS = [DagRunState.QUEUED.value, DagRunState.RUNNING.value]
_ENDED_TASKS = {
    TaskInstanceState.SUCCESS,
    TaskInstanceState.FAILED,
    TaskInstanceState.SKIPPED,
    TaskInstanceState.UPSTREAM_FAILED,
    TaskInstanceState.REMOVED,
}
_ACTIVE_TASKS = [state.value for state in TaskInstanceState if state not in _ENDED_TASKS]
_NOT_SCHEDULED_YET = "null"


class Airflow(Protocol):
    """The calls made to the task instance of a running task."""

    def get_dr_count(self, dag_id: str, *, run_ids: list[str], states: list[str]) -> int:
        """Return how many of these DAG runs are in one of these states."""
        ...

    def get_ti_count(self, dag_id: str, *, task_ids: list[str] | None, run_ids: list[str], states: list[str]) -> int:
        """Return how many tasks of these DAG runs are in one of these states."""
        ...


def is_dag_run_finished(airflow: Airflow, dag_id: str, run_id: str) -> bool:
    """Return whether the DAG run and all its tasks have finished; a DAG run that Airflow does not know counts as such.

    The tasks count because a DAG run that exceeds its time limit fails before its last task has ended.
    """
    if airflow.get_dr_count(dag_id, run_ids=[run_id], states=_ACTIVE_RUNS):
        return False
    return not airflow.get_ti_count(dag_id, task_ids=None, run_ids=[run_id], states=_ACTIVE_TASKS)


def is_task_finished(airflow: Airflow, dag_id: str, run_id: str, task_id: str) -> bool:
    """Return whether a task has finished for good, or is unknown to Airflow."""
    states = [*_ACTIVE_TASKS, _NOT_SCHEDULED_YET]
    return not airflow.get_ti_count(dag_id, task_ids=[task_id], run_ids=[run_id], states=states)
