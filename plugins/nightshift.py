"""What Airflow's own processes must know of Nightshift. [core] plugins_folder names this folder.

Nothing of ``include/`` is imported here: the scheduler would keep it, and hand the code that it has read to every task
that it starts, also after an upgrade of the DAG bundle. Changing this file takes a restart of Airflow.

Airflow's own deadlines are a moment plus a fixed time, which a time of day is not: not across a weekend, not when the
clocks change, and not for a backfill, which would be late before it began. So there is one of our own.
"""

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.definitions.deadline import REFERENCE_TYPE_FIELD, BaseDeadlineReference
from airflow.task.priority_strategy import PriorityWeightStrategy
from airflow.utils.types import DagRunType

_ROOT = str(Path(__file__).resolve().parents[1])
_RUN_TYPES = ("scheduled", "asset_triggered")
"""Nobody waits for a backfill or a run by hand by the clock."""
_NIGHTLY = 300
_WEIGHTS = {DagRunType.MANUAL: 200, DagRunType.BACKFILL_JOB: 100}


@dataclass(frozen=True, eq=False)
class NextClockTime(BaseDeadlineReference):
    """The first time of day, in a time zone, after a run was due."""

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    clock: str = "06:00"
    timezone: str = "UTC"

    def serialize_reference(self) -> dict[str, Any]:
        """Return what Airflow stores."""
        return {REFERENCE_TYPE_FIELD: self.reference_name, "clock": self.clock, "timezone": self.timezone}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> "NextClockTime":
        """Return what Airflow has stored."""
        return cls(reference_data["clock"], reference_data["timezone"])

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:
        """Return a new run's deadline, or None if it has none; called where runs are created."""
        from airflow.models import DagRun
        from sqlalchemy import select

        wanted = select(DagRun.run_type, DagRun.run_after).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        row = session.execute(wanted).one_or_none()
        if row is None or str(getattr(row.run_type, "value", row.run_type)) not in _RUN_TYPES:
            return None
        return next_clock_time(row.run_after, self.clock, ZoneInfo(self.timezone))


def next_clock_time(moment: datetime, clock: str, timezone: ZoneInfo) -> datetime:
    """Return the first moment after another at which clocks in a time zone show a time ("06:00")."""
    local = moment.astimezone(timezone)
    hour, minute = map(int, clock.split(":"))
    shown = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    # Compared as moments: within one time zone Python compares what clocks show, which goes back once a year.
    found = shown if shown.astimezone(UTC) > moment else shown + timedelta(days=1)
    return found.astimezone(UTC)


async def tell_late_in_triggerer(**arguments: Any) -> None:
    """Tell that a run is late, where no executor can; the triggerer has the DAG bundle's root not on its path."""
    if _ROOT not in sys.path:
        sys.path.append(_ROOT)
    from include.pipelines.notify.deadline import tell_late

    await asyncio.to_thread(tell_late, **arguments)  # the triggerer's loop stays free


class NightlyFirst(PriorityWeightStrategy):
    """Whose task gets the next free slot: a night's, then one by hand, then a backfill's; of each, the furthest.

    Airflow's own rules do not look at the run, and of equals take the one with the oldest data: a backfill over a month
    would go before the night.
    """

    def get_weight(self, ti: Any) -> int:
        """Return the weight of a task of some run; the higher goes first."""
        kind = DagRunType.from_run_id(ti.run_id)
        return _WEIGHTS.get(kind, _NIGHTLY) + len(ti.task.get_flat_relative_ids(upstream=True))


class NightshiftPlugin(AirflowPlugin):
    """Nightshift's plugin."""

    name = "nightshift"
    priority_weight_strategies = [NightlyFirst]  # noqa: RUF012  # as Airflow declares it
    deadline_references = [NextClockTime]  # noqa: RUF012  # as Airflow declares it
