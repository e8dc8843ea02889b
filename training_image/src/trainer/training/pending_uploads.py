"""Keep what a training has written and MLflow does not have yet where the next attempt finds it.

The handover folder lies in the cache, which attempts of one machine share, not in the attempt's scratch folder: when an
attempt dies, or gives up because MLflow is unavailable, the next one loses no finished epoch. Each attempt has a folder
of its own and first carries what earlier ones left. Sweeping removes folders that no attempt came back for.
"""

import logging
import shutil
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path

from trainer.errors import StepError, TryAgain
from trainer.job import Job
from trainer.machine import full_disk_is_try_again

from .reporter import Reporter

PENDING_UPLOADS_FOLDER = "unsent"
"""Folder of the cache for handover folders, named as in version 0.1, whose leftovers are carried too."""

_log = logging.getLogger(__name__)


def new_folder(job: Job, began_ms: int) -> Path:
    """Make the handover folder for one attempt of the training that began at a moment.

    Raises:
        TryAgain: the cache cannot be written.
    """
    folder = _folder_of(job) / str(began_ms) / uuid.uuid4().hex
    try:
        with full_disk_is_try_again():
            folder.mkdir(parents=True)
    except OSError as error:
        raise TryAgain(f"cannot write the cache {folder.parents[3]} (TRAINER_CACHE_DIR): {error}") from error
    return folder


def carry(job: Job, began_ms: int, logged_epochs: Callable[[], Iterable[int]]) -> None:
    """Bring to MLflow what earlier attempts of this training left, and drop the rest of other trainings of this run.

    Raises:
        TryAgain: MLflow is unavailable, or the cache cannot be read; nothing is lost.
    """
    for training in _children(_folder_of(job)):
        if training.name != str(began_ms):
            shutil.rmtree(training, ignore_errors=True)
            continue
        for left in _children(training):
            _log.info("bringing to MLflow what an earlier attempt of this training left here")
            _carry_one(job, left, began_ms, logged_epochs())
            forget(left)


def _carry_one(job: Job, left: Path, began_ms: int, logged_epochs: Iterable[int]) -> None:
    try:
        with Reporter(job.record, left, logged_epochs, began_ms):
            pass  # leaving the block uploads everything
    except TryAgain:
        raise
    except OSError as error:
        raise TryAgain(
            f"cannot carry what an earlier attempt left in the cache (TRAINER_CACHE_DIR): {error}"
        ) from error
    except (StepError, ValueError) as error:
        _log.warning("what an earlier attempt left cannot be used and is dropped: %s", error)


def forget(folder: Path) -> None:
    """Remove an attempt's folder, and the folders around it that became empty."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in list(folder.parents)[:2]:
        try:
            parent.rmdir()
        except OSError:
            return


def _folder_of(job: Job) -> Path:
    return job.settings.trainer_cache_dir.absolute() / PENDING_UPLOADS_FOLDER / job.run.key


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []
