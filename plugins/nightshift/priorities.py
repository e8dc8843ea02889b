"""Order of the tasks that wait for a free slot."""

from typing import Any

from airflow.task.priority_strategy import PriorityWeightStrategy
from airflow.utils.types import DagRunType

_NIGHTLY = 300
_WEIGHTS = {DagRunType.MANUAL: 200, DagRunType.BACKFILL_JOB: 100}


class NightlyFirst(PriorityWeightStrategy):
    """Give the next free slot to nightly runs, then runs by hand, then backfills; among equals to the furthest run.

    Airflow's own rules ignore the type of the run and, among equals, start the task with the oldest data, so a backfill
    over a month would delay the nightly run.
    """

    def get_weight(self, ti: Any) -> int:
        """Return the weight of a run's task; the highest is started first."""
        kind = DagRunType.from_run_id(ti.run_id)
        return _WEIGHTS.get(kind, _NIGHTLY) + len(ti.task.get_flat_relative_ids(upstream=True))
