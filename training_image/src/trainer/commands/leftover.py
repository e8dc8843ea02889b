"""Something that a DAG run left behind and nobody will need: what it is, whose it is, how to remove it."""

from collections.abc import Callable
from dataclasses import dataclass

from step_contract.step import DagRunName


@dataclass(frozen=True)
class Leftover:
    """One thing to remove. Whatever has an owner goes only if Airflow says that its DAG run is over."""

    kind: str
    what: str
    why: str
    owner: DagRunName | None
    remove: Callable[[], None]
    count: int = 1
