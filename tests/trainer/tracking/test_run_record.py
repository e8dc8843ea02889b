"""The MLflow run of a DAG run: whatever is called again changes nothing."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from step_contract.failure import FailureKind
from step_contract.order import Step
from step_contract.result import PreprocessResult, Result
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from trainer.errors import BadRequest, TryAgain
from trainer.execution import close_lost_run
from trainer.job import Job
from trainer.settings import Settings
from trainer.tracking import connect, find_record, mlflow_errors, open_record

MakeJob = Callable[..., Job]


def result(summary: str = "done") -> Result:
    return Result(mlflow_run_id="x", summary=summary, outcome=PreprocessResult(dataset_digest="d", images={"train": 1}))


def test_every_try_opens_the_same_run(settings: Settings) -> None:
    first = open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run())
    again = open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run(try_number=2))
    other = open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run(night=1))
    assert first.run_id == again.run_id != other.run_id


def test_hostile_run_id_finds_its_own_run(settings: Settings) -> None:
    run = make_run(run_id="x' OR tags.run_key = 'y`\"; 한글 %")
    first = open_record(settings.mlflow_tracking_uri, make_pipeline(), run)
    assert open_record(settings.mlflow_tracking_uri, make_pipeline(), run).run_id == first.run_id
    assert first.tags()["airflow.run_id"] == run.run_id


def test_identity_is_in_the_fixed_tags(make_job: MakeJob) -> None:
    tags = make_job("train").record.tags()
    assert tags["pipeline"] == "digits"
    assert tags["airflow.dag_id"] == "train_digits"
    assert tags["airflow.run_type"] == "scheduled"
    assert tags["airflow.logical_date"] == tags["data_interval_start"] == "2026-03-01T00:00:00+00:00"
    assert tags["data_interval_end"] == "2026-03-02T00:00:00+00:00"
    assert tags["trainer.version"]


def test_of_two_runs_made_at_once_the_older_is_kept(settings: Settings) -> None:
    record = open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run())
    experiment = client_of(record).get_run(record.run_id).info.experiment_id
    double = client_of(record).create_run(experiment, tags={"run_key": make_run().key}, start_time=2**42)
    assert open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run()).run_id == record.run_id
    assert client_of(record).get_run(double.info.run_id).info.lifecycle_stage == "deleted"


def test_deleted_experiment_says_how_to_restore_it(settings: Settings) -> None:
    client = connect(settings.mlflow_tracking_uri)
    client.delete_experiment(client.create_experiment("digits"))
    with pytest.raises(BadRequest, match=r"experiment 'digits' is deleted; restore it .`mlflow experiments restore"):
        open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run())


def test_only_a_finished_step_with_the_same_inputs_is_done(make_job: MakeJob) -> None:
    record = make_job("preprocess").record
    record.begin_step(Step.PREPROCESS, "inputs")
    assert record.result_of(Step.PREPROCESS) is None
    record.finish_step(Step.PREPROCESS, result())
    assert record.result_of(Step.PREPROCESS, "inputs") == result()
    assert record.result_of(Step.PREPROCESS, "other inputs") is None
    record.begin_step(Step.PREPROCESS, "inputs")
    assert record.result_of(Step.PREPROCESS, "inputs") is None


def test_step_before_must_have_its_done_marker(make_job: MakeJob) -> None:
    record = make_job("train").record
    with pytest.raises(
        BadRequest, match=r"step preprocess has no done-marker in MLflow run .* \(it is: never started\)"
    ):
        record.require(Step.PREPROCESS)
    record.begin_step(Step.PREPROCESS, "x")
    with pytest.raises(BadRequest, match=r"\(it is: running\); run preprocess of this DAG run first"):
        record.require(Step.PREPROCESS)


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        (result().model_copy(update={"protocol": 0}).model_dump_json(), "has protocol 0, but this trainer speaks 1"),
        ('{"protocol":1,"mlflow_run_id":"x","digest":"d"}', "not as this trainer writes it: summary: Field required"),
        (result("x" * 5000).model_dump_json(), "not as this trainer writes it: (whole record): Invalid JSON"),
        ("", "not as this trainer writes it"),
    ],
    ids=["another protocol", "other fields", "cut", "none"],
)
def test_a_done_marker_that_cannot_be_read_is_named_and_its_step_is_done_again(
    make_job: MakeJob, marker: str, reason: str
) -> None:
    record = make_job("train").record
    record.begin_step(Step.PREPROCESS, "inputs")
    record.finish_step(Step.PREPROCESS, result())
    record.set_tags({"step.preprocess.result": marker})
    assert record.result_of(Step.PREPROCESS, "inputs") is None
    with pytest.raises(BadRequest) as caught:
        record.require(Step.PREPROCESS)
    assert reason in str(caught.value)
    assert f"(MLflow run {record.run_id}); run preprocess of this DAG run again" in str(caught.value)


def test_a_done_marker_is_not_cut_where_other_tags_are(make_job: MakeJob) -> None:
    record = make_job("train").record
    record.begin_step(Step.PREPROCESS, "inputs")
    record.finish_step(Step.PREPROCESS, result("x" * 6000))
    assert record.require(Step.PREPROCESS) == result("x" * 6000)


def test_a_done_marker_without_fields_that_came_later_is_read(make_job: MakeJob) -> None:
    record = make_job("train").record
    record.begin_step(Step.PREPROCESS, "inputs")
    record.finish_step(Step.PREPROCESS, result())
    older = result().model_dump_json(exclude={"protocol", "already_done"})
    record.set_tags({"step.preprocess.result": older, "step.preprocess.fingerprint": "of an older trainer"})
    assert record.require(Step.PREPROCESS) == result()
    assert record.result_of(Step.PREPROCESS, "inputs") is None


def test_failed_step_leaves_its_reason_and_the_next_try_clears_it(make_job: MakeJob) -> None:
    record = make_job("train").record
    record.begin_step(Step.TRAIN, "x")
    record.fail_step(Step.TRAIN, "bad_data", "이유")
    record.close("FAILED")
    tags = record.tags()
    assert (tags["step.train"], tags["failure.kind"], tags["failure.reason"]) == ("failed", "bad_data", "이유")
    assert client_of(record).get_run(record.run_id).info.status == "FAILED"
    record.begin_step(Step.TRAIN, "x")
    assert client_of(record).get_run(record.run_id).info.status == "RUNNING"
    assert record.tags()["failure.reason"] == ""


def test_params_are_logged_once_and_a_change_is_told(make_job: MakeJob, caplog: pytest.LogCaptureFixture) -> None:
    record = make_job("train").record
    record.log_params({"epochs": 3, "model": "m"})
    record.log_params({"epochs": 5, "model": "m"})
    assert client_of(record).get_run(record.run_id).data.params == {"epochs": "3", "model": "m"}
    assert record.tags()["param_now.epochs"] == "5"
    assert "params differ from an earlier attempt of this run: epochs" in caplog.text


def test_long_tag_is_cut_not_refused(make_job: MakeJob) -> None:
    record = make_job("train").record
    record.set_tags({"failure.reason": "x" * 9000})
    assert len(record.tags()["failure.reason"]) == 5000


def test_metrics_keep_their_epochs(make_job: MakeJob) -> None:
    record = make_job("train").record
    for epoch in (1, 2):
        record.log_metrics({f"metric{number}": number for number in range(600)}, epoch)
    assert record.metric_epochs("metric599") == [1, 2]
    assert record.metric_epochs("never logged") == []


def test_dataset_is_one_input_however_often_it_is_logged(make_job: MakeJob) -> None:
    record = make_job("preprocess").record
    for _ in range(2):
        record.log_dataset("digits", "d" * 64, "file:///한글", {"images": 3})
    (item,) = client_of(record).get_run(record.run_id).inputs.dataset_inputs
    assert (item.dataset.name, item.dataset.digest) == ("digits", "d" * 36)
    assert record.tags()["dataset.digest"] == "d" * 64


def test_artifacts_come_back(make_job: MakeJob, tmp_path: Path) -> None:
    record = make_job("train").record
    file = tmp_path / "한글 file.txt"
    file.write_text("content")
    record.log_artifact(file, "train")
    record.log_json({"a": 1}, "gate.json")
    record.log_table({"class": ["0", "1"], "ap": [0.5, 0.6]}, "evaluation/per_class.json")
    assert record.artifacts("train") == ["train/한글 file.txt"]
    assert record.download("train/한글 file.txt", tmp_path / "back").read_text() == "content"
    assert record.artifacts("evaluation") == ["evaluation/per_class.json"]


def test_lost_step_is_closed_with_the_reason(make_job: MakeJob, settings: Settings) -> None:
    job = make_job("train")
    job.record.begin_step(Step.TRAIN, "x")
    close_lost_run(job.order, job.run, settings, "FAILED", "ended by SIGKILL", FailureKind.TRY_AGAIN)
    assert client_of(job.record).get_run(job.record.run_id).info.status == "FAILED"
    assert job.record.tags()["failure.reason"] == "ended by SIGKILL"


def test_closing_leaves_alone_what_is_not_running(
    make_job: MakeJob, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    job = make_job("train")
    close_lost_run(job.order, make_run(night=5), settings, "FAILED", "gone", FailureKind.TRY_AGAIN)
    assert "no MLflow run to close" in caplog.text
    assert find_record(settings.mlflow_tracking_uri, job.pipeline, make_run(night=5)) is None
    close_lost_run(job.order, job.run, settings, "FAILED", "gone", FailureKind.TRY_AGAIN)
    assert "step train of MLflow run" in caplog.text
    assert client_of(job.record).get_run(job.record.run_id).info.status == "RUNNING"


def test_server_that_is_away_is_worth_another_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TryAgain, match=r"MLflow, open experiment 'digits': .* is the tracking server up?"):
        open_record("http://127.0.0.1:9", make_pipeline(), make_run())


def test_what_mlflow_refuses_is_a_bad_request(make_job: MakeJob) -> None:
    record = make_job("train").record
    with pytest.raises(BadRequest, match="MLflow, log metrics: "):
        record.log_metrics({"metrics/mAP50(B)": 1.0})
    with pytest.raises(TryAgain, match="MLflow, think: disk full"), mlflow_errors("think"):
        raise OSError("disk full")


def test_a_step_says_in_which_image_it_runs_and_a_try_in_another_one_says_so(
    make_job: MakeJob, caplog: pytest.LogCaptureFixture
) -> None:
    record = make_job("train").record
    for _ in range(2):
        record.begin_step(Step.TRAIN, "inputs", "sha256:aaa")
    assert (record.tags()["step.train.image"], caplog.text) == ("sha256:aaa", "")
    record.begin_step(Step.TRAIN, "inputs", "sha256:bbb")
    assert record.tags()["step.train.image"] == "sha256:bbb"
    assert "an earlier attempt of train ran in image sha256:aaa, this one runs in sha256:bbb" in caplog.text
    record.begin_step(Step.TRAIN, "inputs")
    assert record.tags()["step.train.image"] == ""
