"""Tests of a clock that jumps a day ahead or back during a run: which decisions depend on it, and how.

Most decisions do not depend on the clock (attempts go by number, promotions by data time, waits by a monotonic clock).
Those that do have a test here: with a real process whose clock jumps, or else with the clock replaced where it is
read. (libfaketime serves neither purpose: Python's own sleep fails with it, and torch becomes very slow.)
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from step_contract import transport
from step_contract.order import Step, StepOrder, SweepOrder
from step_contract.result import SweepResult
from step_contract.step import DagRunName, TriggerForm
from step_contract.tags import EPOCH_SECONDS_METRIC
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.storage.test_eviction import left, put
from tests.trainer.tiny_training import MakeJob, do_train, epochs_of, mark_done, tiny_pipeline
from trainer.commands.dispatch import run_chore
from trainer.errors import Superseded, TryAgain
from trainer.handover import journal
from trainer.handover.journal import Entry, EntryKind
from trainer.job import Job
from trainer.settings import Settings
from trainer.storage.eviction import evict, evict_if_due
from trainer.storage.interface import StoredObject
from trainer.storage.object_cache import fetch_object, read_object
from trainer.tracking import open_record
from trainer.training.checkpoints import CheckpointStore
from trainer.training.reporter import Reporter

HOUR, DAY = 3600.0, 86400.0
EPOCHS = 40
CLOCK = """
import os, time
right, right_ns = time.time, time.time_ns
def wrong_by():
    with open(os.environ["CLOCK_IS_WRONG_BY"]) as seconds:
        return float(seconds.read() or 0)
time.time = lambda: right() + wrong_by()
time.time_ns = lambda: right_ns() + int(wrong_by() * 1e9)
"""
"""Makes a process's clock wrong by as many seconds as a file says at that moment; the monotonic clock is left alone."""

JUMPS = pytest.mark.parametrize("jump", [DAY, -DAY], ids=["a day ahead", "a day back"])


@contextmanager
def clock_set_by(seconds: float) -> Iterator[None]:
    """Let Python's own clock be wrong by some seconds."""
    with pytest.MonkeyPatch.context() as patch:
        right = time.time_ns
        patch.setattr(time, "time_ns", lambda: right() + int(seconds * 1e9))
        yield


# -- a training whose clock jumps, for real ---------------------------------------------------------------------------


@pytest.fixture
def fake_clock(tmp_path: Path) -> Path:
    """The file that says by how many seconds a process's clock is wrong."""
    (tmp_path / "clock").write_text("0")
    return tmp_path / "clock"


@contextmanager
def training(job: Job, clock: Path) -> Iterator["subprocess.Popen[str]"]:
    """A train step in a process of its own, with a clock of its own; killed at the end."""
    request = StepOrder(step=Step.TRAIN, pipeline=tiny_pipeline(EPOCHS))
    settings = {name.upper(): str(value) for name, value in job.settings.model_dump().items()}
    start_up = clock.parent / "start_up"
    start_up.mkdir()
    (start_up / "sitecustomize.py").write_text(CLOCK)
    fake = {
        "CLOCK_IS_WRONG_BY": str(clock),
        "PYTHONPATH": os.pathsep.join([str(start_up), os.environ.get("PYTHONPATH", "")]),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "trainer", "train"],
        env=os.environ | transport.encode_environment(request, job.run) | settings | fake,
        cwd=clock.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_checkpoint(job: Job, process: "subprocess.Popen[str]") -> int:
    """Wait for a checkpoint later than those there are and return its epoch."""
    store, deadline = CheckpointStore(job.record), time.monotonic() + 200
    before = newest_epoch(store)
    while newest_epoch(store) <= before:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no checkpoint"
        time.sleep(0.05)
    return newest_epoch(store)


def newest_epoch(store: CheckpointStore) -> int:
    return max((checkpoint.epoch for checkpoint in store.available()), default=0)


def stamps(job: Job) -> list[datetime]:
    points = client_of(job.record).get_metric_history(job.record.run_id, EPOCH_SECONDS_METRIC)
    return [datetime.fromtimestamp(point.timestamp / 1000, UTC) for point in sorted(points, key=lambda one: one.step)]


@pytest.mark.faults
@JUMPS
def test_a_training_whose_clock_jumps_ends_well_with_every_epoch_once(
    train_job: MakeJob, fake_clock: Path, jump: float
) -> None:
    job = train_job(tiny_pipeline(EPOCHS))
    with training(job, fake_clock) as process:
        wait_for_checkpoint(job, process)
        fake_clock.write_text(str(jump))
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert epochs_of(job.record) == list(range(1, EPOCHS + 1))
    ahead = stamps(job)[-1] - stamps(job)[0] > timedelta(hours=12)
    assert ahead is (jump > 0), "no clock jumped"


@pytest.mark.faults
@JUMPS
def test_a_training_that_dies_with_a_wrong_clock_is_resumed_with_the_right_one(
    train_job: MakeJob, fake_clock: Path, jump: float
) -> None:
    job = train_job(tiny_pipeline(EPOCHS))
    with training(job, fake_clock) as process:
        wait_for_checkpoint(job, process)
        fake_clock.write_text(str(jump))
        wait_for_checkpoint(job, process)
    result = do_train(train_job(tiny_pipeline(EPOCHS)))
    assert result.epochs_done == EPOCHS
    assert result.resumed_from_epoch is not None
    assert epochs_of(job.record) == list(range(1, EPOCHS + 1))


# -- epochs -----------------------------------------------------------------------------------------------------------


def test_an_epoch_counts_for_its_training_though_the_clock_went_back_since_that_began(
    make_job: MakeJob, tmp_path: Path
) -> None:
    record, began_ms = make_job("train").record, time.time_ns() // 1_000_000
    with clock_set_by(-DAY), Reporter(record, tmp_path, [], began_ms):
        journal.append(tmp_path, Entry(EntryKind.EPOCH, 1, 3, "cpu", {EPOCH_SECONDS_METRIC: 1.0}))
    assert record.metric_epochs(EPOCH_SECONDS_METRIC, began_ms) == [1]


def test_a_training_after_the_clock_went_back_does_not_count_the_epochs_of_the_one_before(train_job: MakeJob) -> None:
    run = make_run()
    with clock_set_by(DAY):
        job = train_job(tiny_pipeline(1), run)
        mark_done(job, do_train(job))
    forced = run.model_copy(update={"form": TriggerForm(force=True)})
    do_train(train_job(tiny_pipeline(1), forced))
    assert epochs_of(job.record) == [1, 1]


# -- who owns the record ----------------------------------------------------------------------------------------------


@JUMPS
def test_the_try_that_came_last_owns_the_record_whatever_the_clock_says(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    first, second = (open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run()) for _ in range(2))
    first.ownership.take(Step.TRAIN, 1)
    monkeypatch.setattr("trainer.tracking.ownership.datetime", clock(jump))
    second.ownership.take(Step.TRAIN, 2)
    second.ownership.check()
    with pytest.raises(Superseded, match="try 1 stops"):
        first.ownership.check()
    with pytest.raises(Superseded, match="try 1 stops"):
        first.ownership.take(Step.TRAIN, 1)


def clock(seconds: float) -> type[datetime]:
    """Return a datetime whose now is wrong by some seconds."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime.now(UTC) + timedelta(seconds=seconds)

    return Wrong


# -- the sweep --------------------------------------------------------------------------------------------------------


@JUMPS
def test_a_sweep_with_a_wrong_clock_leaves_what_airflow_did_not_say_is_over(
    settings: Settings, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    job = make_job("train")
    job.record.begin_step(Step.TRAIN, "inputs")
    folder = settings.trainer_work_dir / f"{job.run.key[:12]}-train-abc"
    folder.mkdir(parents=True)
    monkeypatch.setattr("trainer.commands.sweep.datetime", clock(jump))
    with monkeypatch.context() as patch:
        right = time.time
        patch.setattr("trainer.commands.old_workspaces.time.time", lambda: right() + jump)
        swept = sweep(settings)
        assert swept.removed == {}
        assert (folder.exists(), status_of(job)) == (True, "RUNNING")
        swept = sweep(settings, DagRunName(dag_id=job.run.dag_id, run_id=job.run.run_id))
    expected = {"open MLflow runs": 1, "scratch folders": 1} if jump > 0 else {}  # later, once the clock is right
    assert swept.removed == expected


def sweep(settings: Settings, *over: DagRunName) -> SweepResult:
    order = SweepOrder(over=over, grace_minutes=30)
    result = run_chore(order, make_run(dag_id="sweep"), settings).outcome
    assert isinstance(result, SweepResult)
    return result


def status_of(job: Job) -> str:
    return str(client_of(job.record).get_run(job.record.run_id).info.status)


# -- the cache --------------------------------------------------------------------------------------------------------


def test_a_stamp_from_the_future_does_not_keep_the_cache_from_being_looked_through(tmp_path: Path) -> None:
    put(tmp_path, "evicted", -1000 * DAY)
    put(tmp_path, "objects/aa/1.jpg", 8 * DAY)
    evict_if_due(tmp_path, max_gb=0, keep_days=7)
    assert left(tmp_path) == ["evicted"]


def test_a_copy_that_was_used_in_the_future_counts_as_used_now_and_goes_in_its_turn(tmp_path: Path) -> None:
    copy = put(tmp_path, "objects/aa/1.jpg", -1000 * DAY)
    evict(tmp_path, max_gb=1e-9, keep_days=7)
    assert abs(copy.stat().st_mtime - time.time()) < HOUR
    os.utime(copy, (time.time() - 2 * HOUR,) * 2)
    evict(tmp_path, max_gb=1e-9, keep_days=7)
    assert left(tmp_path) == []


@JUMPS
def test_a_clock_that_is_wrong_by_a_day_evicts_nothing_that_is_kept_for_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    put(tmp_path, "objects/aa/1.jpg", HOUR)
    right = time.time
    monkeypatch.setattr("trainer.storage.eviction.time.time", lambda: right() + jump)
    evict(tmp_path, max_gb=0, keep_days=90)
    assert left(tmp_path) == ["objects/aa/1.jpg"]


@pytest.mark.parametrize("take", [fetch_object, read_object])
def test_a_fetch_whose_file_was_deleted_as_old_is_try_again(tmp_path: Path, take: Callable[..., object]) -> None:
    class Slow:
        def fetch(self, _uri: str, _item: StoredObject, target: Path) -> str:
            put(tmp_path, target.relative_to(tmp_path).as_posix(), 2 * DAY)
            evict(tmp_path, max_gb=0, keep_days=0)
            return "0" * 64

    with pytest.raises(TryAgain, match="TRAINER_CACHE_DIR"):
        take(tmp_path, Slow(), "file:///x", StoredObject("1.jpg", 1000, "etag"))
    assert left(tmp_path) == []
