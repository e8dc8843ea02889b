"""Tests of training with ultralytics' DDP: two ranks, recorded only by rank 0; CPU processes stand in for GPUs.

See ``processors_as_gpus/sitecustomize.py`` for what is not real here.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.trainer.mlflow_client import client_of
from tests.trainer.tiny_training import MakeJob, do_train, epochs_of, tiny_pipeline
from trainer.errors import Terminated, TryAgain
from trainer.job import Job

STAND_IN = Path(__file__).parent / "processors_as_gpus"
pytestmark = pytest.mark.faults


@pytest.fixture
def on_two_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Job], Job]:
    """Return a function that gives a job two devices."""
    from trainer.frameworks.ultralytics import setup as ultralytics_setup

    ultralytics_setup.prepare(tmp_path / "cache")
    import torch
    from ultralytics.engine import trainer

    monkeypatch.setenv("TEST_RANKS", "2")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STAND_IN), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"stand-in {index}")
    # This process only starts the others.
    monkeypatch.setattr(trainer, "select_device", lambda *_, **__: torch.device("cuda", 0))

    def arrange(job: Job) -> Job:
        return Job(**(vars(job) | {"settings": job.settings.model_copy(update={"trainer_device": "0,1"})}))

    return arrange


def test_each_epoch_is_recorded_once(train_job: MakeJob, on_two_gpus: Callable[[Job], Job]) -> None:
    job = on_two_gpus(train_job(tiny_pipeline(3)))
    result = do_train(job)
    assert (result.epochs_done, result.resumed_from_epoch) == (3, None)
    assert epochs_of(job.record) == [1, 2, 3]
    history = client_of(job.record).get_metric_history(job.record.run_id, "train/cls_loss")
    assert len(history) == 3
    assert job.record.tags()["environment.gpu"] == "stand-in 0, stand-in 1"
    assert "weights/best.pt" in job.record.artifacts("weights")


def test_a_rank_without_memory_halves_the_batch_for_all(
    train_job: MakeJob,
    on_two_gpus: Callable[[Job], Job],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("TEST_MEMORY_FOR_BATCH", "4")
    job = on_two_gpus(train_job(tiny_pipeline(3)))
    result = do_train(job)
    assert "out of memory with batch 8 at imgsz 32 on 0,1" in caplog.text
    assert "resuming with batch 4" in caplog.text
    assert (result.epochs_done, result.resumed_from_epoch) == (3, 1)
    assert epochs_of(job.record) == [1, 2, 3]
    batches = client_of(job.record).get_metric_history(job.record.run_id, "train/batch")
    assert [point.value for point in sorted(batches, key=lambda point: point.step)] == [8, 4, 4]


def test_a_killed_rank_is_try_again(
    train_job: MakeJob, on_two_gpus: Callable[[Job], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_EPOCH_SECONDS", "1")
    pipeline = tiny_pipeline(60)
    job = on_two_gpus(train_job(pipeline))

    def kill_a_rank_after_two_epochs() -> None:
        while len(epochs_of(job.record)) < 2:
            time.sleep(0.2)
        next(process for process in ranks() if process.environ().get("RANK") == "1").kill()

    threading.Thread(target=kill_a_rank_after_two_epochs, daemon=True).start()
    with pytest.raises(
        TryAgain, match=r"a GPU's process was lost \(exit code 1\): .*the next attempt resumes from the last"
    ):
        do_train(job)
    done = len(epochs_of(job.record))
    monkeypatch.delenv("TEST_EPOCH_SECONDS")
    result = do_train(on_two_gpus(train_job(pipeline)))
    assert result.resumed_from_epoch is not None
    assert 1 <= result.resumed_from_epoch <= done < result.epochs_done == 60
    assert epochs_of(job.record) == list(range(1, 61))


def test_after_sigterm_no_rank_survives_and_the_next_attempt_resumes(
    train_job: MakeJob, on_two_gpus: Callable[[Job], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_EPOCH_SECONDS", "1")  # ranks that live on do so for a minute
    pipeline = tiny_pipeline(60)
    job = on_two_gpus(train_job(pipeline))
    at_work: list[psutil.Process] = []

    def stop(*_: object) -> None:
        raise Terminated("told to stop by SIGTERM")

    def stop_after_two_epochs() -> None:
        while len(epochs_of(job.record)) < 2:
            time.sleep(0.2)
        at_work.extend(ranks())
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        threading.Thread(target=stop_after_two_epochs, daemon=True).start()
        with pytest.raises(Terminated):
            do_train(job)
    finally:
        signal.signal(signal.SIGTERM, before)
    done = len(epochs_of(job.record))
    # A rank dies with its launcher; its data loader looks for it every 5 s.
    assert len(at_work) >= 3, "the launcher and two ranks"
    end = time.monotonic() + 30
    while any(is_alive(process) for process in at_work):
        assert time.monotonic() < end, "ranks live on"
        time.sleep(0.2)
    assert len(epochs_of(job.record)) == done < 60
    monkeypatch.delenv("TEST_EPOCH_SECONDS")
    again = on_two_gpus(train_job(pipeline))
    result = do_train(again)
    assert result.epochs_done == 60
    assert result.resumed_from_epoch is not None
    assert epochs_of(job.record) == list(range(1, 61))


def ranks() -> list[psutil.Process]:
    """The processes of this one's launcher and its ranks; other tests may have some at the same time."""
    children = psutil.Process().children(recursive=True)
    return [process for process in children if "Ultralytics/DDP/_temp_" in " ".join(_words(process))]


def is_alive(process: psutil.Process) -> bool:
    return bool(_words(process))  # a zombie has none


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
