"""Name the files of a checkpoint as ultralytics does, hand them over, and put them back to resume. No heavy imports."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.handover import slot

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

LAST, BEST, HISTORY = "last.pt", "best.pt", "results.csv"

_WEIGHTS_FOLDER = "weights"


class ReplacedFile(type(Path())):  # type: ignore[misc]  # the class of this system's paths
    """A path whose bytes are written to a new file each time: a link to the old file keeps the old bytes.

    Ultralytics writes each epoch's weights over those of the epoch before, in the same file. As a file of its own,
    an epoch's weights can be handed over without a copy.
    """

    def write_bytes(self, data: "ReadableBuffer") -> int:
        """Write the bytes; a rename over the old file would be safer and let the epoch wait for the disk (ext4)."""
        self.unlink(missing_ok=True)
        return int(super().write_bytes(data))


def last_of(save_dir: Path) -> Path:
    """Return the path of the newest weights of a training."""
    return save_dir / _WEIGHTS_FOLDER / LAST


def best_of(save_dir: Path) -> Path:
    """Return the path of the best weights of a training."""
    return save_dir / _WEIGHTS_FOLDER / BEST


def publish(handover: Path, save_dir: Path, epoch: int, *, improved: bool, linked: bool = False) -> None:
    """Put the checkpoint of an epoch into the slot.

    Args:
        handover: the attempt's handover folder.
        save_dir: ultralytics' folder of this training.
        epoch: epochs finished.
        improved: the last weights are also the best.
        linked: last.pt is written as a ReplacedFile, so that a link suffices.
    """
    files = {LAST: last_of(save_dir), HISTORY: save_dir / HISTORY}
    kept = _keep_best(handover, save_dir, improved=improved, linked=linked)
    if kept.exists():
        files[BEST] = kept
    slot.publish(handover, epoch, files, linked={BEST, LAST} if linked else {BEST})


def _keep_best(handover: Path, save_dir: Path, *, improved: bool, linked: bool) -> Path:
    """Keep the best weights, copied only when they changed: ultralytics overwrites its own file in place."""
    handover.mkdir(parents=True, exist_ok=True)
    kept = handover / BEST
    if improved and linked:
        slot.link(last_of(save_dir), kept)
    elif improved or (not kept.exists() and best_of(save_dir).exists()):
        kept.unlink(missing_ok=True)  # earlier copies are links to it
        shutil.copyfile(last_of(save_dir) if improved else best_of(save_dir), kept)
    return kept


def put_back(folder: Path, save_dir: Path) -> Path:
    """Move a checkpoint's files to where ultralytics expects them and return the path of the last weights."""
    (save_dir / _WEIGHTS_FOLDER).mkdir(parents=True, exist_ok=True)
    for name, place in ((BEST, best_of(save_dir)), (HISTORY, save_dir / HISTORY), (LAST, last_of(save_dir))):
        if (folder / name).exists():
            os.replace(folder / name, place)
    return last_of(save_dir)
