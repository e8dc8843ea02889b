"""Compose the messages about a run: the event, the reason in one sentence, links. Nothing here sends them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from airflow.sdk import Context

from include.pipelines.errors import StepFailed
from include.pipelines.operator import StepTask
from include.pipelines.settings import settings
from include.step_contract.catalog import NotifyEvent
from include.step_contract.result import PromoteResult, RegisterResult, Result

_LONGEST_REASON = 500
_LOST = (
    "the task ended without a report: its process was killed, or its worker is gone; see its log and the scheduler's"
)
_REPORTED = "failure_told"
"""XCom of a task: the number of the attempt whose failure the task itself reported."""

_REASON_OF_RUN = {
    "timed_out": "the run took longer than execution.run_timeout_hours of the catalog and was stopped",
    "all_tasks_deadlocked": "no task of the run can start; see the run's page",
}
"""Explanation of a run that failed without a failed task, by Airflow's reason."""


@dataclass(frozen=True)
class Message:
    """A message to people about one event."""

    event: NotifyEvent
    pipeline: str
    dag_id: str
    run_id: str
    reason: str
    step: str | None = None
    try_number: int | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses, each by the name of its page."""

    @property
    def title(self) -> str:
        """The event in a few words."""
        what = {
            NotifyEvent.FAILED: f"{self.step or 'the run'} failed",
            NotifyEvent.PROMOTED: "a new champion",
            NotifyEvent.REFUSED: "the candidate was refused",
            NotifyEvent.KEPT: "the champion stays",
            NotifyEvent.LATE: "not finished in time",
        }
        return f"{self.pipeline}: {what[self.event]}"

    @property
    def body(self) -> str:
        """Everything but the title, for people."""
        step = f"\nStep: {self.step}, attempt {self.try_number}" if self.step and self.try_number else ""
        links = "".join(f"\n{name}: {address}" for name, address in self.links.items())
        return f"{self.reason}\nRun: {self.dag_id} {self.run_id}{step}{links}"

    @property
    def text(self) -> str:
        """Everything, for people."""
        return f"{self.title}\n{self.body}"

    @property
    def fields(self) -> dict[str, Any]:
        """Everything, for programs; chat programs show ``text``."""
        return {
            "event": self.event.value,
            "title": self.title,
            "text": self.text,
            "pipeline": self.pipeline,
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "step": self.step,
            "try_number": self.try_number,
            "reason": self.reason,
            "links": dict(self.links),
        }


def run_link(dag_id: str, run_id: str) -> str:
    """Return the address of a run's page."""
    from airflow.sdk.configuration import conf

    base = conf.get("api", "base_url", fallback="http://localhost:8080/").rstrip("/")
    return f"{base}/dags/{quote(dag_id)}/runs/{quote(run_id)}"


def one_sentence(text: str) -> str:
    """Return the first line of a text, shortened."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= _LONGEST_REASON else f"{line[: _LONGEST_REASON - 3]}..."


def step_failed(pipeline: str, context: Context) -> Message | None:
    """Return the message about a task's final failure; None for a killed process, which ``run_failed`` reports."""
    error = context.get("exception")
    if error is None:
        return None
    context["ti"].xcom_push(_REPORTED, context["ti"].try_number)
    mlflow_run_id = error.mlflow_run_id if isinstance(error, StepFailed) else None
    reason = one_sentence(str(error)) or type(error).__name__
    return _of_task(NotifyEvent.FAILED, pipeline, context, reason, mlflow_run_id)


def step_ended(pipeline: str, context: Context) -> Message | None:
    """Return the message about a task's success or skip, or None if there is nothing new to report."""
    task = context["task"]
    result = task.result if isinstance(task, StepTask) else None
    if not isinstance(result, Result):
        return None
    if result.already_done and context["dag_run"].clear_number:
        return None  # a person cleared the run, and the result was reported before
    match result.outcome:
        case RegisterResult(version=None):
            event = NotifyEvent.REFUSED
        case PromoteResult(promoted=True):
            event = NotifyEvent.PROMOTED
        case PromoteResult():
            event = NotifyEvent.KEPT
        case _:
            return None
    return _of_task(event, pipeline, context, one_sentence(result.summary), result.mlflow_run_id)


def run_failed(pipeline: str, context: Context) -> Message | None:
    """Return the message about a run's failure, or None if the failed task has reported it.

    Airflow does not run the callback of a task whose process was killed, but always runs that of the DAG run, in the
    dag-processor.
    """
    reason = _REASON_OF_RUN.get(str(context.get("reason")))
    if reason is None:
        return None if _has_reported(context) else _of_task(NotifyEvent.FAILED, pipeline, context, _LOST, None)
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    return Message(
        NotifyEvent.FAILED, pipeline, dag_id, run_id, reason, links={"Airflow run": run_link(dag_id, run_id)}
    )


def _has_reported(context: Context) -> bool:
    ti = context.get("ti")
    return ti is None or ti.xcom_pull(task_ids=ti.task_id, key=_REPORTED) == ti.try_number


def _of_task(event: NotifyEvent, pipeline: str, context: Context, reason: str, mlflow_run_id: str | None) -> Message:
    ti = context["ti"]
    links = {"Airflow log": ti.log_url} | _mlflow_links(mlflow_run_id)
    return Message(event, pipeline, ti.dag_id, ti.run_id, reason, ti.task_id, ti.try_number, links)


def _mlflow_links(run_id: str | None) -> dict[str, str]:
    """Return the address of an MLflow run without the credentials that a tracking URI may hold."""
    parts = urlsplit(settings().mlflow_ui_url or settings().mlflow_tracking_uri)
    if run_id is None or parts.scheme not in ("http", "https"):
        return {}
    host = parts.netloc.rpartition("@")[2]
    return {"MLflow run": f"{urlunsplit((parts.scheme, host, parts.path.rstrip('/'), '', ''))}/#/runs/{quote(run_id)}"}
