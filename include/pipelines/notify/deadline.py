"""Give a pipeline's DAG its deadline as Airflow's deadline alert, and send a message when a run misses it.

The scheduler and the api-server create runs and know our kind of deadline from ``plugins/nightshift/``. Without that
plugin they could not create a run that has a deadline, so no DAG gets one, and ``dags/catalog_problems.py`` says why.
"""

from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

from airflow.sdk import get_parsing_context
from airflow.sdk.definitions.callback import AsyncCallback, SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert

from include.step_contract.catalog import Notify, NotifyEvent, Pipeline

from .messages import Message, run_link
from .notifications import send

_REFERENCE = "nightshift.NextClockTime"
_IN_TRIGGERER = "nightshift.tell_late_in_triggerer"


def deadline_alert(pipeline: Pipeline) -> DeadlineAlert | None:
    """Return the alert of a pipeline that has a deadline."""
    clock, events = pipeline.execution.deadline, pipeline.notify.events
    # A task's process parses its DAG too but needs no deadline; loading plugins would cost it half a second.
    if clock is None or get_parsing_context().dag_id or (reference := _reference_class()) is None:
        return None
    if events is not None and NotifyEvent.LATE not in events:
        return None
    due = f"{clock} {pipeline.timezone.key}"
    kwargs = {"pipeline": pipeline.name, "due": due, "notify": pipeline.notify.model_dump(mode="json")}
    return DeadlineAlert(
        name=f"done by {due}",
        reference=reference(clock, pipeline.timezone.key),
        interval=timedelta(0),
        callback=SyncCallback(tell_late, kwargs)
        if _executor_runs_callbacks()
        else AsyncCallback(_IN_TRIGGERER, kwargs),
    )


def missing_plugin(pipelines: Iterable[Pipeline]) -> list[str]:
    """Return the problem of pipelines that have deadlines while Airflow does not know our kind of deadline."""
    names = [pipeline.name for pipeline in pipelines if pipeline.execution.deadline is not None]
    if not names or _reference_class() is not None:
        return []
    return [
        f"pipelines {', '.join(map(repr, names))} have an execution.deadline, but Airflow has not loaded "
        "plugins/nightshift_plugin.py, so no message will say that they are late; expected "
        "AIRFLOW__CORE__PLUGINS_FOLDER to name the folder plugins/ for the scheduler, the api-server, the "
        "dag-processor and the triggerer"
    ]


def _reference_class() -> Any:
    """Return the plugin's class, or None if Airflow has not loaded it (in this process, so in none)."""
    from airflow.plugins_manager import get_deadline_references_plugins

    return get_deadline_references_plugins().get(_REFERENCE)


@cache
def _executor_runs_callbacks() -> bool:
    """Return whether the deployment's executor can run a callback; the scheduler would crash if it cannot."""
    from airflow.executors.executor_loader import ExecutorLoader

    executor, _source = ExecutorLoader.import_default_executor_cls()
    return executor.supports_callbacks


def tell_late(pipeline: str, due: str, notify: dict[str, Any], context: dict[str, Any]) -> None:
    """Report that a run missed its deadline; an executor runs this in a separate process."""
    run = context["dag_run"]
    dag_id, run_id = run["dag_id"], run["dag_run_id"]
    states = {
        "queued": "is still waiting to start",
        "running": "is still running",
        "failed": "has failed",
        "success": f"finished only at {run.get('end_date')}",
    }
    state = states.get(run["state"], f"is {run['state']}")
    reason = f"The run was due by {due} and {state}."
    links = {"Airflow run": run_link(dag_id, run_id)}
    send(
        Message(NotifyEvent.LATE, pipeline, dag_id, run_id, reason, links=links),
        Notify.model_validate(notify),
    )
