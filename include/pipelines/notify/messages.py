"""What people are told of a run: the event, the reason in one sentence, and where to look. Nothing here is sent."""

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
_LOST = "the task ended without a word: its process was killed, or its worker is gone; see its log and the scheduler's"
_TOLD = "failure_told"
"""XCom of a task: the number of the try whose failure it told itself."""

_REASON_OF_RUN = {
    "timed_out": "the run took longer than execution.run_timeout_hours of the catalog and was ended",
    "all_tasks_deadlocked": "no task of the run can go on; see the run's page",
}
"""Why a run failed without a task that failed, by Airflow's reason."""


@dataclass(frozen=True)
class Message:
    """One thing that people are told."""

    event: NotifyEvent
    pipeline: str
    dag_id: str
    run_id: str
    reason: str
    step: str | None = None
    try_number: int | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    """Addresses by what is there."""

    @property
    def title(self) -> str:
        """What happened, in a few words."""
        what = {
            NotifyEvent.FAILED: f"{self.step or 'the run'} failed",
            NotifyEvent.PROMOTED: "a new champion",
            NotifyEvent.REFUSED: "the candidate was refused",
            NotifyEvent.KEPT: "the champion stays",
            NotifyEvent.LATE: "not done in time",
        }
        return f"{self.pipeline}: {what[self.event]}"

    @property
    def body(self) -> str:
        """Everything but the title, for people."""
        step = f"\nStep: {self.step}, try {self.try_number}" if self.step and self.try_number else ""
        links = "".join(f"\n{name}: {address}" for name, address in self.links.items())
        return f"{self.reason}\nRun: {self.dag_id} {self.run_id}{step}{links}"

    @property
    def text(self) -> str:
        """Everything, for people."""
        return f"{self.title}\n{self.body}"

    @property
    def fields(self) -> dict[str, Any]:
        """Everything, for programs; ``text`` is what chat programs show."""
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
    """Return what a task's last failure means, or None where its process is gone: ``run_failed`` tells of those."""
    error = context.get("exception")
    if error is None:
        return None
    context["ti"].xcom_push(_TOLD, context["ti"].try_number)
    mlflow_run_id = error.mlflow_run_id if isinstance(error, StepFailed) else None
    reason = one_sentence(str(error)) or type(error).__name__
    return _of_task(NotifyEvent.FAILED, pipeline, context, reason, mlflow_run_id)


def step_ended(pipeline: str, context: Context) -> Message | None:
    """Return what a task's success or skip means, or None if it is nothing new."""
    task = context["task"]
    result = task.result if isinstance(task, StepTask) else None
    if not isinstance(result, Result):
        return None
    if result.already_done and context["dag_run"].clear_number:
        return None  # somebody had the run done again, and nothing came of it that was not told
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
    """Return what a run's failure means, or None if the task that failed has told of it.

    Airflow runs no callback of a task whose process is killed, but always that of its run, in the dag-processor.
    """
    reason = _REASON_OF_RUN.get(str(context.get("reason")))
    if reason is None:
        return None if _has_told(context) else _of_task(NotifyEvent.FAILED, pipeline, context, _LOST, None)
    dag_id, run_id = context["dag"].dag_id, context["run_id"]
    return Message(
        NotifyEvent.FAILED, pipeline, dag_id, run_id, reason, links={"Airflow run": run_link(dag_id, run_id)}
    )


def _has_told(context: Context) -> bool:
    ti = context.get("ti")
    return ti is None or ti.xcom_pull(task_ids=ti.task_id, key=_TOLD) == ti.try_number


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
