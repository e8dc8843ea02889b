"""Properties of resuming: wherever attempts of a training die, on one machine or two, with or without their cache, no
epoch is recorded twice or missing, and only epochs not yet uploaded are repeated. The training is simulated; journal,
slot, reporter, checkpoints and MLflow are real."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from step_contract.order import Step, StepOrder
from tests.trainer.conftest import make_pipeline, make_run
from trainer.errors import BadData
from trainer.handover import journal, slot
from trainer.handover.journal import Entry, EntryKind
from trainer.job import Job
from trainer.settings import Settings
from trainer.storage.by_uri import DatasetStorage
from trainer.tracking import RunRecord, open_record
from trainer.training import pending_uploads, reporter
from trainer.training.checkpoints import CheckpointStore
from trainer.training.reporter import Reporter

LOSS, LAST = "train/loss", "last"
BEGAN_MS = 1
CACHES = st.sampled_from(["kept", "lost", "of another machine"])
DATABASE: list[Path] = []
"""The empty MLflow database that each example gets a copy of."""


class Training(RuleBasedStateMachine):
    """Tries of one training, one after the other."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.before = os.getcwd()
        os.chdir(self.folder)  # a SQLite store keeps artifacts below the working directory
        shutil.copy(DATABASE[0], "mlflow.db")
        own = Settings(
            _env_file=None,
            mlflow_tracking_uri=f"sqlite:///{self.folder / 'mlflow.db'}",
            dataset_root="store",
            trainer_cache_dir=self.folder / "cache",
        )
        pipeline, run = make_pipeline(), make_run()
        record = open_record(own.mlflow_tracking_uri, pipeline, run)
        request = StepOrder(step=Step.TRAIN, pipeline=pipeline)
        self.job = Job(request, run, pipeline, record, DatasetStorage(own), own, self.folder)
        self.store = CheckpointStore(record)
        self.done = self.stored = 0
        self.is_damaged = False
        self.start_try()

    @rule()
    def finish_epoch(self) -> None:
        self.done += 1
        journal.append(self.handover, Entry(EntryKind.EPOCH, self.done, 99, "cpu", {LOSS: 1 / self.done}))
        last, history = self.folder / "last", self.folder / "history"
        last.write_text(f"weights {self.done}")
        history.write_text(f"{self.done}")
        slot.publish(self.handover, self.done, {LAST: last, "history": history})

    @rule()
    def carry(self) -> None:
        self.reporter._carry()
        self.note_stored()

    @rule(
        place=st.sampled_from(["log_metrics", "log_artifact", "set_tags", "delete_artifact"]),
        after=st.booleans(),
        cache=CACHES,
    )
    def die_while_carrying(self, place: str, after: bool, cache: str) -> None:
        try:
            with dying(place, after=after):
                self.reporter._carry()
        except KeyboardInterrupt:
            pass
        self.note_stored()
        self.die(cache)

    @rule(cache=CACHES)
    def die(self, cache: str) -> None:
        done, was_damaged = self.done, self.is_damaged
        if cache == "lost":
            shutil.rmtree(self.job.settings.trainer_cache_dir)
        elif cache == "of another machine":
            self.change_machine()
        self.start_try()
        logged = self.job.record.metric_epochs(LOSS)
        assert logged == list(range(1, len(logged) + 1)), "each epoch once, without a gap"
        assert self.done <= len(logged), "a checkpoint is never ahead of the metrics"
        if cache == "kept" and not was_damaged:
            assert self.done == done, "the cache keeps what was not carried"
        assert was_damaged or self.done >= self.stored, "what was stored is not done again"
        self.note_stored()

    @rule(epochs=st.integers(1, 3))
    def go_on_elsewhere_for_a_while(self, epochs: int) -> None:
        self.die("of another machine")
        for _ in range(epochs):
            self.finish_epoch()
        self.carry()
        self.die("of another machine")

    @precondition(lambda self: not self.is_damaged and len(self.store.available()) == 2)
    @rule()
    def damage_the_last_checkpoint(self) -> None:
        last, previous = self.store.available()
        (found,) = self.folder.glob(f"mlruns/*/*/artifacts/{last.files[LAST].artifact}")
        found.write_text("half a fi")
        self.is_damaged = True
        self.stored = previous.epoch

    def change_machine(self) -> None:
        here = self.job.settings.trainer_cache_dir
        there, between = (here.with_name(f"cache {name}") for name in ("there", "between"))
        there.mkdir(exist_ok=True)
        for source, target in ((here, between), (there, here), (between, there)):
            os.rename(source, target)

    def start_try(self) -> None:
        """Do what an attempt does before it trains: upload what others left, find a checkpoint, resume from it."""
        pending_uploads.carry(self.job, BEGAN_MS, lambda: self.job.record.metric_epochs(LOSS))
        self.done = self.resumed_epoch(drops=True)
        self.handover = pending_uploads.new_folder(self.job, BEGAN_MS)
        self.reporter = Reporter(self.job.record, self.handover, self.job.record.metric_epochs(LOSS))

    def resumed_epoch(self, *, drops: bool = False) -> int:
        for checkpoint in self.store.available():
            target = Path(tempfile.mkdtemp(dir=self.folder))
            try:
                self.store.restore(checkpoint, target)
            except BadData:
                assert self.is_damaged, "an undamaged checkpoint is complete"
                if drops:
                    self.store.drop(checkpoint)
                continue
            assert (target / LAST).read_text() == f"weights {checkpoint.epoch}"
            return checkpoint.epoch
        return 0

    def note_stored(self) -> None:
        """Remember what may not be lost any more; a newer checkpoint takes a damaged one's place."""
        newest = max((found.epoch for found in self.store.available()), default=0)
        if newest > self.stored and (not self.is_damaged or self.resumed_epoch() == newest):
            self.stored, self.is_damaged = newest, False

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            try:
                self.die("kept")
            finally:
                os.chdir(self.before)
                shutil.rmtree(self.folder)


@contextmanager
def dying(place: str, *, after: bool) -> Iterator[None]:
    """Let the process die before or after the next call of one of the record's methods."""
    original = getattr(RunRecord, place)

    def die(self: RunRecord, *arguments: Any) -> None:
        if after:
            original(self, *arguments)
        raise KeyboardInterrupt

    with patch.object(RunRecord, place, die):
        yield


@pytest.mark.timeout(600)
@pytest.mark.parametrize("examples", [3, pytest.param(30, marks=pytest.mark.faults)])
def test_wherever_attempts_die_no_epoch_is_lost_or_logged_twice(
    migrated_database: Path, monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    DATABASE[:] = [migrated_database]
    for name in ("_INTERVAL_SECONDS", "_RETRY_SECONDS", "_LAST_RETRY_SECONDS"):
        monkeypatch.setattr(reporter, name, 0.01)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Training,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            phases=[Phase.explicit, Phase.generate],  # to shrink costs minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
