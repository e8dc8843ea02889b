"""Messages to people: the event and reason of what really happened, with links, and nothing twice."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from include.pipelines.errors import StepFailed, StepLost
from include.pipelines.notify.messages import Message, one_sentence, run_failed, step_ended, step_failed
from include.pipelines.operator import conclude
from include.pipelines.runtimes.local.runtime import LocalStepOperator
from include.pipelines.settings import read_settings
from include.step_contract.catalog import NotifyEvent
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Step, StepOrder
from include.step_contract.result import PromoteResult, RegisterResult, Result
from tests.pipelines.conftest import make_pipeline

PROMOTED = PromoteResult(
    model="digits", version="7", promoted=True, champion_version="7", reason="0.91 beats 0.88 by 0.03"
)
KEPT = PROMOTED.model_copy(update={"promoted": False, "champion_version": "6"})
REFUSED = RegisterResult(model="digits", version=None, refused_because="0.2 is below 0.3")
XCOMS: dict[str, Any] = {}
REGISTERED = REFUSED.model_copy(update={"version": "7", "refused_because": None})


@pytest.fixture(autouse=True)
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    XCOMS.clear()
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@mlflow:5000")
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()


def make_context(step: str = "train", clear_number: int = 0, **more: Any) -> Any:
    """Return the context that Airflow passes to a task's callback."""
    ti = SimpleNamespace(
        dag_id="train_digits",
        run_id="scheduled__2026-03-01",
        task_id=step,
        try_number=3,
        xcom_push=lambda key, value: XCOMS.update({key: value}),
        xcom_pull=lambda task_ids, key: XCOMS.get(key) if task_ids == step else None,
        log_url=f"https://airflow.example.com/dags/train_digits/runs/x/tasks/{step}?try_number=3",
    )
    dag_run = SimpleNamespace(clear_number=clear_number, run_after=datetime(2026, 3, 2, tzinfo=UTC))
    return {"ti": ti, "dag_run": dag_run, "run_id": ti.run_id, "dag": SimpleNamespace(dag_id=ti.dag_id), **more}


class EndedWork:
    """Stands in for a process, container or pod that has ended."""

    work = "process"

    def __init__(self, step: Step, exit_code: int, answer: Any) -> None:
        self.step, self.exit_code, self.answer = step, exit_code, answer

    def start_or_attach(self) -> None: ...
    def follow(self) -> None: ...
    def remove(self) -> None: ...
    def retire(self) -> None: ...
    def stop(self) -> None: ...

    def judge(self) -> Any:
        return conclude(self.step, self.exit_code, self.answer)

    def close(self, lost: StepLost) -> str:
        return str(lost)


def finished(work: EndedWork, error: type[Exception] | None = None) -> LocalStepOperator:
    """Return the task of work that has ended, as each runtime's operator concludes it."""
    request = StepOrder(step=work.step, pipeline=make_pipeline())
    task = LocalStepOperator(task_id=work.step.value, request=request)
    with pytest.raises(error) if error else nullcontext():
        task.finish(work)
    return task


def ended(outcome: Any, *, already_done: bool = False, clear_number: int = 0) -> Message | None:
    """Return the message about a step that ended with a result."""
    result = Result(mlflow_run_id="abc123", summary="what came of it", outcome=outcome, already_done=already_done)
    step, refused = Step(outcome.verb), isinstance(outcome, RegisterResult) and outcome.version is None
    task = finished(EndedWork(step, 99 if refused else 0, result), AirflowSkipException if refused else None)
    return step_ended("digits", make_context(step.value, clear_number, task=task))


@pytest.mark.parametrize(
    ("outcome", "event", "title"),
    [
        (PROMOTED, NotifyEvent.PROMOTED, "digits: a new champion"),
        (KEPT, NotifyEvent.KEPT, "digits: the champion stays"),
        (REFUSED, NotifyEvent.REFUSED, "digits: the candidate was refused"),
    ],
)
def test_the_end_of_a_night_is_reported(outcome: Any, event: NotifyEvent, title: str) -> None:
    message = ended(outcome)
    assert message is not None
    assert (message.event, message.title, message.reason) == (event, title, "what came of it")
    assert message.links == {
        "Airflow log": f"https://airflow.example.com/dags/train_digits/runs/x/tasks/{outcome.verb}?try_number=3",
        "MLflow run": "http://mlflow:5000/#/runs/abc123",
    }


def test_a_registered_candidate_is_not_reported() -> None:
    assert ended(REGISTERED) is None


def test_the_result_of_another_task_is_not_reported() -> None:
    ended(REFUSED)
    assert (
        step_ended("digits", make_context("promote", task=finished(EndedWork(Step.PROMOTE, -9, None), StepLost)))
        is None
    )


def test_a_retry_that_finds_its_work_done_reports_it_and_a_cleared_run_does_not() -> None:
    assert ended(PROMOTED, already_done=True) is not None  # the previous attempt may have died before it reported
    assert ended(PROMOTED, already_done=True, clear_number=1) is None
    assert ended(PROMOTED, clear_number=1) is not None


def test_a_failure_names_the_steps_own_reason_and_its_mlflow_run() -> None:
    answer = Failure(
        step=Step.TRAIN, kind=FailureKind.BAD_DATA, message="no images in digits/2026-03-01", mlflow_run_id="abc123"
    )
    with pytest.raises(StepFailed) as caught:
        conclude(Step.TRAIN, 65, answer)
    message = step_failed("digits", make_context(exception=caught.value))
    assert message is not None
    assert message.event is NotifyEvent.FAILED
    assert message.text == (
        "digits: train failed\n"
        "train: bad_data: no images in digits/2026-03-01\n"
        "Run: train_digits scheduled__2026-03-01\n"
        "Step: train, attempt 3\n"
        "Airflow log: https://airflow.example.com/dags/train_digits/runs/x/tasks/train?try_number=3\n"
        "MLflow run: http://mlflow:5000/#/runs/abc123"
    )


def test_a_failure_does_not_report_the_result_of_an_earlier_attempt() -> None:
    ended(PROMOTED)
    lost = finished(EndedWork(Step.PROMOTE, -9, None), StepLost)
    assert step_ended("digits", make_context("promote", task=lost)) is None


def test_a_killed_task_is_reported_by_its_run() -> None:
    """The task's own callback runs nowhere, or in the dag-processor, which has no exception."""
    assert step_failed("digits", make_context()) is None
    message = run_failed("digits", make_context(reason="task_failure"))
    assert message is not None
    assert (message.title, message.step) == ("digits: train failed", "train")
    assert message.reason.startswith("the task ended without a report: its process was killed, or its worker is gone")
    assert list(message.links) == ["Airflow log"]


def test_a_failure_that_its_task_reported_is_not_reported_again_by_its_run() -> None:
    reported = make_context(exception=RuntimeError("out of luck"))
    assert step_failed("digits", reported) is not None
    assert run_failed("digits", make_context(reason="task_failure")) is None
    reported["ti"].xcom_push("failure_told", 2)  # of an earlier attempt of a run that was cleared
    assert run_failed("digits", make_context(reason="task_failure")) is not None


def test_another_exception_is_reported_by_its_first_line_or_its_name() -> None:
    for error, reason in ((RuntimeError("first\nsecond"), "first"), (TimeoutError(), "TimeoutError")):
        message = step_failed("digits", make_context(exception=error))
        assert message is not None
        assert message.reason == reason
    assert len(one_sentence("x" * 10_000)) == 500


def test_a_run_that_took_too_long_is_reported() -> None:
    message = run_failed("digits", make_context(reason="timed_out"))
    assert message is not None
    assert (message.title, message.step) == ("digits: the run failed", None)
    assert "execution.run_timeout_hours" in message.reason
    assert message.links == {"Airflow run": "https://airflow.example.com/dags/train_digits/runs/scheduled__2026-03-01"}


def test_links_use_the_address_at_which_people_reach_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_UI_URL", "https://mlflow.example.com/base/")
    read_settings.cache_clear()
    message = ended(PROMOTED)
    assert message is not None
    assert message.links["MLflow run"] == "https://mlflow.example.com/base/#/runs/abc123"


def test_a_store_that_is_no_web_address_gives_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    read_settings.cache_clear()
    message = ended(PROMOTED)
    assert message is not None
    assert list(message.links) == ["Airflow log"]
