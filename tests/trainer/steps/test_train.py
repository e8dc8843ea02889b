"""The train step with real, tiny trainings: what it leaves behind, and what another try makes of it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from step_contract import transport
from step_contract.failure import FailureKind
from step_contract.order import Step, StepOrder
from step_contract.result import TrainResult
from step_contract.step import TriggerForm
from tests.trainer.conftest import make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.tiny_training import MakeJob, do_train, epochs_of, mark_done, tiny_pipeline
from tests.trainer.trained_model import digits_manifest, shades_manifest
from trainer import __version__
from trainer import job as job_module
from trainer.datasets.manifest import record_manifest
from trainer.errors import BadData, BadRequest, Bug, Failed, StepError, Superseded, Terminated, TryAgain
from trainer.execution import close_lost_run, run_step
from trainer.frameworks.ultralytics import callbacks as epoch_callbacks
from trainer.frameworks.ultralytics import checkpoint_files
from trainer.frameworks.ultralytics.checkpoint_files import LAST
from trainer.job import Job
from trainer.settings import Settings
from trainer.steps import train
from trainer.storage.content_hash import content_hash_of
from trainer.tracking import RunRecord, open_record
from trainer.training import pending_uploads, reporter, state
from trainer.training.checkpoints import CheckpointStore


def lose_everything_local(job: Job) -> None:
    """What another machine has: neither workspace nor cache."""
    shutil.rmtree(job.workspace)
    shutil.rmtree(job.settings.trainer_cache_dir)


@pytest.fixture
def stop_in_epoch(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function after which a training ends with an error as an epoch begins.

    ``all_stored``: each epoch waits until the checkpoint before it is stored, which in a night it does not: epochs this
    short can be faster than the store, and then a newer checkpoint replaces one that waits.
    """
    original = epoch_callbacks.EpochCallbacks.on_train_epoch_start

    def arrange(epoch: int | None, error: BaseException | None = None, *, all_stored: bool = False) -> None:
        def begin(self: epoch_callbacks.EpochCallbacks, trainer: Any) -> None:
            while all_stored and any((self._handover / name).exists() for name in ("ready", "taking", "claimed")):
                time.sleep(0.01)
            if epoch is not None and trainer.epoch + 1 == epoch:
                raise error or Terminated("told to stop by SIGTERM")
            original(self, trainer)

        monkeypatch.setattr(epoch_callbacks.EpochCallbacks, "on_train_epoch_start", begin)

    return arrange


@pytest.fixture
def memory_for(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function after which a device has memory for a batch of some size only."""
    original = epoch_callbacks.EpochCallbacks.on_train_epoch_start

    def arrange(batch: int, from_epoch: int = 1, then: BaseException | None = None) -> None:
        def begin(self: epoch_callbacks.EpochCallbacks, trainer: Any) -> None:
            if trainer.epoch + 1 >= from_epoch:
                if trainer.batch_size > batch:
                    raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
                if then is not None:
                    raise then
            original(self, trainer)

        monkeypatch.setattr(epoch_callbacks.EpochCallbacks, "on_train_epoch_start", begin)

    return arrange


# -- a training that nothing disturbs ---------------------------------------------------------------------------------


def test_a_training_leaves_its_whole_record(
    train_job: MakeJob,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = train_job(tiny_pipeline(2, arguments={"plots": True, "degrees": 5.0}))
    result = do_train(job)
    record = job.record

    assert (result.epochs_done, result.resumed_from_epoch) == (2, None)
    assert set(result.metrics) == {"mAP50-95", "mAP50", "precision", "recall"}
    for key in ("train/box_loss", "val/dfl_loss", "metrics/mAP50-95", "metrics/recall", "lr/pg0", "train/batch"):
        assert epochs_of(record, key) == [1, 2], key
    for key in ("time/epoch_seconds", "speed/images_per_second", "system/memory_gb"):
        assert epochs_of(record, key) == [1, 2], key
    data = client_of(record).get_run(record.run_id).data
    assert not [key for key in data.metrics if "(" in key]
    expected = {"model": "tiny.yaml", "task": "detect", "epochs": "2", "optimizer": "AdamW", "lr0": "0.003"}
    assert {name: data.params[f"train.{name}"] for name in expected} == expected
    assert (data.params["train.degrees"], data.params["train.device"]) == ("5.0", "cpu")
    assert data.tags["environment.ultralytics"] == "8.4.190"
    assert set(data.tags) >= {f"environment.{name}" for name in ("python", "torch", "git_sha", "image", "gpu", "cpu")}
    assert "weights/best.pt" in record.artifacts("weights")
    stored = {Path(path).name for path in record.artifacts("train")}
    assert stored >= {"results.csv", "results.png", "confusion_matrix.png", "BoxPR_curve.png"}
    assert record.artifacts("checkpoints") == []

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f'VTM_RUN_META::{{"mlflow_run_id": "{record.run_id}"}}'
    tag = transport.PROGRESS_TAG
    progress = [json.loads(line.removeprefix(tag)) for line in lines if line.startswith(tag)]
    assert [fields["epoch"] for fields in progress] == [1, 2]
    assert progress[0].keys() >= {"total_epochs", "device", "mAP50-95", "precision", "train/box_loss"}


def test_a_summary_is_one_line() -> None:
    result = TrainResult(epochs_done=12, resumed_from_epoch=7, metrics={"mAP50-95": 0.41, "mAP50": 0.6})
    assert train.summary(result) == "trained 12 epochs (from epoch 7 on): mAP50-95 0.410, mAP50 0.600"


@pytest.mark.faults
@pytest.mark.filterwarnings("ignore:Glyph")
def test_classify_trains_with_korean_class_names(train_job: MakeJob, tmp_path: Path) -> None:
    pipeline = tiny_pipeline(
        1,
        task="classify",
        model="yolo11n-cls.yaml",
        dataset={"uri": "shades", "format": "imagefolder"},
        gate={"metric": "accuracy_top1"},
        arguments={"plots": True},
    )
    job = train_job(pipeline, manifest=shades_manifest(tmp_path / "명암"))
    result = do_train(job)
    assert set(result.metrics) == {"accuracy_top1", "accuracy_top5"}
    assert epochs_of(job.record, "metrics/accuracy_top1") == [1]
    assert epochs_of(job.record, "train/loss") == [1]


def test_what_an_epoch_handed_over_stays_as_it_was_while_ultralytics_goes_on(
    train_job: MakeJob, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    publish, handed_over = checkpoint_files.publish, []

    def keep(handover: Path, save_dir: Path, epoch: int, **options: Any) -> None:
        last, kept = save_dir / "weights" / LAST, tmp_path / f"epoch{epoch}.pt"
        os.link(last, kept)
        handed_over.append((kept, content_hash_of(last), options["linked"]))
        publish(handover, save_dir, epoch, **options)

    monkeypatch.setattr(checkpoint_files, "publish", keep)
    do_train(train_job(tiny_pipeline(4)))
    assert [linked for _, _, linked in handed_over] == [True] * 3
    assert [content_hash_of(kept) for kept, _, _ in handed_over] == [digest for _, digest, _ in handed_over]
    assert len({digest for _, digest, _ in handed_over}) == 3


# -- another try ------------------------------------------------------------------------------------------------------


def test_a_terminated_training_goes_on_elsewhere_from_its_last_epoch(
    train_job: MakeJob,
    stop_in_epoch: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    pipeline = tiny_pipeline(4)
    first = train_job(pipeline)
    stop_in_epoch(3, all_stored=True)
    with pytest.raises(Terminated):
        do_train(first)
    assert epochs_of(first.record) == [1, 2]
    assert [checkpoint.epoch for checkpoint in CheckpointStore(first.record).available()] == [2, 1]

    lose_everything_local(first)
    stop_in_epoch(None)
    second = train_job(pipeline)
    result = do_train(second)
    assert second.record.run_id == first.record.run_id
    assert (result.epochs_done, result.resumed_from_epoch) == (4, 2)
    assert epochs_of(second.record) == [1, 2, 3, 4]
    rates = client_of(second.record).get_metric_history(second.record.run_id, "lr/pg0")
    # ultralytics' linear schedule over all four epochs, as if nothing had happened
    assert [point.value for point in rates][2:] == pytest.approx([0.003 * 0.505, 0.003 * 0.2575])
    history = second.record.download("train/results.csv", second.workspace / "check").read_text().splitlines()
    assert [line.split(",")[0] for line in history] == ["epoch", "1", "2", "3", "4"]
    assert second.record.artifacts("checkpoints") == []


def test_a_damaged_checkpoint_costs_one_epoch_not_the_training(
    train_job: MakeJob,
    stop_in_epoch: Callable[..., None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pipeline = tiny_pipeline(3)
    first = train_job(pipeline)
    stop_in_epoch(3, all_stored=True)
    with pytest.raises(Terminated):
        do_train(first)
    artifact = CheckpointStore(first.record).available()[0].files[LAST].artifact
    half = first.record.download(artifact, tmp_path / "half")
    half.write_bytes(half.read_bytes()[:5000])
    first.record.log_artifact(half, "checkpoints")

    with pytest.raises(Terminated), caplog.at_level("INFO"):
        do_train(train_job(pipeline))
    # best.pt and last.pt may be the same stored file.
    assert re.search(r"epoch 2 is left aside: (best|last)\.pt of the checkpoint of epoch 2 is damaged", caplog.text)
    assert "resuming after epoch 1 of 3" in caplog.text
    stop_in_epoch(None)
    third = train_job(pipeline)
    result = do_train(third)
    assert (result.epochs_done, result.resumed_from_epoch) == (3, 2), "epoch 2 was stored again"
    assert epochs_of(third.record) == [1, 2, 3]


def test_a_finished_training_is_not_trained_again(
    train_job: MakeJob,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pipeline = tiny_pipeline(1)
    result = do_train(train_job(pipeline))
    capsys.readouterr()
    again = train_job(pipeline)
    assert do_train(again) == result
    assert transport.PROGRESS_TAG not in capsys.readouterr().out
    assert epochs_of(again.record) == [1]


@pytest.mark.faults
def test_a_forced_training_begins_anew_and_is_itself_resumed(
    train_job: MakeJob,
    stop_in_epoch: Callable[..., None],
) -> None:
    pipeline, forced = tiny_pipeline(2), make_run(form=TriggerForm(force=True))
    job = train_job(pipeline)
    mark_done(job, do_train(job))
    stop_in_epoch(2)
    with pytest.raises(Terminated):
        do_train(train_job(pipeline, forced))
    assert epochs_of(job.record) == [1, 1, 2]
    stop_in_epoch(None)
    result = do_train(train_job(pipeline, forced))
    assert (result.epochs_done, result.resumed_from_epoch) == (2, 1)
    assert epochs_of(job.record) == [1, 1, 2, 2]


@pytest.mark.faults
def test_an_upgraded_trainer_goes_on_with_the_training_and_does_a_finished_one_again(
    train_job: MakeJob,
    stop_in_epoch: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pipeline = tiny_pipeline(2)
    before = train.fingerprint(train_job(pipeline))
    stop_in_epoch(2)
    with pytest.raises(Terminated):
        do_train(train_job(pipeline))
    stop_in_epoch(None)
    for module in (job_module, state):
        monkeypatch.setattr(module, "__version__", "99.1")
    job = train_job(pipeline)
    assert train.fingerprint(job) != before
    result = do_train(job)
    assert result.resumed_from_epoch == 1
    assert f"trainer 99.1 resumes what {__version__} began" in caplog.text
    assert epochs_of(job.record) == [1, 2]
    # Not told to be done yet: the same training. Told: as with any step, the version counts.
    assert do_train(train_job(pipeline)) == result
    mark_done(job, result)
    assert do_train(train_job(pipeline)).resumed_from_epoch is None
    assert epochs_of(job.record) == [1, 1, 2, 2]


@pytest.mark.faults
def test_a_checkpoint_of_other_inputs_is_ignored(
    train_job: MakeJob,
    stop_in_epoch: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop_in_epoch(2)
    with pytest.raises(Terminated):
        do_train(train_job(tiny_pipeline(2)))
    stop_in_epoch(None)
    job = train_job(tiny_pipeline(2, arguments={"lr0": 0.001}))
    with caplog.at_level("INFO"):
        result = do_train(job)
    assert result.resumed_from_epoch is None
    assert "checkpoints of this run are of a training with other inputs; starting from the beginning" in caplog.text
    assert job.record.tags()["param_now.train.lr0"] == "0.001"


def test_out_of_memory_halves_the_batch_and_the_same_try_goes_on(
    train_job: MakeJob, memory_for: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    memory_for(batch=2, from_epoch=2)
    job = train_job(tiny_pipeline(3))
    with caplog.at_level("WARNING"):
        result = do_train(job)
    assert (result.epochs_done, result.resumed_from_epoch) == (3, 1)
    batches = client_of(job.record).get_metric_history(job.record.run_id, "train/batch")
    assert [(point.step, point.value) for point in batches] == [(1, 8), (2, 2), (3, 2)]
    assert "out of memory with batch 8 at imgsz 32 on cpu" in caplog.text
    assert "resuming with batch 4" in caplog.text
    assert "resuming with batch 2" in caplog.text
    assert not (job.settings.trainer_cache_dir / pending_uploads.PENDING_UPLOADS_FOLDER / job.run.key).exists()


def test_out_of_memory_while_an_upload_takes_too_long_the_next_try_goes_on(
    train_job: MakeJob, memory_for: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_up, commit, patience = threading.Event(), CheckpointStore.commit, reporter._PATIENCE_SECONDS

    def commit_slowly(store: CheckpointStore, claimed: Path) -> Any:
        is_up.wait(60)
        return commit(store, claimed)

    memory_for(batch=4, from_epoch=2)
    pipeline = tiny_pipeline(3)
    job = train_job(pipeline)
    monkeypatch.setattr(reporter, "_PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(CheckpointStore, "commit", commit_slowly)
    with pytest.raises(TryAgain, match="has not taken what was recorded before the batch was halved"):
        do_train(job)
    assert json.loads(job.record.tags()["training"])["batch"] == 4
    is_up.set()
    monkeypatch.setattr(reporter, "_PATIENCE_SECONDS", patience)
    for thread in threading.enumerate():
        if thread.name.startswith("reporter of"):
            thread.join(60)
    result = do_train(train_job(pipeline))
    assert (result.epochs_done, result.resumed_from_epoch) == (3, 1)
    assert job.record.metrics()["train/batch"] == 4
    assert epochs_of(job.record) == [1, 2, 3]


@pytest.mark.faults
def test_the_next_try_begins_with_the_batch_that_fits(train_job: MakeJob, memory_for: Callable[[int], None]) -> None:
    memory_for(batch=4, from_epoch=1, then=Terminated("told to stop"))
    pipeline = tiny_pipeline(1)
    with pytest.raises(Terminated):
        do_train(train_job(pipeline))
    memory_for(batch=8)
    job = train_job(pipeline)
    do_train(job)
    assert job.record.metrics()["train/batch"] == 4


def test_below_the_minimum_batch_the_training_fails_for_good(
    train_job: MakeJob, memory_for: Callable[[int], None]
) -> None:
    memory_for(batch=2)
    pipeline = tiny_pipeline(1)
    training = pipeline.training.model_copy(update={"minimum_batch": 3})
    with pytest.raises(BadRequest, match=r"out of memory with batch 3 .*; that is training.minimum_batch: expected"):
        do_train(train_job(pipeline.model_copy(update={"training": training})))


def test_a_minimum_batch_that_was_raised_counts_for_the_next_try(
    train_job: MakeJob, memory_for: Callable[..., None]
) -> None:
    memory_for(batch=2, then=Terminated("told to stop"))
    pipeline = tiny_pipeline(1)
    with pytest.raises(Terminated):
        do_train(train_job(pipeline))
    memory_for(batch=8)
    training = pipeline.training.model_copy(update={"minimum_batch": 4})
    job = train_job(pipeline.model_copy(update={"training": training}))
    do_train(job)
    assert job.record.metrics()["train/batch"] == 4


def test_below_the_minimum_batch_ultralytics_does_not_go_by_itself(
    train_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ultralytics.models.yolo.detect import DetectionTrainer

    begun, original = [], DetectionTrainer.preprocess_batch

    def out_of_memory(self: Any, batch: Any) -> Any:
        begun.append(self.batch_size)
        if self.batch_size > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return original(self, batch)

    monkeypatch.setattr(DetectionTrainer, "preprocess_batch", out_of_memory)
    pipeline = tiny_pipeline(1)
    training = pipeline.training.model_copy(update={"minimum_batch": 4})
    job = train_job(pipeline.model_copy(update={"training": training}))
    wanted = r"out of memory with batch 4 .*went down to batch 2; the minimum is 4; that is training.minimum_batch: exp"
    with pytest.raises(BadRequest, match=wanted):
        do_train(job)
    assert begun == [8, 4, 4], "8, halved by ultralytics; then the minimum by itself"
    assert epochs_of(job.record) == []


def test_a_container_killed_at_its_limit_is_followed_by_half_the_batch(train_job: MakeJob, settings: Settings) -> None:
    pipeline = tiny_pipeline(1)
    pipeline = pipeline.model_copy(update={"training": pipeline.training.model_copy(update={"minimum_batch": 4})})
    killed = FailureKind.OUT_OF_MEMORY

    def kill() -> Job:
        job = train_job(pipeline)
        job.record.begin_step(Step.TRAIN, train.fingerprint(job))
        state.current_training(job, CheckpointStore(job.record))
        close_lost_run(job.order, job.run, settings, "FAILED", "killed at its limit", killed)
        return job

    assert json.loads(kill().record.tags()["training"])["batch"] == 4
    job = kill()
    with pytest.raises(BadRequest, match=r"memory of 4Gi \(resources.train.memory\) did not suffice for batch 4, and"):
        do_train(job)
    resources = pipeline.resources.model_copy(
        update={"train": pipeline.resources.train.model_copy(update={"memory": "64g"})}
    )
    job = train_job(pipeline.model_copy(update={"resources": resources}))
    do_train(job)
    assert job.record.metrics()["train/batch"] == 4


# -- what one try leaves for the next ---------------------------------------------------------------------------------


@pytest.mark.faults
def test_epochs_that_mlflow_did_not_take_are_there_for_the_next_try(
    train_job: MakeJob, monkeypatch: pytest.MonkeyPatch, stop_in_epoch: Callable[..., None]
) -> None:
    def away(*_arguments: Any) -> None:
        raise TryAgain("MLflow is away")

    monkeypatch.setattr(reporter, "_PATIENCE_WHEN_TERMINATED_SECONDS", 0.1)
    stop_in_epoch(3)
    pipeline = tiny_pipeline(3)
    job = train_job(pipeline)
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointStore, "commit", away)
        patch.setattr(RunRecord, "log_metrics", away)
        with pytest.raises(Terminated):
            do_train(job)
    assert CheckpointStore(job.record).available() == []
    stop_in_epoch(None)
    shutil.rmtree(job.workspace)
    job = train_job(pipeline)
    result = do_train(job)
    assert (result.epochs_done, result.resumed_from_epoch) == (3, 2)
    assert epochs_of(job.record) == [1, 2, 3]


def test_what_an_earlier_try_left_stays_while_the_cache_cannot_be_read(make_job: MakeJob) -> None:
    job = make_job("train")
    left = pending_uploads.new_folder(job, 1)
    (left / "journal.jsonl").mkdir()  # as a disk's error, it can be mended
    with pytest.raises(TryAgain, match=r"carry what an earlier attempt left .*TRAINER_CACHE_DIR.*journal\.jsonl"):
        pending_uploads.carry(job, 1, list)
    assert left.exists()


def test_a_copy_that_does_not_say_its_epoch_is_dropped(make_job: MakeJob, caplog: pytest.LogCaptureFixture) -> None:
    job = make_job("train")
    left = pending_uploads.new_folder(job, 1)
    (left / "claimed").mkdir()
    pending_uploads.carry(job, 1, list)
    assert "cannot be used and is dropped: a copy of a checkpoint is damaged: expected its epoch in" in caplog.text
    assert not left.exists()


@pytest.mark.faults
def test_a_try_that_was_given_up_stops_and_leaves_the_record_to_the_next(
    train_job: MakeJob, settings: Settings, stop_in_epoch: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline, zombie = tiny_pipeline(50), make_run(try_number=1)
    train_job(pipeline, zombie)
    original = RunRecord.log_metrics

    def overtaken(record: RunRecord, metrics: Any, epoch: int = 0, *moments: Any) -> None:
        original(record, metrics, epoch, *moments)
        if epoch == 2:
            open_record(settings.mlflow_tracking_uri, pipeline, zombie).ownership.take(Step.TRAIN, 2)

    monkeypatch.setattr(RunRecord, "log_metrics", overtaken)
    request = StepOrder(step=Step.TRAIN, pipeline=pipeline)
    with pytest.raises(Failed, match=r"try 2 of train on .* works on this DAG run since .*; try 1 stops") as failed:
        run_step(request, zombie, settings)
    assert isinstance(failed.value.error, Superseded)
    record = open_record(settings.mlflow_tracking_uri, pipeline, zombie)
    assert record.tags()["step.train"] == "running"
    assert client_of(record).get_run(record.run_id).info.status == "RUNNING"
    assert "failure.reason" not in record.tags()
    with pytest.raises(Failed, match="try 1 stops"):
        run_step(request, zombie, settings)


@pytest.mark.parametrize(
    ("place", "name", "stored"),
    [(reporter.Reporter, "__exit__", []), (pending_uploads, "forget", ["weights/best.pt"])],
    ids=["after its last epoch", "after its weights"],
)
def test_a_try_that_was_given_up_in_the_end_stores_nothing_more(
    train_job: MakeJob,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    place: object,
    name: str,
    stored: list[str],
) -> None:
    job = train_job(tiny_pipeline(1))
    own = getattr(place, name)

    def overtaken(*arguments: Any) -> None:
        own(*arguments)
        job.record.ownership.take(Step.TRAIN, 2)

    monkeypatch.setattr(place, name, overtaken)
    with pytest.raises(Failed, match="try 1 stops and leaves the record to it"):
        run_step(job.order, job.run, settings)
    assert job.record.artifacts("weights") == stored
    assert json.loads(job.record.tags()["training"])["result"] is None


@pytest.mark.faults
def test_a_killed_process_is_followed_by_one_that_goes_on(
    train_job: MakeJob,
    tmp_path: Path,
) -> None:
    pipeline, run = tiny_pipeline(40), make_run()
    job = train_job(pipeline, run)
    environment = os.environ | transport.encode_environment(StepOrder(step=Step.TRAIN, pipeline=pipeline), run)
    environment |= {name.upper(): str(value) for name, value in job.settings.model_dump().items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", "train"], env=environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    try:
        store, deadline = CheckpointStore(job.record), time.monotonic() + 120
        while not store.available() and process.poll() is None:
            assert time.monotonic() < deadline, "no checkpoint"
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    reached = store.available()[0].epoch
    assert 1 <= reached < 40

    shutil.rmtree(job.settings.trainer_cache_dir)
    result = do_train(train_job(pipeline, run))
    assert (result.epochs_done, result.resumed_from_epoch) == (40, reached)
    assert epochs_of(job.record) == list(range(1, 41))


# -- what is no success -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("epochs", "found"),
    [
        (1, r"after epoch 1 of 1 train/box_loss is nan, .*; lower lr0"),
        pytest.param(2, r"NaN persisted for 4 epochs\); lower lr0", marks=pytest.mark.faults),
    ],
)
def test_a_training_that_diverges_is_a_failure_with_that_reason(train_job: MakeJob, epochs: int, found: str) -> None:
    job = train_job(tiny_pipeline(epochs, arguments={"box": 1e38, "cls": 1e38}))
    with pytest.raises(BadRequest, match=rf"the training diverged.* {found}, or turn amp off, and check the labels"):
        do_train(job)
    assert job.record.artifacts("weights") == []


def test_an_epoch_without_metrics_is_a_failure(
    train_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = RunRecord.log_metrics

    def lose_the_first(self: RunRecord, metrics: Any, epoch: int = 0, *moments: Any) -> None:
        if epoch != 1:
            log(self, metrics, epoch, *moments)

    monkeypatch.setattr(RunRecord, "log_metrics", lose_the_first)
    job = train_job(tiny_pipeline(2))
    with pytest.raises(
        Bug, match=f"2 epochs are done, but MLflow run {job.record.run_id} has metrics of 1; missing: 1"
    ):
        do_train(job)


def test_a_manifest_that_is_not_the_recorded_one_is_refused(train_job: MakeJob, tmp_path: Path) -> None:
    job = train_job(tiny_pipeline())
    record_manifest(job.record, digits_manifest(tmp_path / "other", seed=7), job.workspace)
    with pytest.raises(BadData, match=r"the run's manifest has digest .* run preprocess again"):
        do_train(job)


def test_training_needs_a_preprocess_that_is_done(make_job: MakeJob) -> None:
    with pytest.raises(BadRequest, match="step preprocess has no done-marker"):
        train.fingerprint(make_job("train"))


def test_missing_weights_fail_before_anything_is_fetched(train_job: MakeJob) -> None:
    job = train_job(tiny_pipeline(model="yolo11n.pt"))
    with pytest.raises(
        StepError, match=r"model 'yolo11n\.pt' is not there \(looked for .*weights are never downloaded"
    ):
        do_train(job)


@pytest.mark.parametrize(
    "change",
    [{"epochs": 3}, {"imgsz": 64}, {"arguments": {"lr0": 0.1}}, {"seed": 1}],
    ids=lambda change: next(iter(change)),
)
def test_each_input_changes_the_fingerprint(train_job: MakeJob, change: dict[str, Any]) -> None:
    pipeline = tiny_pipeline()
    changed = pipeline.model_copy(update={"training": pipeline.training.model_copy(update=change)})
    assert train.fingerprint(train_job(pipeline)) != train.fingerprint(train_job(changed))
    assert train.fingerprint(train_job(pipeline)) == train.fingerprint(train_job(pipeline))
