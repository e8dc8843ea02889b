"""Hand an epoch's files over from the training to the reporter, through a slot on disk.

The training leaves a complete copy of each epoch's files in the slot (``publish``), where a newer one replaces it; the
reporter takes it from there (``claim``), so that slow storage never delays an epoch.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


LAST, BEST, HISTORY = "last.pt", "best.pt", "results.csv"


_READY, _TAKING, _CLAIMED, _BUILDING, _REPLACED, _GONE = "ready", "taking", "claimed", "building", "replaced", "gone"


EPOCH_FILE = "epoch"


WEIGHTS_FOLDER = "weights"


class ReplacedFile(type(Path())):  # type: ignore[misc]  # the class of this system's paths
    """A path whose bytes are written to a new file each time: a link to the old one keeps the old bytes.

    Ultralytics writes each epoch's weights over those of the epoch before, in the same file. As a file of its own,
    what an epoch left can be handed over without a copy.
    """

    def write_bytes(self, data: "ReadableBuffer") -> int:
        """Write the bytes; a rename over the old file would be safer and let the epoch wait for the disk (ext4)."""
        self.unlink(missing_ok=True)
        return int(super().write_bytes(data))


def publish(slot: Path, save_dir: Path, epoch: int, *, improved: bool, linked: bool = False) -> None:
    """Put what an epoch left into the slot, complete or not at all.

    Args:
        slot: folder of this training's own.
        save_dir: where ultralytics keeps results.csv and weights/.
        epoch: epochs finished.
        improved: the last weights are also the best.
        linked: last.pt is written as a ReplacedFile, so that a link suffices.
    """
    building = slot / _BUILDING
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    (link if linked else shutil.copyfile)(save_dir / WEIGHTS_FOLDER / LAST, building / LAST)
    shutil.copyfile(save_dir / HISTORY, building / HISTORY)
    _add_best(slot, save_dir, building, improved=improved)
    (building / EPOCH_FILE).write_text(str(epoch), encoding="ascii")
    # Renaming is atomic, so the reporter claims either the old copy or the new one.
    with suppress(FileNotFoundError):
        os.rename(slot / _READY, slot / _REPLACED)
    os.rename(building, slot / _READY)
    shutil.rmtree(slot / _REPLACED, ignore_errors=True)


def _add_best(slot: Path, save_dir: Path, building: Path, *, improved: bool) -> None:
    """Add the best weights, copied only when they changed: ultralytics overwrites its own file in place."""
    kept = slot / BEST
    if improved:
        link(building / LAST, kept)
    elif not kept.exists() and (save_dir / WEIGHTS_FOLDER / BEST).exists():
        shutil.copyfile(save_dir / WEIGHTS_FOLDER / BEST, kept)
    if kept.exists():
        link(kept, building / BEST)


def link(source: Path, target: Path) -> None:
    """Link a file to another name, or copy it where the file system has no hard links."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def claim(slot: Path) -> Path | None:
    """Take the newest copy out of the slot, or the one that was taken before and not yet stored."""
    claimed, taking = slot / _CLAIMED, slot / _TAKING
    _replace(claimed, taking)  # a try died in the middle of the following
    with suppress(FileNotFoundError):  # nothing new, or the training is just replacing it
        os.rename(slot / _READY, taking)
    _replace(claimed, taking)
    return claimed if claimed.exists() else None


def _replace(claimed: Path, taking: Path) -> None:
    if taking.exists():
        remove_copy(claimed)
        os.rename(taking, claimed)


def remove_copy(copy: Path) -> None:
    """Remove a copy at one stroke: a try that dies meanwhile leaves no half of it to the next."""
    gone = copy.with_name(_GONE)
    shutil.rmtree(gone, ignore_errors=True)
    with suppress(FileNotFoundError):
        os.rename(copy, gone)
    shutil.rmtree(gone, ignore_errors=True)
