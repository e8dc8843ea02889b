"""Describe a leftover of a DAG run: what it is, the run that owns it, and how to delete it."""

from collections.abc import Callable
from dataclasses import dataclass

from step_contract.step import DagRunName


@dataclass(frozen=True)
class Leftover:
    """One thing to delete. With an owner, it is deleted only if Airflow says that its DAG run is finished."""

    kind: str
    what: str
    why: str
    owner: DagRunName | None
    remove: Callable[[], None]
    count: int = 1
