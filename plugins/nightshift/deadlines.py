"""Deadline at a time of day, and the callback for a run that misses it.

Airflow's own deadlines are a moment plus a fixed interval. That cannot express a time of day: not across a weekend, not
when clocks change, and not for a backfill, which would be late before it starts.
"""

import asyncio
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.sdk.definitions.deadline import REFERENCE_TYPE_FIELD, BaseDeadlineReference

_ROOT = str(Path(__file__).resolve().parents[2])
_RUN_TYPES = ("scheduled", "asset_triggered")
"""Types of runs that have a deadline; backfills and runs by hand have none."""


@dataclass(frozen=True, eq=False)
class NextClockTime(BaseDeadlineReference):
    """The first time of day, in a time zone, after a run was due."""

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    clock: str = "06:00"
    timezone: str = "UTC"

    def serialize_reference(self) -> dict[str, Any]:
        """Return the form that Airflow stores."""
        return {REFERENCE_TYPE_FIELD: self.reference_name, "clock": self.clock, "timezone": self.timezone}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> "NextClockTime":
        """Return the reference that Airflow stored."""
        return cls(reference_data["clock"], reference_data["timezone"])

    def _evaluate_with(self, *, session: Any, dag_id: str, run_id: str) -> datetime | None:
        """Return a new run's deadline, or None if it has none; the processes that create runs call this."""
        from airflow.models import DagRun
        from sqlalchemy import select

        wanted = select(DagRun.run_type, DagRun.run_after).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        row = session.execute(wanted).one_or_none()
        if row is None or str(getattr(row.run_type, "value", row.run_type)) not in _RUN_TYPES:
            return None
        return next_clock_time(row.run_after, self.clock, ZoneInfo(self.timezone))


def next_clock_time(moment: datetime, clock: str, timezone: ZoneInfo) -> datetime:
    """Return the first moment after ``moment`` at which clocks in the time zone show ``clock`` ("06:00")."""
    local = moment.astimezone(timezone)
    hour, minute = map(int, clock.split(":"))
    shown = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    # Compared in UTC: within one time zone Python compares what clocks show, and clocks are set back once a year.
    found = shown if shown.astimezone(UTC) > moment else shown + timedelta(days=1)
    return found.astimezone(UTC)


async def tell_late_in_triggerer(**arguments: Any) -> None:
    """Notify that a run is late, in the triggerer, which does not have the DAG bundle's root on its path."""
    if _ROOT not in sys.path:
        sys.path.append(_ROOT)
    from include.pipelines.notify.deadline import tell_late

    await asyncio.to_thread(tell_late, **arguments)  # the triggerer's loop stays free
