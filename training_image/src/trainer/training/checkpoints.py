"""Keep checkpoints of an unfinished training in the run's artifacts: uploaded, verified, fetched to resume.

In the record, files are named by their content, and only a tag that is written after all of them are stored makes them
a checkpoint: whenever a process dies, the tag names files that are complete. The checkpoint before it is kept too, in
case the newest cannot be read. What the files are called is the framework's business, and so is whether a training can
resume from them.
"""

import logging
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from step_contract.frozen import Frozen
from step_contract.tags import CHECKPOINT_FILES_TAG, CHECKPOINT_TAG
from trainer.errors import BadData, StepError, TryAgain
from trainer.handover import slot
from trainer.storage import content_hash_of
from trainer.tracking import RunRecord

FOLDER = "checkpoints"
_UPLOADS = "uploads"

_PREVIOUS_TAG = f"{CHECKPOINT_TAG}.previous"
"""Set from the first upload until nothing is left in the store: sweeping finds old runs by it."""
_REMEMBERED = 4
_SLOW_UPLOAD_SECONDS = 1.0
"""After a longer upload, a later attempt may have taken the record over."""

_log = logging.getLogger(__name__)


class StoredFile(Frozen):
    """One file of a checkpoint in the run's artifacts."""

    artifact: str
    content_hash: str


class Checkpoint(Frozen):
    """Everything a training needs to resume after an epoch; the value of the tag."""

    epoch: int
    files: Mapping[str, StoredFile]


class CheckpointStore:
    """The checkpoints of one MLflow run."""

    def __init__(self, record: RunRecord) -> None:
        """Use the record's artifacts and tags."""
        self._record = record
        self._can_delete = True
        self._stored: list[Checkpoint] | None = None
        """The checkpoints that this process stored; None unless it is sure that the record has exactly these."""
        self._hashed: dict[tuple[int, ...], str] = {}

    def available(self) -> list[Checkpoint]:
        """Return the available checkpoints, the newest first."""
        tags = self._record.tags()
        return [found for name in (CHECKPOINT_TAG, _PREVIOUS_TAG) if (found := _parse(tags.get(name, "")))]

    def commit(self, claimed: Path) -> Checkpoint:
        """Store a claimed copy as the newest checkpoint and delete it from the slot; return the newest checkpoint.

        The caller has just made sure that it owns the record. A copy that waited in a machine's cache while the
        training continued elsewhere is dropped.

        Raises:
            BadData: the copy does not name its epoch.
        """
        before, self._stored = self._stored, None
        is_sure = before is not None
        if before is None:
            before = self.available()
        epoch = _epoch_of(claimed)
        newest = max(before, key=lambda other: other.epoch, default=None)
        if newest is not None and newest.epoch >= epoch:
            _log.info("a checkpoint of epoch %d is dropped: MLflow has that of epoch %d", epoch, newest.epoch)
            slot.remove_copy(claimed)
            self._stored = before if is_sure else None
            return newest
        if not is_sure:
            self._record.set_tags({CHECKPOINT_FILES_TAG: "stored"})
        checkpoint = Checkpoint(epoch=epoch, files=self._upload_all(claimed, before))
        previous = next((other for other in before if other.epoch < epoch), None)
        self._record.set_tags(
            {
                _PREVIOUS_TAG: previous.model_dump_json() if previous else "",
                CHECKPOINT_TAG: checkpoint.model_dump_json(),
            }
        )
        slot.remove_copy(claimed)
        kept = [checkpoint, *([previous] if previous else [])]
        self._delete(_artifacts_of(before) if is_sure else None, kept)
        self._stored = kept
        return checkpoint

    def restore(self, checkpoint: Checkpoint, folder: Path) -> None:
        """Fetch a checkpoint's files into a folder, each under its name.

        Raises:
            BadData: a file is missing or not what was stored.
            TryAgain: the artifact store is unavailable.
        """
        present = self._record.artifacts(FOLDER)
        for name, stored in checkpoint.files.items():
            what = f"{name} of the checkpoint of epoch {checkpoint.epoch}"
            if stored.artifact not in present:
                raise BadData(f"{what} is gone: the run has no artifact {stored.artifact}")
            folder.mkdir(parents=True, exist_ok=True)
            self._download(stored, folder / Path(name).name, what)

    def drop(self, checkpoint: Checkpoint) -> None:
        """Remove an unusable checkpoint from the record, so that an older checkpoint becomes the newest again."""
        tags, self._stored = self._record.tags(), None
        # Another attempt may have stored a newer one under that tag meanwhile.
        self._record.set_tags(
            {name: "" for name in (CHECKPOINT_TAG, _PREVIOUS_TAG) if _parse(tags.get(name, "")) == checkpoint}
        )

    def forget(self) -> bool:
        """Delete all checkpoints: the training has completed, or a new one begins.

        Returns False if files remain because the store is unavailable; the tag ``checkpoint_files`` then stays set.
        """
        tags, self._stored = self._record.tags(), None
        if any(tags.get(name) for name in (CHECKPOINT_TAG, _PREVIOUS_TAG)):
            self._record.set_tags({CHECKPOINT_TAG: "", _PREVIOUS_TAG: ""})
        is_done = self._delete(None, [])
        if is_done and tags.get(CHECKPOINT_FILES_TAG):
            self._record.set_tags({CHECKPOINT_FILES_TAG: ""})
        return is_done

    def _upload_all(self, claimed: Path, before: list[Checkpoint]) -> dict[str, StoredFile]:
        """Upload the files of a claimed copy that no earlier checkpoint has; check the ownership if that took long."""
        known = {file.content_hash: file for checkpoint in before for file in checkpoint.files.values()}
        files, began = {}, time.monotonic()
        for file in slot.files_of(claimed):
            stored = self._upload(file, known)
            files[file.name] = known[stored.content_hash] = stored
        if time.monotonic() - began > _SLOW_UPLOAD_SECONDS:
            self._record.ownership.check()
        return files

    def _upload(self, path: Path, known: Mapping[str, StoredFile]) -> StoredFile:
        digest = self._hash(path)
        if digest in known:
            return known[digest]
        # In a folder of its own, where it is no file of the copy.
        named = path.parent / _UPLOADS / f"{digest[:20]}{path.suffix}"
        named.parent.mkdir(exist_ok=True)
        slot.link(path, named)
        self._record.log_artifact(named, FOLDER)
        return StoredFile(artifact=f"{FOLDER}/{named.name}", content_hash=digest)

    def _download(self, stored: StoredFile, target: Path, what: str) -> None:
        fetched = self._record.download(stored.artifact, target.parent / ".fetched")
        digest = content_hash_of(fetched)
        if digest != stored.content_hash:
            raise BadData(f"{what} is damaged: BLAKE3 of {stored.artifact} is {digest}; expected {stored.content_hash}")
        os.replace(fetched, target)

    def _hash(self, path: Path) -> str:
        """Return a file's hash; remembered, because the best weights stay the same file until there are better ones."""
        status = path.stat()
        same = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        digest = self._hashed.pop(same, None) or content_hash_of(path)
        self._hashed = dict([*self._hashed.items(), (same, digest)][-_REMEMBERED:])
        return digest

    def _delete(self, candidates: set[str] | None, kept: list[Checkpoint]) -> bool:
        """Delete the files that no checkpoint names; a store that cannot delete keeps them, which does no harm.

        Returns False if the store did not answer, so that a later attempt is worthwhile.

        Args:
            candidates: the artifacts that may be stored, None to list them.
            kept: the checkpoints whose files are kept.
        """
        if not self._can_delete:
            return True
        try:
            present = set(self._record.artifacts(FOLDER)) if candidates is None else candidates
            for artifact in sorted(present - _artifacts_of(kept)):
                self._record.delete_artifact(artifact)
        except TryAgain as error:
            _log.warning("old checkpoints stay in the artifact store for now: %s", error)
            return False
        except StepError as error:
            self._can_delete = False
            _log.warning("old checkpoints stay in the artifact store: %s", error)
        return True


def _epoch_of(copy: Path) -> int:
    try:
        return int((copy / slot.EPOCH_FILE).read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError) as error:
        raise BadData(
            f"a copy of a checkpoint is damaged: expected its epoch in {copy / slot.EPOCH_FILE}, got {error}"
        ) from error


def _artifacts_of(several: Iterable[Checkpoint]) -> set[str]:
    return {file.artifact for checkpoint in several for file in checkpoint.files.values()}


def _parse(tag: str) -> Checkpoint | None:
    if not tag:
        return None
    try:
        return Checkpoint.model_validate_json(tag)
    except ValidationError as error:
        _log.warning("a checkpoint's tag cannot be read and is left aside: %s", error)
        return None
