"""Tests of what surrounds a step's work: the record names the end of each attempt, and finished work stays done."""

import errno
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from step_contract.failure import ExitCode, FailureKind
from step_contract.order import Step, StepOrder
from step_contract.result import PreprocessResult, Result
from tests.trainer.mlflow_client import client_of
from trainer.errors import Failed, Terminated
from trainer.execution import run_step
from trainer.job import Job
from trainer.settings import Settings
from trainer.steps import planned, preprocess
from trainer.termination import raise_on_stop_signal
from trainer.tracking import RunRecord, open_record
from trainer.tracking.ownership import Owner

from .conftest import make_pipeline, make_run
from .test_termination import stopped_in_a_library

PREPARED = PreprocessResult(dataset_digest="d" * 64, images={"train": 12})


def request() -> StepOrder:
    return StepOrder(step=Step.PREPROCESS, pipeline=make_pipeline())


def record_of(settings: Settings) -> RunRecord:
    return open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run())


def ending(settings: Settings) -> tuple[str, dict[str, str]]:
    record = record_of(settings)
    return client_of(record).get_run(record.run_id).info.status, record.tags()


def plan_of(monkeypatch: pytest.MonkeyPatch, work: Callable[[Job], PreprocessResult]) -> None:
    """Let preprocess do other work, on inputs that never change."""
    monkeypatch.setattr(preprocess, "plan", lambda job: planned("inputs", partial(work, job), preprocess.summary))


def owned_by_try(number: int) -> str:
    now = datetime.now(UTC)
    return Owner(token="t", step=Step.PREPROCESS, try_number=number, host="gone", since=now).model_dump_json()


def test_a_failure_before_the_work_is_recorded_though_a_dead_try_owns_the_record(settings: Settings) -> None:
    record_of(settings).set_tags({"owner": owned_by_try(1)})
    with pytest.raises(Failed, match="no dataset at") as failed:
        run_step(request(), make_run(try_number=2), settings)
    assert (failed.value.run_id, failed.value.kind) == (record_of(settings).run_id, FailureKind.BAD_DATA)
    status, tags = ending(settings)
    assert (status, tags["failure.kind"], tags["step.preprocess"]) == ("FAILED", "bad_data", "failed")
    assert "no dataset at" in tags["failure.reason"]
    assert tags["owner"] == ""


def test_a_failure_leaves_the_record_to_a_later_try(settings: Settings) -> None:
    later = owned_by_try(3)
    record_of(settings).set_tags({"owner": later})
    with pytest.raises(Failed) as failed:
        run_step(request(), make_run(try_number=2), settings)
    assert failed.value.kind is FailureKind.BAD_DATA
    status, tags = ending(settings)
    assert (status, tags["owner"]) == ("RUNNING", later)
    assert "failure.kind" not in tags


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_scratch_folder_that_cannot_be_made_is_recorded_and_tried_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: Any, **__: Any) -> str:
        raise OSError(code, "refused", "/scratch/x")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(Failed, match=r"/scratch/x; expected TRAINER_WORK_DIR and TRAINER_CACHE_DIR with room"):
        run_step(request(), make_run(), settings)
    status, tags = ending(settings)
    assert (status, tags["failure.kind"]) == ("FAILED", "try_again")


def test_told_to_stop_just_after_its_done_marker_a_step_is_not_done_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = RunRecord.finish_step

    def finish_and_be_stopped(self: RunRecord, step: Step, result: Result, *, refused: bool = False) -> None:
        finish(self, step, result, refused=refused)
        raise Terminated("told to stop by SIGTERM")

    worked: list[Path] = []

    def work(job: Job) -> PreprocessResult:
        worked.append(job.workspace)
        return PREPARED

    plan_of(monkeypatch, work)
    monkeypatch.setattr(RunRecord, "finish_step", finish_and_be_stopped)
    with pytest.raises(Failed) as failed:
        run_step(request(), make_run(), settings)
    assert isinstance(failed.value.error, Terminated)
    status, tags = ending(settings)
    assert (status, tags["step.preprocess"], tags["failure.kind"]) == ("KILLED", "done", "terminated")
    result, code = run_step(request(), make_run(try_number=2), settings)
    assert (result.already_done, code, len(worked)) == (True, ExitCode.DONE, 1)


def test_told_to_stop_in_a_library_that_calls_it_an_error_of_its_own_a_step_is_terminated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_of(monkeypatch, lambda _job: stopped_in_a_library())
    with raise_on_stop_signal(watch_stdin=False), pytest.raises(Failed) as failed:
        run_step(request(), make_run(), settings)
    assert isinstance(failed.value.error, Terminated)
    status, tags = ending(settings)
    assert (status, tags["failure.kind"]) == ("KILLED", "terminated")


@pytest.mark.parametrize(("owner", "left"), [(1, False), (3, True)], ids=["its own try before", "a later try"])
def test_killed_after_its_done_marker_the_next_try_releases_the_record(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, owner: int, left: bool
) -> None:
    plan_of(monkeypatch, lambda _job: PREPARED)
    run_step(request(), make_run(), settings)
    record_of(settings).set_tags({"owner": owned_by_try(owner)})
    result, _ = run_step(request(), make_run(try_number=2), settings)
    assert result.already_done
    assert bool(ending(settings)[1]["owner"]) is left
