"""What each epoch leaves behind, with a stand-in for ultralytics' trainer; test_train.py has the real one."""

import gc
import json
import math
import weakref
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainer.errors import Bug
from trainer.frameworks.ultralytics import callbacks as epoch_callbacks
from trainer.frameworks.ultralytics.callbacks import EVENTS, EpochCallbacks
from trainer.handover import journal, slot
from trainer.handover.journal import EntryKind


@pytest.fixture
def handover(tmp_path: Path) -> Path:
    (tmp_path / "handover").mkdir()
    return tmp_path / "handover"


@pytest.fixture
def trainer(tmp_path: Path) -> SimpleNamespace:
    """As ultralytics leaves it after the third of ten epochs, which was not the best."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "last.pt").write_text("last")
    (tmp_path / "weights" / "best.pt").write_text("best")
    (tmp_path / "results.csv").write_text("epoch\n")
    return SimpleNamespace(
        args=SimpleNamespace(val=True, epochs=10, lr0=0.5, data="/of/this/try.yaml", box=7.5, degrees=10.0),
        epoch=2,
        epochs=10,
        start_epoch=0,
        batch_size=8,
        best_fitness=0.5,
        fitness=0.4,
        stop=False,
        save_dir=tmp_path,
        last=tmp_path / "weights" / "last.pt",
        tloss={"box_loss": 1.25},
        label_loss_items=lambda losses: {f"train/{name}": value for name, value in losses.items()},
        metrics={"metrics/mAP50(B)": 0.4, "val/box_loss": 2.0},
        lr={"lr/pg0": 0.01},
        train_loader=SimpleNamespace(dataset=[None] * 12),
        device=SimpleNamespace(type="cpu", __str__=lambda: "cpu"),
    )


def callbacks_of(handover: Path, rank: int = -1) -> EpochCallbacks:
    return EpochCallbacks(handover, {"epochs": 100, "lr0": 0.01, "box": 7.5, "degrees": 0.0}, lambda: rank)


def run_epoch(callbacks: EpochCallbacks, trainer: Any) -> None:
    for event in ("on_train_start", "on_train_epoch_start", "on_train_epoch_end", "on_fit_epoch_end"):
        getattr(callbacks, event)(trainer)


def epochs_in(handover: Path) -> list[Mapping[str, float]]:
    return [entry.metrics for entry in journal.read(handover)[0] if entry.kind is EntryKind.EPOCH]


def test_an_epoch_is_told_to_the_web_ui_on_one_line(
    handover: Path, trainer: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    run_epoch(callbacks_of(handover), trainer)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("VTM_PROGRESS::")
    fields = json.loads(line.removeprefix("VTM_PROGRESS::"))
    assert (fields["epoch"], fields["total_epochs"], fields["mAP50"]) == (3, 10, 0.4)
    assert (fields["train/box_loss"], fields["val/box_loss"], fields["lr/pg0"]) == (1.25, 2.0, 0.01)
    assert "device" in fields


def test_a_person_reads_how_far_it_is(
    handover: Path, trainer: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        run_epoch(callbacks_of(handover), trainer)
    assert "epoch 3/10: mAP50 0.400, loss 1.250, 0.0 s, about 0 s left" in caplog.text


def test_nan_is_kept_in_the_journal_and_kept_from_the_web_ui(
    handover: Path, trainer: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    trainer.tloss = {"box_loss": math.nan}
    run_epoch(callbacks_of(handover), trainer)
    assert math.isnan(epochs_in(handover)[0]["train/box_loss"])
    assert "NaN" not in capsys.readouterr().out


def test_the_effective_arguments_are_those_that_matter(handover: Path, trainer: SimpleNamespace) -> None:
    run_epoch(callbacks_of(handover), trainer)
    start = journal.read(handover)[0][0]
    assert start.kind is EntryKind.START
    assert start.arguments == {"val": "True", "epochs": "10", "lr0": "0.5", "degrees": "10.0"}


def test_the_best_weights_are_handed_over_beside_the_last(handover: Path, trainer: SimpleNamespace) -> None:
    run_epoch(callbacks_of(handover), trainer)
    claimed = slot.claim(handover)
    assert claimed is not None
    assert [(claimed / name).read_text() for name in ("last.pt", "best.pt")] == ["last", "best"]


def test_the_collector_leaves_aside_what_is_there_after_the_first_epoch_until_the_training_ends(
    handover: Path, trainer: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cycle:
        def __init__(self) -> None:
            self.own = self

    kept = Cycle()
    gone = weakref.ref(kept)
    callbacks = callbacks_of(handover)
    try:
        for event in EVENTS[:-2]:
            getattr(callbacks, event)(trainer)
        before = gc.get_freeze_count()
        callbacks.on_fit_epoch_end(trainer)
        assert gc.get_freeze_count() > before
        monkeypatch.setattr(gc, "freeze", lambda: pytest.fail("frozen twice"))
        run_epoch(callbacks, trainer)
        del kept
        gc.collect()
        assert gone() is not None
    finally:
        epoch_callbacks.unsettle()
    assert gone() is None


def test_the_final_measurement_is_no_epoch_and_the_last_epoch_no_checkpoint(
    handover: Path, trainer: SimpleNamespace
) -> None:
    trainer.stop = True
    callbacks = callbacks_of(handover)
    run_epoch(callbacks, trainer)
    trainer.epoch += 1
    trainer.metrics = {"metrics/mAP50(B)": 0.6}
    callbacks.on_fit_epoch_end(trainer)
    kinds = [entry.kind for entry in journal.read(handover)[0]]
    assert kinds == [EntryKind.START, EntryKind.EPOCH, EntryKind.FINAL]
    assert journal.read(handover)[0][-1].metrics == {"metrics/mAP50": 0.6}
    assert slot.claim(handover) is None


def test_without_validation_an_epoch_has_no_measured_metrics(handover: Path, trainer: SimpleNamespace) -> None:
    trainer.args.val = False
    run_epoch(callbacks_of(handover), trainer)
    assert "metrics/mAP50" not in epochs_in(handover)[0]
    assert epochs_in(handover)[0]["train/box_loss"] == 1.25


def test_a_training_that_cannot_be_recorded_stops_after_its_epoch(handover: Path, trainer: SimpleNamespace) -> None:
    journal.ask_to_stop(handover, "the run is deleted")
    with pytest.raises(Bug, match="the training cannot be recorded: the run is deleted"):
        run_epoch(callbacks_of(handover), trainer)
    assert len(epochs_in(handover)) == 1


def test_of_several_gpus_only_the_first_ones_process_writes(
    handover: Path, trainer: SimpleNamespace, capsys: pytest.CaptureFixture[str]
) -> None:
    run_epoch(callbacks_of(handover, rank=1), trainer)
    assert capsys.readouterr().out == ""
    assert journal.read(handover)[0] == []
    run_epoch(callbacks_of(handover, rank=0), trainer)
    assert len(epochs_in(handover)) == 1


def test_a_gpus_process_leaves_the_reason_of_its_failure(handover: Path, trainer: SimpleNamespace) -> None:
    callbacks = callbacks_of(handover, rank=1)
    callbacks.teardown(trainer)
    assert journal.failure(handover) is None
    for text in ("CUDA out of memory", "a consequence"):
        try:
            raise RuntimeError(text)
        except RuntimeError:
            callbacks.teardown(trainer)
    assert journal.failure(handover) == "RuntimeError: CUDA out of memory"


def test_every_event_has_its_method() -> None:
    assert all(callable(getattr(EpochCallbacks, event)) for event in EVENTS)
