"""Tests of checkpoints without a training: after a crash at any point, the record names complete, unchanged files."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from step_contract.order import Step
from tests.trainer.mlflow_client import client_of
from trainer.errors import BadData, BadRequest, Superseded, TryAgain
from trainer.frameworks.ultralytics.checkpoint_files import BEST, HISTORY, LAST, ReplacedFile, publish
from trainer.handover import slot as handover_slot
from trainer.tracking import RunRecord
from trainer.training import checkpoints
from trainer.training.checkpoints import CheckpointStore


@pytest.fixture
def store(record: RunRecord) -> CheckpointStore:
    return CheckpointStore(record)


@pytest.fixture
def slot(tmp_path: Path) -> Path:
    return tmp_path / "handover"


@pytest.fixture
def save_dir(tmp_path: Path) -> Path:
    (tmp_path / "train" / "weights").mkdir(parents=True)
    return tmp_path / "train"


def finish_epoch(save_dir: Path, slot: Path, epoch: int, *, improved: bool = True) -> None:
    """Write what ultralytics writes after an epoch, best.pt and results.csv in place as it does, and publish it."""
    content = f"weights of epoch {epoch}"
    ReplacedFile(save_dir / "weights" / LAST).write_bytes(content.encode())
    if improved:
        (save_dir / "weights" / BEST).write_text(content)
    with (save_dir / HISTORY).open("a") as history:
        history.write(f"{epoch}\n")
    publish(slot, save_dir, epoch, improved=improved, linked=True)


def commit_epoch(store: CheckpointStore, save_dir: Path, slot: Path, epoch: int, *, improved: bool = True) -> None:
    finish_epoch(save_dir, slot, epoch, improved=improved)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    store.commit(claimed)


def restored(store: CheckpointStore, folder: Path, which: int = 0) -> dict[str, str]:
    store.restore(store.available()[which], folder)
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def test_a_checkpoint_comes_back_as_it_was(store: CheckpointStore, save_dir: Path, slot: Path, tmp_path: Path) -> None:
    commit_epoch(store, save_dir, slot, 1)
    commit_epoch(store, save_dir, slot, 2, improved=False)
    assert [checkpoint.epoch for checkpoint in store.available()] == [2, 1]
    assert restored(store, tmp_path / "there") == {
        LAST: "weights of epoch 2",
        BEST: "weights of epoch 1",
        HISTORY: "1\n2\n",
    }
    assert restored(store, tmp_path / "before", 1)[LAST] == "weights of epoch 1"


def test_the_record_keeps_the_last_two_checkpoints_and_stores_equal_content_once(
    monkeypatch: pytest.MonkeyPatch, store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord
) -> None:
    uploaded: list[str] = []
    upload = RunRecord.log_artifact

    def counted(self: RunRecord, path: Path, folder: str | None = None) -> None:
        uploaded.append(path.name)
        upload(self, path, folder)

    monkeypatch.setattr(RunRecord, "log_artifact", counted)
    for epoch in range(1, 6):
        commit_epoch(store, save_dir, slot, epoch, improved=epoch == 1)
    assert len(uploaded) == len(set(uploaded)) == 10
    # last.pt and results.csv of epochs 4 and 5, and best.pt of epoch 1
    assert len(record.artifacts("checkpoints")) == 5
    named = {file.artifact for checkpoint in store.available() for file in checkpoint.files.values()}
    assert set(record.artifacts("checkpoints")) == named


def test_a_newer_copy_replaces_an_unclaimed_one(slot: Path, save_dir: Path) -> None:
    finish_epoch(save_dir, slot, 1)
    finish_epoch(save_dir, slot, 2)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    assert (claimed / LAST).read_text() == "weights of epoch 2"


def test_a_taken_copy_does_not_change_when_ultralytics_writes_the_next_epoch(slot: Path, save_dir: Path) -> None:
    finish_epoch(save_dir, slot, 1)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    finish_epoch(save_dir, slot, 2)
    assert {(claimed / name).read_text() for name in (LAST, BEST)} == {"weights of epoch 1"}


def test_weights_that_are_written_in_place_are_copied(slot: Path, save_dir: Path) -> None:
    (save_dir / HISTORY).touch()
    for epoch in (1, 2):
        (save_dir / "weights" / LAST).write_text(f"weights of epoch {epoch}")
        if epoch == 1:
            publish(slot, save_dir, epoch, improved=True)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    assert {(claimed / name).read_text() for name in (LAST, BEST)} == {"weights of epoch 1"}


def test_what_is_known_is_neither_read_nor_hashed_again(
    monkeypatch: pytest.MonkeyPatch, store: CheckpointStore, save_dir: Path, slot: Path
) -> None:
    commit_epoch(store, save_dir, slot, 1)
    hashed, asked = [], []
    hash_of, tags, artifacts = checkpoints.content_hash_of, RunRecord.tags, RunRecord.artifacts
    monkeypatch.setattr(checkpoints, "content_hash_of", lambda path: hashed.append(path.name) or hash_of(path))
    monkeypatch.setattr(RunRecord, "tags", lambda self: asked.append("tags") or tags(self))
    monkeypatch.setattr(RunRecord, "artifacts", lambda *of: asked.append("artifacts") or artifacts(*of))
    commit_epoch(store, save_dir, slot, 2, improved=False)
    assert (hashed, asked) == ([LAST, HISTORY], [])


def test_after_a_failure_the_record_is_read_again_and_nothing_stays(
    monkeypatch: pytest.MonkeyPatch, store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord
) -> None:
    commit_epoch(store, save_dir, slot, 1)

    def refuse(*_: object) -> None:
        raise TryAgain("no answer")

    with monkeypatch.context() as patch:
        patch.setattr(RunRecord, "set_tags", refuse)
        with pytest.raises(TryAgain):
            commit_epoch(store, save_dir, slot, 2)
    commit_epoch(store, save_dir, slot, 3)
    named = {file.artifact for checkpoint in store.available() for file in checkpoint.files.values()}
    assert [checkpoint.epoch for checkpoint in store.available()] == [3, 1]
    assert set(record.artifacts("checkpoints")) == named


def test_the_record_is_checked_again_after_a_slow_upload(
    monkeypatch: pytest.MonkeyPatch, store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord
) -> None:
    record.ownership.take(Step.TRAIN, 1)
    commit_epoch(store, save_dir, slot, 1)
    RunRecord(client_of(record), record.run_id).ownership.take(Step.TRAIN, 2)
    monkeypatch.setattr(checkpoints, "_SLOW_UPLOAD_SECONDS", 0.0)
    with pytest.raises(Superseded):
        commit_epoch(store, save_dir, slot, 2)
    assert [checkpoint.epoch for checkpoint in store.available()] == [1]


def test_a_copy_that_could_not_be_stored_is_offered_again_until_there_is_a_newer_one(
    slot: Path, save_dir: Path
) -> None:
    assert handover_slot.claim(slot) is None
    finish_epoch(save_dir, slot, 1)
    first, again = handover_slot.claim(slot), handover_slot.claim(slot)
    assert first is not None
    assert first == again
    assert (first / LAST).read_text() == "weights of epoch 1"
    finish_epoch(save_dir, slot, 2)
    newer = handover_slot.claim(slot)
    assert newer is not None
    assert (newer / LAST).read_text() == "weights of epoch 2"


def test_a_resumed_training_hands_over_the_best_weights_that_it_was_given(slot: Path, save_dir: Path) -> None:
    (save_dir / "weights" / BEST).write_text("weights of epoch 1")
    finish_epoch(save_dir, slot, 4, improved=False)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    assert (claimed / BEST).read_text() == "weights of epoch 1"


def test_a_file_system_without_hard_links_will_do(
    monkeypatch: pytest.MonkeyPatch, store: CheckpointStore, save_dir: Path, slot: Path, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    commit_epoch(store, save_dir, slot, 1)
    assert restored(store, tmp_path / "there")[BEST] == "weights of epoch 1"


def test_dying_before_the_tag_leaves_the_checkpoint_before(
    monkeypatch: pytest.MonkeyPatch,
    store: CheckpointStore,
    save_dir: Path,
    slot: Path,
    record: RunRecord,
    tmp_path: Path,
) -> None:
    commit_epoch(store, save_dir, slot, 1)
    with monkeypatch.context() as patch:
        patch.setattr(RunRecord, "set_tags", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            commit_epoch(store, save_dir, slot, 2)
    assert [checkpoint.epoch for checkpoint in CheckpointStore(record).available()] == [1]
    assert restored(CheckpointStore(record), tmp_path / "there")[LAST] == "weights of epoch 1"


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_copy_that_waited_elsewhere_never_replaces_a_newer_checkpoint(
    store: CheckpointStore,
    save_dir: Path,
    slot: Path,
    record: RunRecord,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    finish_epoch(save_dir, slot, 10)  # by a machine that dies before it is stored
    for epoch in (49, 50):
        commit_epoch(store, save_dir, tmp_path / "on another machine", epoch)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    with caplog.at_level("INFO"):
        newest = CheckpointStore(record).commit(claimed)
    assert "a checkpoint of epoch 10 is dropped: MLflow has that of epoch 50" in caplog.text
    assert newest.epoch == 50
    assert handover_slot.claim(slot) is None
    assert [checkpoint.epoch for checkpoint in store.available()] == [50, 49]
    assert restored(CheckpointStore(record), tmp_path / "there")[LAST] == "weights of epoch 50"


def test_a_checkpoint_that_was_dropped_keeps_no_other_from_being_stored(
    store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord, tmp_path: Path
) -> None:
    commit_epoch(store, save_dir, slot, 1)
    commit_epoch(store, save_dir, slot, 2)
    damaged, before = store.available()
    store.drop(damaged)
    assert store.available() == [before]
    with (save_dir / HISTORY).open("a") as history:
        history.write("once more ")
    commit_epoch(store, save_dir, slot, 2)
    assert [checkpoint.epoch for checkpoint in store.available()] == [2, 1]
    assert restored(store, tmp_path / "there")[HISTORY] == "1\n2\nonce more 2\n"
    store.drop(damaged)
    assert [checkpoint.epoch for checkpoint in store.available()] == [2, 1]


@pytest.mark.parametrize("is_newer", [True, False])
@pytest.mark.parametrize("survived", range(5))
def test_a_try_that_dies_while_it_takes_a_copy_leaves_the_newest_whole(
    monkeypatch: pytest.MonkeyPatch, slot: Path, save_dir: Path, survived: int, is_newer: bool
) -> None:
    finish_epoch(save_dir, slot, 1)
    handover_slot.claim(slot)
    finish_epoch(save_dir, slot, 2)
    calls, rmtree = iter(range(survived)), shutil.rmtree

    def dying(call: Callable[..., None]) -> Callable[..., None]:
        def do(folder: Path, *rest: object, **options: object) -> None:
            if next(calls, None) is None:
                if call is rmtree:
                    (folder / LAST).unlink(missing_ok=True)
                raise KeyboardInterrupt
            call(folder, *rest, **options)

        return do

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", dying(rmtree))
        patch.setattr(os, "rename", dying(os.rename))
        with pytest.raises(KeyboardInterrupt):
            handover_slot.claim(slot)
    if is_newer:
        finish_epoch(save_dir, slot, 3)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    assert (claimed / LAST).read_text() == f"weights of epoch {3 if is_newer else 2}"


def test_a_try_that_dies_while_it_removes_what_it_stored_leaves_no_half_of_it(
    monkeypatch: pytest.MonkeyPatch, store: CheckpointStore, save_dir: Path, slot: Path
) -> None:
    finish_epoch(save_dir, slot, 1)
    claimed = handover_slot.claim(slot)
    assert claimed is not None
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda folder, **_: (folder / LAST).exists() and _interrupt())
        with pytest.raises(KeyboardInterrupt):
            store.commit(claimed)
    assert handover_slot.claim(slot) is None
    commit_epoch(store, save_dir, slot, 2)
    assert [checkpoint.epoch for checkpoint in store.available()] == [2, 1]


def test_a_damaged_checkpoint_is_refused(
    store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord, tmp_path: Path
) -> None:
    commit_epoch(store, save_dir, slot, 1)
    commit_epoch(store, save_dir, slot, 3, improved=False)
    artifact = store.available()[0].files[LAST].artifact
    damaged = tmp_path / Path(artifact).name
    damaged.write_text("half of the wei")
    record.log_artifact(damaged, "checkpoints")
    with pytest.raises(BadData, match=r"last\.pt of the checkpoint of epoch 3 is damaged: BLAKE3 of .* expected"):
        restored(store, tmp_path / "there")


def test_a_missing_file_is_named(
    store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord, tmp_path: Path
) -> None:
    commit_epoch(store, save_dir, slot, 3)
    record.delete_artifact(store.available()[0].files[HISTORY].artifact)
    with pytest.raises(BadData, match=r"results\.csv of the checkpoint of epoch 3 is gone: the run has no artifact"):
        restored(store, tmp_path / "there")


def test_forgetting_leaves_nothing(store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord) -> None:
    commit_epoch(store, save_dir, slot, 1)
    store.forget()
    assert store.available() == []
    assert record.artifacts("checkpoints") == []


def test_a_store_that_cannot_delete_is_tried_once(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    store: CheckpointStore,
    save_dir: Path,
    slot: Path,
) -> None:
    def refuse(_: RunRecord, path: str) -> None:
        raise BadRequest(f"cannot delete {path}")

    monkeypatch.setattr(RunRecord, "delete_artifact", refuse)
    for epoch in range(1, 6):
        commit_epoch(store, save_dir, slot, epoch)
    assert caplog.text.count("old checkpoints stay in the artifact store") == 1


def test_an_unreadable_tag_is_left_aside(store: CheckpointStore, save_dir: Path, slot: Path, record: RunRecord) -> None:
    commit_epoch(store, save_dir, slot, 1)
    commit_epoch(store, save_dir, slot, 2)
    record.set_tags({"checkpoint": '{"epoch": "two"'})
    assert [checkpoint.epoch for checkpoint in store.available()] == [1]
