"""Tests of the sweep: what it closes and deletes, and what it keeps."""

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from mlflow.entities import Metric

from step_contract.order import Step, SurveyOrder, SweepOrder
from step_contract.result import SurveyResult, SweepResult
from step_contract.step import DagRunName, StepRun
from step_contract.tags import EPOCH_SECONDS_METRIC
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from trainer.commands.dispatch import run_chore
from trainer.commands.old_runs import old_checkpoints
from trainer.errors import BadRequest, Superseded, TryAgain
from trainer.handover import slot
from trainer.job import Job
from trainer.settings import Settings
from trainer.tracking import RunRecord
from trainer.training.checkpoints import CheckpointStore

MakeJob = Callable[..., Job]
MakeOpen = Callable[..., Job]
HOUR, DAY = 3600.0, 86400.0
OVER = DagRunName(dag_id="train_digits", run_id=make_run().run_id)


def sweep(settings: Settings, *over: DagRunName, **fields: object) -> SweepResult:
    order = SweepOrder.model_validate({"over": over, "grace_minutes": 0} | fields)
    result = run_chore(order, make_run(dag_id="sweep"), settings).outcome
    assert isinstance(result, SweepResult)
    return result


def survey(settings: Settings) -> tuple[DagRunName, ...]:
    result = run_chore(SurveyOrder(), make_run(dag_id="sweep"), settings).outcome
    assert isinstance(result, SurveyResult)
    return result.dag_runs


def name_of(run: StepRun) -> DagRunName:
    return DagRunName(dag_id=run.dag_id, run_id=run.run_id)


@pytest.fixture
def open_run(make_job: MakeJob) -> MakeOpen:
    """Return a function that records a DAG run whose step was lost without a report."""

    def make(step: Step = Step.TRAIN, run: StepRun | None = None) -> Job:
        job = make_job(step, run=run)
        job.record.begin_step(step, "inputs")
        job.workspace.rmdir()
        return job

    return make


def status_of(job: Job) -> str:
    return str(client_of(job.record).get_run(job.record.run_id).info.status)


def store_checkpoint(job: Job, tmp_path: Path) -> None:
    handover, save_dir = tmp_path / "slot", tmp_path / "saved"
    (save_dir / "weights").mkdir(parents=True)
    (save_dir / "weights" / "last.pt").write_text("weights")
    (save_dir / "results.csv").write_text("epoch")
    files = {"last.pt": save_dir / "weights" / "last.pt", "results.csv": save_dir / "results.csv"}
    slot.publish(handover, 3, files)
    claimed = slot.claim(handover)
    assert claimed is not None
    CheckpointStore(job.record).commit(claimed)


# -- open MLflow runs -------------------------------------------------------------------------------------------------


def test_a_run_whose_dag_run_is_over_is_closed_with_the_reason(settings: Settings, open_run: MakeOpen) -> None:
    job = open_run()
    assert survey(settings) == (OVER,)
    assert sweep(settings, OVER).removed == {"open MLflow runs": 1}
    tags = job.record.tags()
    assert (status_of(job), tags["step.train"], tags["failure.step"]) == ("KILLED", "failed", "train")
    assert tags["failure.reason"].startswith("the DAG run is finished in Airflow, but its MLflow run was still open")
    assert survey(settings) == ()
    assert sweep(settings, OVER).removed == {}


def test_a_run_not_known_to_be_finished_is_kept(
    settings: Settings, open_run: MakeOpen, caplog: pytest.LogCaptureFixture
) -> None:
    job = open_run()
    with caplog.at_level(logging.INFO):
        assert sweep(settings, name_of(make_run(7))).removed == {}
    assert status_of(job) == "RUNNING"
    assert f"kept: MLflow run {job.record.run_id} of train_digits" in caplog.text


def test_a_run_that_just_began_is_left(settings: Settings, open_run: MakeOpen) -> None:
    job = open_run()
    assert sweep(settings, OVER, grace_minutes=10).removed == {}
    assert status_of(job) == "RUNNING"


def test_an_epoch_is_a_sign_of_life(settings: Settings, open_run: MakeOpen) -> None:
    job = open_run()
    client, run_id = client_of(job.record), job.record.run_id
    long_ago = datetime.now(UTC) - timedelta(days=2)
    client.update_run(run_id, status="RUNNING")
    _began(settings, run_id, long_ago)
    client.log_batch(run_id, [Metric(EPOCH_SECONDS_METRIC, 1.0, int(time.time() * 1000), 1)])
    assert sweep(settings, OVER, grace_minutes=10).removed == {}
    client.delete_run(run_id)


def test_a_try_that_took_the_record_over_is_a_sign_of_life(settings: Settings, open_run: MakeOpen) -> None:
    job = open_run()
    _began(settings, job.record.run_id, datetime.now(UTC) - timedelta(days=90))
    job.record.ownership.take(Step.TRAIN, 1)  # the DAG run was cleared, months later
    assert sweep(settings, OVER, grace_minutes=10).removed == {}
    assert sweep(settings, OVER).removed == {"open MLflow runs": 1}
    with pytest.raises(Superseded, match="was released by another process; try 1 of train stops"):
        job.record.ownership.check()


def test_without_an_epoch_the_begin_counts(settings: Settings, open_run: MakeOpen) -> None:
    job = open_run()
    _began(settings, job.record.run_id, datetime.now(UTC) - timedelta(days=2))
    assert sweep(settings, OVER, grace_minutes=10).removed == {"open MLflow runs": 1}


def test_a_run_stopped_after_its_last_step_is_finished(settings: Settings, make_job: MakeJob) -> None:
    job = make_job("promote")
    job.record.begin_step(Step.PROMOTE, "inputs")
    job.record.set_tags({"step.promote": "done"})
    sweep(settings, OVER)
    assert (status_of(job), "failure.reason" in job.record.tags()) == ("FINISHED", False)


def test_a_run_that_was_cleared_after_its_last_step_and_died_again_is_no_success(
    settings: Settings, open_run: MakeOpen
) -> None:
    job = open_run()
    job.record.set_tags({"step.promote": "done", "step.register": "refused"})  # of the time before it was cleared
    sweep(settings, OVER)
    tags = job.record.tags()
    assert (status_of(job), tags["step.train"], tags["failure.step"]) == ("KILLED", "failed", "train")


def test_a_run_between_two_steps_says_why_it_was_closed(settings: Settings, make_job: MakeJob) -> None:
    job = make_job("evaluate")
    job.record.set_tags({"step.train": "done"})
    sweep(settings, OVER)
    assert status_of(job) == "KILLED"
    assert "closed by the sweep" in job.record.tags()["failure.reason"]
    assert job.record.tags()["step.train"] == "done"


def test_runs_of_other_programs_are_never_looked_at(settings: Settings, open_run: MakeOpen) -> None:
    client = client_of(open_run().record)
    other = client.create_run(client.create_experiment("somebody's")).info.run_id
    assert sweep(settings, OVER).removed == {"open MLflow runs": 1}
    assert client.get_run(other).info.status == "RUNNING"


def test_more_runs_than_one_page_are_all_found(
    settings: Settings, open_run: MakeOpen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.commands.old_runs._PAGE", 2)
    monkeypatch.setattr("trainer.commands.sweep._MOST_DAG_RUNS", 4)
    runs = [make_run(night) for night in range(5)]
    for run in runs:
        open_run(run=run)
    assert survey(settings) == tuple(map(name_of, runs[:4]))
    assert sweep(settings, *map(name_of, runs)).removed == {"open MLflow runs": 5}


# -- checkpoints ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keep_days", "is_kept"), [(1.0, True), (0.0, False)])
def test_checkpoints_of_a_failed_run_are_kept_for_some_days(
    settings: Settings, make_job: MakeJob, tmp_path: Path, keep_days: float, is_kept: bool
) -> None:
    job = make_job("train")
    store_checkpoint(job, tmp_path)
    job.record.close("FAILED")
    time.sleep(0.01)
    short = settings.model_copy(update={"trainer_checkpoint_keep_days": keep_days})
    assert survey(short) == (() if is_kept else (OVER,))
    assert sweep(short, OVER).removed == ({} if is_kept else {"checkpoints": 1})
    assert bool(CheckpointStore(job.record).available()) is is_kept
    assert bool(job.record.artifacts("checkpoints")) is is_kept


def test_checkpoints_that_could_not_be_removed_are_found_again(
    settings: Settings, make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job("train")
    store_checkpoint(job, tmp_path)
    short = settings.model_copy(update={"trainer_checkpoint_keep_days": 0.0})
    with monkeypatch.context() as patch:
        patch.setattr(RunRecord, "delete_artifact", Mock(side_effect=TryAgain("503")))
        CheckpointStore(job.record).forget()  # as at the training's end
        job.record.close("FINISHED")
        time.sleep(0.01)
        assert sweep(short, OVER).removed == {}
    assert len(job.record.artifacts("checkpoints")) == 2
    assert sweep(short, OVER).removed == {"checkpoints": 1}
    assert job.record.artifacts("checkpoints") == []
    assert sweep(short, OVER).removed == {}


def test_a_store_that_refuses_to_delete_is_not_asked_every_hour(
    settings: Settings, make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job("train")
    store_checkpoint(job, tmp_path)
    job.record.close("FAILED")
    time.sleep(0.01)
    short = settings.model_copy(update={"trainer_checkpoint_keep_days": 0.0})
    monkeypatch.setattr(RunRecord, "delete_artifact", Mock(side_effect=BadRequest("403")))
    sweep(short, OVER)
    assert survey(short) == ()


def test_checkpoints_of_a_trainer_that_did_not_mark_its_files_are_found(
    settings: Settings, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job("train")
    store_checkpoint(job, tmp_path)
    job.record.set_tags({"checkpoint_files": ""})
    job.record.close("FAILED")
    time.sleep(0.01)
    short = settings.model_copy(update={"trainer_checkpoint_keep_days": 0.0})
    assert sweep(short, OVER).removed == {"checkpoints": 1}
    assert job.record.artifacts("checkpoints") == []


def test_files_that_were_uploaded_before_the_run_knew_of_a_checkpoint_are_found(
    settings: Settings, make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, upload = make_job("train"), RunRecord.log_artifact

    def upload_and_be_killed(self: RunRecord, *arguments: Any) -> None:
        upload(self, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(RunRecord, "log_artifact", upload_and_be_killed)
    with pytest.raises(KeyboardInterrupt):
        store_checkpoint(job, tmp_path)
    job.record.close("FAILED")
    time.sleep(0.01)
    short = settings.model_copy(update={"trainer_checkpoint_keep_days": 0.0})
    assert sweep(short, OVER).removed == {"checkpoints": 1}
    assert job.record.artifacts("checkpoints") == []


def test_checkpoints_of_a_resumed_run_are_kept(settings: Settings, make_job: MakeJob, tmp_path: Path) -> None:
    job = make_job("train")
    store_checkpoint(job, tmp_path)
    job.record.close("FAILED")
    time.sleep(0.01)
    short = settings.model_copy(update={"trainer_checkpoint_keep_days": 0.0})
    assert sweep(short).removed == {}  # Airflow did not say that it is over: it waits for its retry
    job.record.begin_step(Step.TRAIN, "inputs")
    assert sweep(short, OVER, grace_minutes=10).removed == {}
    assert len(job.record.artifacts("checkpoints")) == 2


def test_a_run_that_was_cleared_since_it_was_found_keeps_its_checkpoints(
    settings: Settings, make_job: MakeJob, tmp_path: Path
) -> None:
    job = make_job("train")
    store_checkpoint(job, tmp_path)
    job.record.close("FAILED")
    (found,) = old_checkpoints(settings.mlflow_tracking_uri, datetime.now(UTC) + timedelta(seconds=1), 0)
    job.record.begin_step(Step.TRAIN, "inputs")
    found.remove()
    assert len(job.record.artifacts("checkpoints")) == 2


# -- scratch folders --------------------------------------------------------------------------------------------------


def workspace(settings: Settings, run: StepRun, age: float, *, step: str = "train", file_age: float = 0.0) -> Path:
    """Make the scratch folder of a step that was killed outright, of some age in seconds."""
    folder = settings.trainer_work_dir / f"{run.key[:12]}-{step}-abc"
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "last.pt").write_text("weights")
    for path in (folder / "train" / "last.pt", folder / "train", folder):
        older = file_age if path.is_file() and file_age else age
        os.utime(path, (time.time() - older,) * 2)
    return folder


def test_scratch_folders_go_after_their_time_if_their_run_is_over(settings: Settings, make_job: MakeJob) -> None:
    for night in range(2):
        make_job("train", run=make_run(night)).record.close("FAILED")
    old = workspace(settings, make_run(0), 30 * HOUR)
    living = workspace(settings, make_run(1), 30 * HOUR)
    young = workspace(settings, make_run(0), 20 * HOUR, step="evaluate")
    unknown = workspace(settings, make_run(9), 30 * HOUR)
    assert set(survey(settings)) == {name_of(make_run(0)), name_of(make_run(1))}
    assert sweep(settings, OVER).removed == {"scratch folders": 2}
    assert [path.exists() for path in (old, living, young, unknown)] == [False, True, True, False]


def test_what_a_training_could_not_send_is_kept_as_long_as_its_checkpoints(
    settings: Settings, make_job: MakeJob
) -> None:
    folders = {}
    for night, days in enumerate((31, 29, 31)):
        make_job("train", run=make_run(night)).record.close("FAILED")
        left = settings.trainer_cache_dir / "unsent" / make_run(night).key / "1700000000000" / "abc"
        left.mkdir(parents=True)
        (left / "journal.jsonl").write_text("{}")
        folders[night] = left.parents[1]
        for path in (left / "journal.jsonl", left, left.parent, folders[night]):
            os.utime(path, (time.time() - days * DAY,) * 2)
    assert sweep(settings, OVER, name_of(make_run(1))).removed == {"unsent trainings": 1}
    assert [folder.exists() for folder in folders.values()] == [False, True, True]


def test_a_folder_in_which_something_is_written_is_left(settings: Settings) -> None:
    folder = workspace(settings, make_run(), 30 * HOUR, file_age=HOUR)
    assert sweep(settings, OVER).removed == {}
    assert folder.exists()


def test_other_folders_are_left(settings: Settings) -> None:
    other = settings.trainer_work_dir / "my notes"
    other.mkdir(parents=True)
    os.utime(other, (0, 0))
    assert sweep(settings, OVER).removed == {}
    assert other.exists()


def test_a_folder_that_cannot_be_removed_does_not_stop_the_others(
    settings: Settings, open_run: MakeOpen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = open_run()
    workspace(settings, make_run(9), 30 * HOUR)
    monkeypatch.setattr("shutil.rmtree", _refuse)
    assert sweep(settings, OVER).removed == {"open MLflow runs": 1}
    assert "cannot remove" in caplog.text
    assert "Permission denied; the next sweep retries it" in caplog.text
    assert status_of(job) == "KILLED"


def _refuse(folder: Path) -> None:
    raise OSError(f"{folder}: Permission denied")


# -- the cache --------------------------------------------------------------------------------------------------------


def put(settings: Settings, name: str, age: float) -> Path:
    path = settings.trainer_cache_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 1000)
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_the_cache_loses_what_is_old_or_was_never_finished(settings: Settings) -> None:
    gone = [
        put(settings, "objects/aa/1.jpg", 100 * DAY),
        put(settings, "incoming/abc", 2 * DAY),
        put(settings, "facts/.facts-xyz", 2 * DAY),
        put(settings, "frameworks/Ultralytics/.settings.json-xyz", 2 * DAY),
    ]
    kept = [
        put(settings, "objects/aa/2.jpg", DAY),
        put(settings, "incoming/new", HOUR),
        put(settings, "facts/.facts-new", HOUR),
        put(settings, "facts/x.v1.json", 100 * DAY),
        put(settings, "frameworks/Ultralytics/settings.json", 100 * DAY),
    ]
    assert sweep(settings).removed == {"files of the cache": 4}
    assert [path for path in gone if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []


# -- in all -----------------------------------------------------------------------------------------------------------


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    settings: Settings, open_run: MakeOpen, make_job: MakeJob, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job, failed = open_run(), make_job("train", run=make_run(1))
    store_checkpoint(failed, tmp_path)
    failed.record.close("FAILED")
    time.sleep(0.01)
    folder, copy = workspace(settings, make_run(), 30 * HOUR), put(settings, "incoming/abc", 2 * DAY)
    short = settings.model_copy(update={"trainer_checkpoint_keep_days": 0.0})
    expected = {"open MLflow runs": 1, "checkpoints": 1, "scratch folders": 1, "files of the cache": 1}
    over = (OVER, name_of(make_run(1)))
    with caplog.at_level(logging.INFO):
        assert sweep(short, *over, dry_run=True).removed == expected
    assert f"would remove: {folder}: nothing was written there for 24 h (TRAINER_WORKSPACE_KEEP_HOURS)" in caplog.text
    assert status_of(job) == "RUNNING"
    assert (folder.exists(), copy.exists(), len(failed.record.artifacts("checkpoints"))) == (True, True, 2)
    assert sweep(short, *over).removed == expected


def test_unavailable_mlflow_is_try_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TryAgain, match="is the tracking server up"):
        survey(settings.model_copy(update={"mlflow_tracking_uri": "http://127.0.0.1:9"}))


def _began(settings: Settings, run_id: str, moment: datetime) -> None:
    """Turn back the clock of a run's begin, which MLflow's client cannot."""
    import sqlite3

    with sqlite3.connect(settings.mlflow_tracking_uri.removeprefix("sqlite:///")) as database:
        milliseconds = int(moment.timestamp() * 1000)
        database.execute("update runs set start_time = ? where run_uuid = ?", (milliseconds, run_id))


def test_pipelines_of_other_names_are_looked_through_too(settings: Settings, make_job: MakeJob) -> None:
    run = make_run(dag_id="train_letters")
    job = make_job("train", make_pipeline(name="letters"), run)
    assert sweep(settings, name_of(run)).removed == {"open MLflow runs": 1}
    assert status_of(job) == "KILLED"
