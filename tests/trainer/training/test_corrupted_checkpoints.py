"""Tests of damaged checkpoints, weights and manifests: the previous checkpoint is used, or the error says why not."""

import gzip
import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step_contract.catalog import Training, VisionTask
from step_contract.failure import FailureKind
from tests.tiny_model import TINY_MODEL
from tests.trainer.conftest import make_pipeline
from tests.trainer.dataset_files import image_bytes
from tests.trainer.trained_model import record_preprocess
from tests.trainer.trained_runs import RunStep, rewritten
from trainer.datasets import manifest as manifests
from trainer.datasets.manifest import Manifest
from trainer.errors import BadData, BadRequest
from trainer.frameworks.ultralytics import FRAMEWORK
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.frameworks.ultralytics.checkpoint_files import HISTORY, LAST
from trainer.job import Job
from trainer.training import state
from trainer.training.attempt import usable_checkpoint
from trainer.training.checkpoints import Checkpoint, CheckpointStore

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120)]

Damage = Callable[[Path, Path], object]
"""Writes a file in place of a good one: (the good one, where to write)."""


class Hostile:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.mkdir, ("hostile-was-here",)


def torch_saved(value: object) -> Damage:
    def write(_good: Path, target: Path) -> None:
        import torch

        torch.save(value, target)

    return write


def content(make: Callable[[bytes], bytes]) -> Damage:
    return lambda good, target: target.write_bytes(make(good.read_bytes()))


def altered(**entries: Any) -> Damage:
    return lambda good, target: rewritten(good, target, **entries)


def zip_of_something_else(_: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/readme.txt", "nothing to see")
    return out.getvalue()


def pickled_foreign_class(_good: Path, target: Path) -> None:
    """Write what another program's training saved: a class that this environment does not have."""
    text = b"csomebodys_training_code.models\nNetwork\n)R."
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + text)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")


UNREADABLE: dict[str, Damage] = {
    "no bytes": content(lambda _: b""),
    "text": content(lambda _: b"weights of epoch 2\n" * 100),
    "an image": content(lambda _: image_bytes(1)),
    "a few bytes": content(lambda good: good[:100]),
    "cut in half": content(lambda good: good[: len(good) // 2]),
    "its end lost": content(lambda good: good[:-1000]),
    "its beginning lost": content(lambda good: good[1000:]),
    "packed again": content(gzip.compress),
    "a zip of something else": content(zip_of_something_else),
    "an unknown class": pickled_foreign_class,
    "a class that runs a command": torch_saved({"model": Hostile(), "epoch": 1, "optimizer": {}}),
    "a list": torch_saved([1, 2, 3]),
    "no model": torch_saved({"epoch": 1, "optimizer": {}}),
    "a model that is text": torch_saved({"model": "yolo", "epoch": 1, "optimizer": {}}),
}

UNUSABLE: dict[str, tuple[Damage, str]] = {
    "a finished training's": (altered(epoch=-1, optimizer=None), "is of a finished training (epoch -1, no optimizer)"),
    "without an optimizer": (altered(optimizer=None), "is of a finished training (epoch 1, no optimizer)"),
    "of another epoch": (altered(epoch=6), "was saved after epoch 7; expected epoch 2"),
    "of an epoch in words": (altered(epoch="two"), "has the epoch two; expected a number"),
    "of half an optimizer": (altered(optimizer={"state": {}}), "has an optimizer without state and param_groups"),
    "of an optimizer in words": (altered(optimizer="SGD"), "has an optimizer without state and param_groups"),
    "of no epoch": (altered(epoch=None), "has the epoch None; expected a number"),
}


@pytest.fixture(scope="session")
def resumable(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model as ultralytics leaves it after its second epoch, with something in place of an optimizer."""
    optimizer = {"state": {}, "param_groups": []}
    return rewritten(tiny_weights, tmp_path_factory.mktemp("resumable") / LAST, epoch=1, optimizer=optimizer)


@pytest.fixture
def store(make_job: Callable[..., Job], resumable: Path, tmp_path: Path) -> CheckpointStore:
    """The checkpoint of a first epoch."""
    store = CheckpointStore(make_job("train").record)
    first = tmp_path / "first.pt"
    rewritten(resumable, first, epoch=0)
    commit(store, first, 1, tmp_path)
    return store


def commit(store: CheckpointStore, last: Path, epoch: int, folder: Path) -> Checkpoint:
    claimed = folder / "claimed"
    claimed.mkdir()
    (claimed / LAST).write_bytes(last.read_bytes())
    (claimed / HISTORY).write_text(f"epoch\n{epoch}\n")
    (claimed / "epoch").write_text(str(epoch))
    return store.commit(claimed)


def resumed_from(store: CheckpointStore, folder: Path) -> int | None:
    """Return the epoch from which a training would resume."""
    ultralytics_setup.prepare(folder / "cache")
    resume = usable_checkpoint(FRAMEWORK, store, folder / "resumed")
    return resume.epoch if resume else None


def make_plan(folder: Path, model: str = "tiny.yaml") -> Any:
    from trainer.frameworks.interface import Plan

    return Plan(
        task=VisionTask.DETECT,
        model=model,
        training=Training(epochs=3),
        batch=1,
        data=folder / "data.yaml",
        save_dir=folder / "train",
        handover=folder / "handover",
        device="cpu",
        workers=0,
        models=folder,
    )


def test_an_undamaged_checkpoint_is_resumed_from(store: CheckpointStore, resumable: Path, tmp_path: Path) -> None:
    commit(store, resumable, 2, tmp_path)
    assert resumed_from(store, tmp_path) == 2


@pytest.mark.parametrize("damage", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_of_an_unreadable_checkpoint_the_one_before_is_used(
    damage: Damage, store: CheckpointStore, resumable: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage(resumable, tmp_path / "damaged.pt")
    commit(store, tmp_path / "damaged.pt", 2, tmp_path)
    assert resumed_from(store, tmp_path) == 1
    assert "the checkpoint of epoch 2 is left aside: last.pt cannot be loaded: " in caplog.text
    assert not Path("hostile-was-here").exists()


@pytest.mark.parametrize(("damage", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_of_an_unusable_checkpoint_the_one_before_is_used(
    damage: Damage,
    reason: str,
    store: CheckpointStore,
    resumable: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(resumable, tmp_path / "damaged.pt")
    commit(store, tmp_path / "damaged.pt", 2, tmp_path)
    assert resumed_from(store, tmp_path) == 1
    assert f"the checkpoint of epoch 2 is left aside: last.pt {reason}" in caplog.text


@pytest.mark.parametrize("what", [LAST, HISTORY])
@pytest.mark.parametrize("change", [lambda text: text + b"\0", lambda _: b""], ids=["longer", "empty"])
def test_of_a_checkpoint_that_is_not_what_was_stored_the_one_before_is_used(
    what: str,
    change: Callable[[bytes], bytes],
    store: CheckpointStore,
    resumable: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    artifact = commit(store, resumable, 2, tmp_path).files[what].artifact
    replaced = store._record.download(artifact, tmp_path / "replaced")
    replaced.write_bytes(change(replaced.read_bytes()))
    store._record.log_artifact(replaced, "checkpoints")
    assert resumed_from(store, tmp_path) == 1
    assert f"{what} of the checkpoint of epoch 2 is damaged: BLAKE3 of {artifact} is" in caplog.text


def test_the_previous_checkpoint_is_used_if_a_file_is_missing(
    store: CheckpointStore, resumable: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store._record.delete_artifact(commit(store, resumable, 2, tmp_path).files[LAST].artifact)
    assert resumed_from(store, tmp_path) == 1
    assert "last.pt of the checkpoint of epoch 2 is gone: the run has no artifact checkpoints/" in caplog.text


@pytest.mark.parametrize(
    "tag", ["{", "[]", "null", '{"epoch": 2}', "[" * 4000, '{"epoch": 2, "files": {"last.pt": 7}}']
)
def test_of_a_damaged_tag_the_one_before_is_used(
    tag: str, store: CheckpointStore, resumable: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    commit(store, resumable, 2, tmp_path)
    store._record.set_tags({"checkpoint": tag})
    assert resumed_from(store, tmp_path) == 1
    assert "a checkpoint's tag cannot be read and is left aside" in caplog.text


def test_with_all_checkpoints_damaged_the_training_starts_from_scratch(
    store: CheckpointStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "damaged.pt").write_bytes(b"")
    commit(store, tmp_path / "damaged.pt", 2, tmp_path)
    store._record.delete_artifact(store.available()[1].files[LAST].artifact)
    assert resumed_from(store, tmp_path) is None
    assert caplog.text.count("is left aside: last.pt") == 2


@pytest.mark.parametrize("damage", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unreadable_weights_are_a_bad_request_by_their_name(damage: Damage, tiny_weights: Path, tmp_path: Path) -> None:
    ultralytics_setup.prepare(tmp_path / "cache")
    from trainer.frameworks.ultralytics import fit as detector

    damage(tiny_weights, tmp_path / "own.pt")
    with pytest.raises(BadRequest, match=r"model 'own\.pt' cannot be loaded: "):
        detector.fit(make_plan(tmp_path, "own.pt"))
    assert not Path("hostile-was-here").exists()


@pytest.mark.parametrize("model", ["x" * 300 + ".pt", "a\0b.pt", "nowhere.pt", "file://[x.pt", "s3://b/x.pt"])
def test_weights_that_no_file_can_be_are_a_bad_request(model: str, tmp_path: Path) -> None:
    ultralytics_setup.prepare(tmp_path / "cache")
    from trainer.frameworks.ultralytics import fit as detector

    with pytest.raises(BadRequest, match=r"is not there|model 'file:.* cannot be read; expected file:///abs"):
        detector.fit(make_plan(tmp_path, model))


def test_a_checkpoint_of_another_model_is_no_success(
    make_job: Callable[..., Job], digits: Manifest, resumable: Path, tmp_path: Path, do: RunStep
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "tiny.yaml").write_text(TINY_MODEL)
    training = {"epochs": 3, "batch": 8, "imgsz": 32, "arguments": {"plots": False, "amp": False, "nbs": 8}}
    pipeline = make_pipeline(model="tiny.yaml", training=training)
    job = make_job("train", pipeline)
    record_preprocess(job, digits)
    state.current_training(job, CheckpointStore(job.record))
    commit(CheckpointStore(job.record), resumable, 2, tmp_path)
    with pytest.raises(BadData, match=r"the checkpoint is of another model: .*; expected the model that the run began"):
        do("train", None, pipeline)
    assert job.record.tags()["failure.kind"] == FailureKind.BAD_DATA


# -- the manifest -----------------------------------------------------------------------------------------------------

HEADER: dict[str, Any] = {"version": manifests._VERSION, "digest": "d" * 64, "task": "detect", "format": "yolo"}
HEADER |= {"uri": "u", "names": ["cat"], "kpt_shape": None, "flip_idx": []}

BAD_MANIFESTS: dict[str, tuple[bytes, str]] = {
    "no bytes": (b"", "is damaged (ValueError"),
    "packed bytes that are damaged": (gzip.compress(b"x" * 1000)[:10] + b"\xff" * 99, "is damaged (error: Error -3"),
    "another checksum": (gzip.compress(b"{}")[:-8] + bytes(8), "is damaged (BadGzipFile: CRC check failed"),
    "nested 100,000 deep": (b"[" * 100_000, "is damaged (RecursionError"),
    "a list": (b"[]", "is damaged (TypeError"),
    "other bytes": (image_bytes(1), "is damaged (UnicodeDecodeError"),
    "a number as digest": (json.dumps(HEADER | {"digest": 5}).encode(), "records digest 5, but its content has"),
    "half a keypoint shape": (json.dumps(HEADER | {"kpt_shape": [1]}).encode(), "is damaged (IndexError"),
    "half a character": (json.dumps(HEADER | {"names": ["\ud800"]}).encode(), "is damaged (UnicodeEncodeError"),
    "an item that is a number": (json.dumps(HEADER).encode() + b"\n7", "is damaged (TypeError"),
    "an item with other fields": (json.dumps(HEADER).encode() + b'\n{"a": 1}', "is damaged (TypeError"),
}


@pytest.mark.parametrize(("packed", "expected"), BAD_MANIFESTS.values(), ids=BAD_MANIFESTS.keys())
def test_a_damaged_manifest_is_bad_data_by_its_name(packed: bytes, expected: str) -> None:
    with pytest.raises(BadData) as refused:
        manifests.decode(packed)
    assert str(refused.value).startswith(f"dataset/manifest.jsonl.gz {expected}")
    assert str(refused.value).endswith("run preprocess again")


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(edits=st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=4)), min_size=1, max_size=3))
@pytest.mark.parametrize("is_packed", [True, False])
def test_no_damage_of_a_manifest_goes_unnoticed(
    is_packed: bool, edits: list[tuple[int, bytes]], digits: Manifest
) -> None:
    packed = manifests.encode(digits)
    damaged = bytearray(packed if is_packed else gzip.decompress(packed))
    for place, new in edits:
        damaged[place % len(damaged)] = new[0]
    try:
        found = manifests.decode(bytes(damaged))
    except BadData:
        return
    # What is not part of the digest says where an image lies, and the cache checks what is read from there.
    assert found.digest == digits.digest
