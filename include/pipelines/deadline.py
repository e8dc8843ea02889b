"""When a nightly run must be done, and what happens when it is not: Airflow's deadline alerts.

Airflow's own references are a moment plus a fixed time, which a time of day is not: not across a weekend, not when the
clocks change, and not for a backfill, which would be late before it began. So there is one of our own. The scheduler
and the api-server know it from ``plugins/nightshift.py``; without that plugin Airflow could not create the run at all,
so no DAG gets a deadline then, and ``dags/catalog_problems.py`` says why.

Must stay light: it is read with every DAG. Airflow's models are imported where the scheduler calls.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.sdk import get_parsing_context
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import REFERENCE_TYPE_FIELD, BaseDeadlineReference, DeadlineAlert

from include.step_contract.catalog import Pipeline
from include.step_contract.notification import Notify, NotifyEvent

from .messages import Message, run_link
from .notifications import tell

_RUN_TYPES = ("scheduled", "asset_triggered")
"""Nobody waits for a backfill or a run by hand by the clock."""


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
        """Return a new run's deadline, or None if it has none; called by the scheduler and the api-server."""
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


def is_registered() -> bool:
    """Tell whether Airflow knows the reference in this process, and so in the others of the deployment."""
    from airflow.plugins_manager import get_deadline_references_plugins

    return f"{NextClockTime.__module__}.{NextClockTime.__qualname__}" in get_deadline_references_plugins()


def missing_plugin(pipelines: Iterable[Pipeline]) -> list[str]:
    """Return what is wrong if pipelines have deadlines and Airflow does not know their reference."""
    names = [pipeline.name for pipeline in pipelines if pipeline.execution.deadline is not None]
    if not names or is_registered():
        return []
    return [
        f"pipelines {', '.join(map(repr, names))} have an execution.deadline, but Airflow has not loaded "
        "plugins/nightshift.py, so nobody will be told when they are late; expected AIRFLOW__CORE__PLUGINS_FOLDER to "
        "name the folder plugins/ for the scheduler, the api-server and the dag-processor"
    ]


def deadline_alert(pipeline: Pipeline) -> DeadlineAlert | None:
    """Return the alert of a pipeline that has a deadline."""
    clock, events = pipeline.execution.deadline, pipeline.notify.events
    # A task's process parses its own DAG, too, and needs no deadline; looking for plugins would cost it half a second.
    if clock is None or get_parsing_context().dag_id or not is_registered():
        return None
    if events is not None and NotifyEvent.LATE not in events:
        return None
    due = f"{clock} {pipeline.timezone.key}"
    kwargs = {"pipeline": pipeline.name, "due": due, "notify": pipeline.notify.model_dump(mode="json")}
    return DeadlineAlert(
        name=f"done by {due}",
        reference=NextClockTime(clock, pipeline.timezone.key),
        interval=timedelta(0),
        callback=SyncCallback(tell_late, kwargs=kwargs),
    )


def tell_late(pipeline: str, due: str, notify: dict[str, Any], context: dict[str, Any]) -> None:
    """Tell that a run was not done by its deadline; an executor runs this as a process of its own."""
    run = context["dag_run"]
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    states = {
        "queued": "is still waiting to begin",
        "running": "is still at work",
        "failed": "has failed",
        "success": f"was done only at {run.get('end_date')}",
    }
    state = states.get(run["state"], f"is {run['state']}")
    reason = f"The run was to be done by {due} and {state}."
    links = {"Airflow run": run_link(dag_id, run_id)}
    tell(
        Message(NotifyEvent.LATE, pipeline, dag_id, run_id, reason, links=links),
        Notify.model_validate(notify),
    )
