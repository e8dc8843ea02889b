"""Find the folders of killed steps: their scratch folders, and training data not yet uploaded to MLflow.

Every other step deletes its own folders when it ends.
"""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from step_contract.step import DagRunName
from trainer.training import PENDING_UPLOADS_FOLDER

from .leftover import Leftover

WORKSPACE = "scratch folders"
HANDOVERS = "unsent trainings"

OwnerOf = Callable[[str], DagRunName | None]
"""Names the DAG run whose key begins with some digits; None if MLflow knows none."""

_WORKSPACE_NAME = re.compile(r"([0-9a-f]{12})-[a-z]+-.+")
_HANDOVER_NAME = re.compile(r"([0-9a-f]{32})")
_HOUR_SECONDS = 3600.0


def old_workspaces(work: Path, keep_hours: float, owner_of: OwnerOf) -> Iterator[Leftover]:
    """Find scratch folders in which nothing was written for some hours."""
    why = f"nothing was written there for {keep_hours:g} h (TRAINER_WORKSPACE_KEEP_HOURS)"
    for folder, digits in _silent(work, _WORKSPACE_NAME, keep_hours):
        yield Leftover(WORKSPACE, str(folder), why, owner_of(digits), partial(shutil.rmtree, folder))


def old_handovers(cache: Path, keep_days: float, owner_of: OwnerOf) -> Iterator[Leftover]:
    """Find data that trainings left for a next attempt that never came; it is kept as long as checkpoints are."""
    why = f"nothing was written there for {keep_days:g} days (TRAINER_CHECKPOINT_KEEP_DAYS)"
    for folder, digits in _silent(cache / PENDING_UPLOADS_FOLDER, _HANDOVER_NAME, keep_days * 24):
        yield Leftover(HANDOVERS, str(folder), why, owner_of(digits), partial(shutil.rmtree, folder))


def _silent(parent: Path, name: re.Pattern[str], keep_hours: float) -> Iterator[tuple[Path, str]]:
    """Yield matching folders in which nothing was written for some hours, with the digits of their DAG run's key."""
    for folder in sorted(parent.iterdir()) if parent.is_dir() else []:
        match = name.fullmatch(folder.name)
        if match is None or not folder.is_dir() or folder.is_symlink():
            continue
        if not _is_written_since(folder, time.time() - keep_hours * _HOUR_SECONDS):
            yield folder, match[1]


def _is_written_since(folder: Path, moment: float) -> bool:
    """Return whether anything in a folder was written since; a dataset's pictures are links, older than the folder."""
    for parent, _, names in os.walk(folder):
        for path in [parent, *(os.path.join(parent, name) for name in names)]:
            with suppress(FileNotFoundError):  # a running step also deletes files
                if os.lstat(path).st_mtime >= moment:
                    return True
    return False
