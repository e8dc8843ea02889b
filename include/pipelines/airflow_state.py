"""Whether Airflow still has something to do for a DAG run, asked by way of the Task SDK: a worker has no database."""

from typing import Protocol

from airflow.sdk import DagRunState, TaskInstanceState

_LIVING_RUNS = [DagRunState.QUEUED.value, DagRunState.RUNNING.value]
_ENDED_TASKS = {
    TaskInstanceState.SUCCESS,
    TaskInstanceState.FAILED,
    TaskInstanceState.SKIPPED,
    TaskInstanceState.UPSTREAM_FAILED,
    TaskInstanceState.REMOVED,
}
_LIVING_TASKS = [state.value for state in TaskInstanceState if state not in _ENDED_TASKS]
_NOT_SCHEDULED_YET = "null"


class Airflow(Protocol):
    """What is asked of a running task's own task instance."""

    def get_dr_count(self, dag_id: str, *, run_ids: list[str], states: list[str]) -> int:
        """Return how many of some DAG runs are in one of some states."""
        ...

    def get_ti_count(self, dag_id: str, *, task_ids: list[str] | None, run_ids: list[str], states: list[str]) -> int:
        """Return how many tasks of some DAG runs are in one of some states."""
        ...


def is_dag_run_over(airflow: Airflow, dag_id: str, run_id: str) -> bool:
    """Tell whether neither the DAG run nor any of its tasks will do anything; also true of one that Airflow forgot.

    The tasks are asked about, too: a DAG run that ran into its time limit has failed before its last task has ended.
    """
    if airflow.get_dr_count(dag_id, run_ids=[run_id], states=_LIVING_RUNS):
        return False
    return not airflow.get_ti_count(dag_id, task_ids=None, run_ids=[run_id], states=_LIVING_TASKS)


def is_task_over(airflow: Airflow, dag_id: str, run_id: str, task_id: str) -> bool:
    """Tell whether a task will not do anything more: it has ended for good, or Airflow knows nothing of it."""
    states = [*_LIVING_TASKS, _NOT_SCHEDULED_YET]
    return not airflow.get_ti_count(dag_id, task_ids=[task_id], run_ids=[run_id], states=states)
