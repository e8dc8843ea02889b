"""Report each epoch: to the journal, to the web UI, to people in the log, and hand its checkpoint over.

Ultralytics calls these with its trainer object, whose attributes are used as ultralytics 8.4 has them. Must not import
torch or ultralytics, so that it can be tested without.
"""

import gc
import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from step_contract.tags import BATCH_METRIC, EPOCH_SECONDS_METRIC, SCORE_PREFIX
from trainer.errors import with_causes
from trainer.handover import Entry, EntryKind, announce, journal
from trainer.termination import die_with_parent

from . import checkpoint_files
from .metric_names import recorded_name

EVENTS = ("on_train_start", "on_train_epoch_start", "on_train_epoch_end", "on_fit_epoch_end", "teardown")

_ALWAYS_RECORDED = (
    "epochs",
    "batch",
    "imgsz",
    "patience",
    "seed",
    "optimizer",
    "lr0",
    "nbs",
    "amp",
    "device",
    "workers",
)
_NEVER_RECORDED = ("mode", "task", "model", "data", "project", "name", "save_dir", "exist_ok", "resume", "verbose")

_log = logging.getLogger(__name__)


class EpochCallbacks:
    """One method for each of EVENTS.

    Holds plain values only: with several GPUs ultralytics pickles it for each GPU's process, and the process of rank 0
    does the work.
    """

    def __init__(
        self, handover: Path, defaults: Mapping[str, Any], rank: Callable[[], int], minimum_batch: int = 1
    ) -> None:
        """Write to a folder that the reporter reads.

        Args:
            handover: gets the journal and the checkpoint slot.
            defaults: ultralytics' own value of each argument.
            rank: returns the rank of the GPU's process that asks; below 0 if there is only one process.
            minimum_batch: no epoch begins with a smaller one.
        """
        self._handover = handover
        self._defaults = dict(defaults)
        self._rank = rank
        self._minimum_batch = minimum_batch
        self._began = self._epoch_began = self._trained_seconds = 0.0
        self._epochs_before = 0
        self._in_epoch = self._is_settled = False

    def on_train_start(self, trainer: Any) -> None:
        """Note the effective arguments: for ``auto``, ultralytics chooses optimizer and learning rate itself."""
        self._began, self._epochs_before = time.monotonic(), trainer.start_epoch
        if self._rank() >= 0:
            # The launcher between the step and the ranks is killed when the step is stopped, and takes no rank along.
            die_with_parent()
        if self._rank() > 0:
            return
        trainer.last = checkpoint_files.ReplacedFile(trainer.last)
        if self._rank() == 0:  # a process of its own, whose log is not set up yet
            logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
        self._write(trainer, EntryKind.START, trainer.start_epoch, arguments=self._arguments(vars(trainer.args)))

    def on_train_epoch_start(self, trainer: Any) -> None:
        """Start the clock; after NaN or out of memory an epoch is repeated.

        Raises:
            MemoryError: ultralytics, which halves the batch by itself in its first epoch, went below the minimum.
        """
        if trainer.batch_size < self._minimum_batch:
            raise MemoryError(
                f"ultralytics went down to batch {trainer.batch_size}; the minimum is {self._minimum_batch}"
            )
        self._epoch_began, self._in_epoch = time.monotonic(), True

    def on_train_epoch_end(self, _trainer: Any) -> None:
        """Stop the clock of the training itself; validation comes after it."""
        self._trained_seconds = time.monotonic() - self._epoch_began

    def on_fit_epoch_end(self, trainer: Any) -> None:
        """Finish an epoch; ultralytics calls this once more when it has measured the best weights at the very end."""
        if self._rank() > 0:
            return
        if self._in_epoch:
            self._in_epoch = False
            self._finish_epoch(trainer)
        else:
            self._write(trainer, EntryKind.FINAL, trainer.epoch, _measured(trainer.metrics))

    def teardown(self, _trainer: Any) -> None:
        """Leave the reason of a failure for the process that started this GPU's."""
        error = sys.exc_info()[1]
        if self._rank() >= 0 and error is not None:
            journal.note_failure(self._handover, f"{type(error).__name__}: {with_causes(error)}")

    def _finish_epoch(self, trainer: Any) -> None:
        if not self._is_settled:
            self._is_settled = True
            settle()
        epoch, metrics = trainer.epoch + 1, self._epoch_metrics(trainer)
        # The journal first: a checkpoint must never be of an epoch whose metrics are lost.
        entry = self._write(trainer, EntryKind.EPOCH, epoch, metrics)
        # The last epoch's weights are about to be stripped and stored as the result. An attempt that dies until then
        # repeats the last epoch, because ultralytics cannot resume a training that has no epoch left.
        if not trainer.stop:
            improved = bool(trainer.best_fitness == trainer.fitness)
            linked = isinstance(trainer.last, checkpoint_files.ReplacedFile)
            save_dir = Path(trainer.save_dir)
            checkpoint_files.publish(self._handover, save_dir, epoch, improved=improved, linked=linked)
        announce(entry)
        self._log_epoch(entry)
        journal.check_stop(self._handover)

    def _epoch_metrics(self, trainer: Any) -> dict[str, float]:
        # Without validation in this epoch ultralytics still holds the last one's numbers, or zeros.
        validated = trainer.args.val or trainer.stop
        metrics: dict[str, float] = {
            **trainer.label_loss_items(trainer.tloss),
            **(_measured(trainer.metrics) if validated else {}),
            **trainer.lr,
            BATCH_METRIC: trainer.batch_size,
            EPOCH_SECONDS_METRIC: time.monotonic() - self._epoch_began,
            "speed/images_per_second": len(trainer.train_loader.dataset) / max(self._trained_seconds, 1e-9),
            "system/memory_gb": psutil.Process().memory_info().rss / 1e9,
        }
        if trainer.device.type != "cpu":
            metrics["system/gpu_memory_gb"] = trainer._get_memory() * 2**30 / 1e9
        return {name: float(value) for name, value in metrics.items()}

    def _write(
        self,
        trainer: Any,
        kind: EntryKind,
        epoch: int,
        metrics: Mapping[str, float] | None = None,
        arguments: Mapping[str, str] | None = None,
    ) -> Entry:
        entry = Entry(kind, epoch, trainer.epochs, str(trainer.device), metrics or {}, arguments or {})
        journal.append(self._handover, entry)
        return entry

    def _log_epoch(self, entry: Entry) -> None:
        seconds_each = (time.monotonic() - self._began) / (entry.epoch - self._epochs_before)
        left = _clock(seconds_each * (entry.total_epochs - entry.epoch))
        _log.info("%s, about %s left", _readable(entry.epoch, entry.total_epochs, entry.metrics), left)

    def _arguments(self, effective: Mapping[str, Any]) -> dict[str, str]:
        """Return the arguments that differ from ultralytics' defaults or always matter, but no path of this attempt."""
        return {
            name: str(value)
            for name, value in effective.items()
            if name not in _NEVER_RECORDED and (name in _ALWAYS_RECORDED or value != self._defaults.get(name))
        }


def settle() -> None:
    """Exempt what exists after an epoch from garbage collection, since it stays until the training ends.

    In the first epoch, ultralytics may still rebuild everything with a smaller batch.
    """
    gc.collect()
    gc.freeze()


def unsettle() -> None:
    """Collect garbage everywhere again, and now: the training ended and something else begins."""
    gc.unfreeze()
    gc.collect()


def _measured(metrics: Mapping[str, float]) -> dict[str, float]:
    return {recorded_name(key): float(value) for key, value in metrics.items()}


def _readable(epoch: int, total: int, metrics: Mapping[str, float]) -> str:
    scores = [f"{name[8:]} {value:.3f}" for name, value in metrics.items() if name.startswith(SCORE_PREFIX)]
    loss = sum(value for name, value in metrics.items() if name.startswith("train/") and name.endswith("loss"))
    return f"epoch {epoch}/{total}: " + ", ".join(
        [*scores, f"loss {loss:.3f}", f"{metrics[EPOCH_SECONDS_METRIC]:.1f} s"]
    )


def _clock(seconds: float) -> str:
    """Return a duration as people read it."""
    minutes, hours = round(seconds / 60), seconds / 3600
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{hours:.1f} h"
