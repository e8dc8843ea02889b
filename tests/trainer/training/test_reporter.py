"""Tests of the reporter without a training: nothing uploaded twice, nothing lost, no waiting."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.mlflow_client import client_of
from trainer.errors import BadRequest, Terminated, TryAgain
from trainer.handover import journal, slot
from trainer.handover.journal import Entry, EntryKind
from trainer.tracking import RunRecord
from trainer.training import reporter
from trainer.training.checkpoints import CheckpointStore
from trainer.training.reporter import Reporter


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporter, "_INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(reporter, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(reporter, "_LAST_RETRY_SECONDS", 0.01)
    monkeypatch.setattr(reporter, "_PATIENCE_SECONDS", 20.0)
    monkeypatch.setattr(reporter, "_PATIENCE_AFTER_FAILURE_SECONDS", 20.0)


@pytest.fixture
def handover(tmp_path: Path) -> Path:
    (tmp_path / "handover").mkdir()
    return tmp_path / "handover"


def epoch_entry(epoch: int, **metrics: float) -> Entry:
    return Entry(EntryKind.EPOCH, epoch, 3, "cpu", metrics or {"train/loss": 1 / epoch})


def publish(handover: Path, tmp_path: Path, epoch: int) -> None:
    weights = tmp_path / "weights"
    weights.write_text(f"weights {epoch}")
    slot.publish(handover, epoch, {"last": weights})


def points(record: RunRecord, key: str = "train/loss") -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in client_of(record).get_metric_history(record.run_id, key)]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_epochs_become_points_and_the_final_measurement_does_not(record: RunRecord, handover: Path) -> None:
    with Reporter(record, handover, []):
        journal.append(handover, Entry(EntryKind.START, 0, 3, "cpu", arguments={"lr0": "0.01"}))
        for epoch in (1, 2, 3):
            journal.append(handover, epoch_entry(epoch))
        journal.append(handover, Entry(EntryKind.FINAL, 4, 3, "cpu", {"train/loss": 0.1}))
    assert points(record) == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert client_of(record).get_run(record.run_id).data.params == {"train.lr0": "0.01"}


def test_an_epoch_that_mlflow_has_is_not_logged_again(record: RunRecord, handover: Path) -> None:
    record.log_metrics({"train/loss": 9.0}, 1)
    with Reporter(record, handover, [1]):
        journal.append(handover, epoch_entry(1))
        journal.append(handover, epoch_entry(2))
    assert points(record) == [(1, 9.0), (2, 0.5)]


def test_an_epoch_whose_answer_was_lost_is_one_point(
    record: RunRecord, handover: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow accepted it, but answered too late: it is sent again, and once more by the next attempt."""
    log, lost = RunRecord.log_metrics, [1]

    def log_without_answer(self: RunRecord, *arguments: Any) -> None:
        log(self, *arguments)
        if lost:
            lost.pop()
            time.sleep(0.01)
            raise TryAgain("the answer did not come in time")

    monkeypatch.setattr(RunRecord, "log_metrics", log_without_answer)
    with Reporter(record, handover, []):
        journal.append(handover, epoch_entry(1))
        wait_for(lambda: not lost)
    time.sleep(0.01)
    with Reporter(record, handover, []):
        pass
    assert points(record) == [(1, 1.0)]


def test_points_and_checkpoints_appear_during_the_training(record: RunRecord, handover: Path, tmp_path: Path) -> None:
    with Reporter(record, handover, []):
        journal.append(handover, epoch_entry(1))
        publish(handover, tmp_path, 1)
        wait_for(lambda: bool(CheckpointStore(record).available()))
        assert points(record) == [(1, 1.0)]


def test_a_checkpoint_is_never_ahead_of_the_metrics(
    monkeypatch: pytest.MonkeyPatch, record: RunRecord, handover: Path, tmp_path: Path
) -> None:
    def lose(*_: object) -> None:
        raise TryAgain("MLflow is away")

    def train() -> None:
        with Reporter(record, handover, []):
            journal.append(handover, epoch_entry(1))
            publish(handover, tmp_path, 1)
            raise Terminated("told to stop")

    monkeypatch.setattr(RunRecord, "log_metrics", lose)
    monkeypatch.setattr(reporter, "_PATIENCE_WHEN_TERMINATED_SECONDS", 0.5)
    with pytest.raises(Terminated):
        train()
    assert CheckpointStore(record).available() == []


def test_a_half_written_line_waits_for_its_end(handover: Path) -> None:
    journal.append(handover, epoch_entry(1))
    with (handover / "journal.jsonl").open("a") as out:
        out.write('{"kind": "epoch", "epo')
    entries, offset = journal.read(handover)
    assert [entry.epoch for entry in entries] == [1]
    with (handover / "journal.jsonl").open("a") as out:
        out.write('ch": 2, "total_epochs": 3, "device": "cpu", "metrics": {"a": NaN}, "arguments": {}}\n')
    entries, _ = journal.read(handover, offset)
    assert [entry.epoch for entry in entries] == [2]
    assert entries[0].metrics["a"] != entries[0].metrics["a"]


def test_the_training_continues_while_mlflow_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, record: RunRecord, handover: Path
) -> None:
    log, failures = RunRecord.log_metrics, iter(range(3))

    def away_three_times(self: RunRecord, *arguments: Any) -> None:
        if next(failures, None) is not None:
            raise TryAgain("MLflow, log metrics: connection refused; is the tracking server up?")
        log(self, *arguments)

    monkeypatch.setattr(RunRecord, "log_metrics", away_three_times)
    with Reporter(record, handover, []):
        for epoch in (1, 2, 3):
            journal.append(handover, epoch_entry(epoch))
    assert [step for step, _ in points(record)] == [1, 2, 3]
    assert "its record is uploaded later: MLflow, log metrics: connection refused" in caplog.text


def test_mlflow_unavailable_to_the_end_is_try_again(
    monkeypatch: pytest.MonkeyPatch, record: RunRecord, handover: Path
) -> None:
    def away(*_: object) -> None:
        raise TryAgain("MLflow, log metrics: connection refused; is the tracking server up?")

    monkeypatch.setattr(reporter, "_PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(RunRecord, "log_metrics", away)
    with pytest.raises(TryAgain, match="is the tracking server up"), Reporter(record, handover, []):
        journal.append(handover, epoch_entry(1))


def test_a_tracking_server_that_hangs_does_not_hold_the_step_for_ever(
    monkeypatch: pytest.MonkeyPatch, record: RunRecord, handover: Path
) -> None:
    monkeypatch.setattr(reporter, "_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(RunRecord, "log_metrics", lambda *_: time.sleep(1))
    with (
        pytest.raises(TryAgain, match="MLflow did not take the training's record within 0 s"),
        Reporter(record, handover, []),
    ):
        journal.append(handover, epoch_entry(1))


def test_after_out_of_memory_the_record_is_waited_for_as_at_the_end(
    monkeypatch: pytest.MonkeyPatch, record: RunRecord, handover: Path
) -> None:
    monkeypatch.setattr(reporter, "_PATIENCE_AFTER_FAILURE_SECONDS", 0.1)
    log = RunRecord.log_metrics
    monkeypatch.setattr(RunRecord, "log_metrics", lambda *arguments: time.sleep(1) or log(*arguments))
    with Reporter(record, handover, []) as own:
        journal.append(handover, epoch_entry(1))
        own.expect_another()
    assert points(record) == [(1, 1.0)]


def test_what_mlflow_does_not_take_in_time_after_out_of_memory_is_left_to_the_next_reporter(
    monkeypatch: pytest.MonkeyPatch, record: RunRecord, handover: Path
) -> None:
    is_up, log = threading.Event(), RunRecord.log_metrics
    monkeypatch.setattr(RunRecord, "log_metrics", lambda *arguments: is_up.wait(60) and log(*arguments))
    with monkeypatch.context() as patch:
        patch.setattr(reporter, "_PATIENCE_SECONDS", 0.1)
        with Reporter(record, handover, []) as own:
            journal.append(handover, epoch_entry(1))
            own.expect_another()
    is_up.set()
    own._thread.join(60)
    assert points(record) == [(1, 1.0)]


def test_two_reporters_of_one_process_never_take_from_the_same_folder(
    monkeypatch: pytest.MonkeyPatch, record: RunRecord, handover: Path
) -> None:
    is_up, log = threading.Event(), RunRecord.log_metrics
    monkeypatch.setattr(RunRecord, "log_metrics", lambda *arguments: is_up.wait(60) and log(*arguments))
    slow = Reporter(record, handover, [])
    with monkeypatch.context() as patch:
        patch.setattr(reporter, "_PATIENCE_SECONDS", 0.1)
        with pytest.raises(TryAgain, match="did not take"), slow:
            journal.append(handover, epoch_entry(1))
    with pytest.raises(TryAgain, match=r"not taken what was recorded before .*handover\); is the tracking server up\?"):
        Reporter(record, handover, []).__enter__()
    is_up.set()
    slow._thread.join(60)
    with Reporter(record, handover, [1]):
        pass
    assert points(record) == [(1, 1.0)]


def test_mlflow_refusing_stops_the_training_and_is_the_reason_given(
    monkeypatch: pytest.MonkeyPatch, record: RunRecord, handover: Path
) -> None:
    def refuse(*_: object) -> None:
        raise BadRequest("MLflow, log metrics: the run is deleted")

    def train() -> None:
        with Reporter(record, handover, []):
            journal.append(handover, epoch_entry(1))
            wait_for(lambda: journal.stop_reason(handover) is not None)
            raise RuntimeError("the training stops after its epoch")

    monkeypatch.setattr(RunRecord, "log_metrics", refuse)
    with pytest.raises(BadRequest, match="the run is deleted"):
        train()
    assert journal.stop_reason(handover) == "MLflow, log metrics: the run is deleted"


def test_the_trainings_own_failure_is_the_reason_given(record: RunRecord, handover: Path) -> None:
    def train() -> None:
        with Reporter(record, handover, []):
            journal.append(handover, epoch_entry(1))
            raise ValueError("its own")

    with pytest.raises(ValueError, match="its own"):
        train()
    assert points(record) == [(1, 1.0)]
