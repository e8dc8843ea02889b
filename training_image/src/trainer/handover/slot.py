"""Hand an epoch's checkpoint over from the training to the reporter, through a slot in the handover folder.

The training leaves a complete copy of each epoch's files in the slot (``publish``), where a newer one replaces it; the
reporter takes it from there (``claim``), so that slow storage never delays an epoch. The framework names the files.
"""

import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

_READY, _TAKING, _CLAIMED, _BUILDING, _REPLACED, _GONE = "ready", "taking", "claimed", "building", "replaced", "gone"

EPOCH_FILE = "epoch"
"""File of a copy that says after which epoch it was made."""


def publish(handover: Path, epoch: int, files: Mapping[str, Path], *, linked: Collection[str] = ()) -> None:
    """Put an epoch's checkpoint into the slot, complete or not at all.

    Args:
        handover: the attempt's handover folder.
        epoch: epochs finished.
        files: the checkpoint's files by the names under which a resumed training gets them back.
        linked: names of files that are never written to again, so that a link suffices.
    """
    building = handover / _BUILDING
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    for name, file in files.items():
        (link if name in linked else shutil.copyfile)(file, building / name)
    (building / EPOCH_FILE).write_text(str(epoch), encoding="ascii")
    # Renaming is atomic, so the reporter claims either the old copy or the new one.
    with suppress(FileNotFoundError):
        os.rename(handover / _READY, handover / _REPLACED)
    os.rename(building, handover / _READY)
    shutil.rmtree(handover / _REPLACED, ignore_errors=True)


def link(source: Path, target: Path) -> None:
    """Link a file to another name, or copy it where the file system has no hard links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def claim(handover: Path) -> Path | None:
    """Take the newest copy out of the slot, or the copy that was taken before and not stored yet."""
    claimed, taking = handover / _CLAIMED, handover / _TAKING
    _replace(claimed, taking)  # an attempt died in the middle of the following
    with suppress(FileNotFoundError):  # nothing new, or the training is just replacing it
        os.rename(handover / _READY, taking)
    _replace(claimed, taking)
    return claimed if claimed.exists() else None


def files_of(copy: Path) -> list[Path]:
    """Return a copy's checkpoint files in the order of their names."""
    return sorted(path for path in copy.iterdir() if path.is_file() and path.name != EPOCH_FILE)


def remove_copy(copy: Path) -> None:
    """Remove a copy in one step, so that an attempt that dies meanwhile leaves no half of it to the next."""
    gone = copy.with_name(_GONE)
    shutil.rmtree(gone, ignore_errors=True)
    with suppress(FileNotFoundError):
        os.rename(copy, gone)
    shutil.rmtree(gone, ignore_errors=True)


def _replace(claimed: Path, taking: Path) -> None:
    if taking.exists():
        remove_copy(claimed)
        os.rename(taking, claimed)
