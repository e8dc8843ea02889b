"""What happens after each epoch: the journal, the web UI's line, a line for people, and the checkpoint's hand-over.

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

from step_contract import transport
from step_contract.result import Progress
from trainer.errors import Bug, with_causes
from trainer.handover import Entry, EntryKind, journal, shown_metrics, slot
from trainer.termination import die_with_parent

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

    Holds plain values only: with several GPUs ultralytics pickles it for each GPU's process, and the one of rank 0
    does the work.
    """

    def __init__(
        self, exchange: Path, defaults: Mapping[str, Any], rank: Callable[[], int], minimum_batch: int = 1
    ) -> None:
        """Write below a folder that the reporter reads.

        Args:
            exchange: gets the journal and the checkpoint slot.
            defaults: ultralytics' own value of each argument.
            rank: tells which GPU's process asks; below 0 if there is only one.
            minimum_batch: no epoch begins with a smaller one.
        """
        self._exchange = exchange
        self._defaults = dict(defaults)
        self._rank = rank
        self._minimum_batch = minimum_batch
        self._began = self._epoch_began = self._trained_seconds = 0.0
        self._epochs_before = 0
        self._in_epoch = self._is_settled = False

    def on_train_start(self, trainer: Any) -> None:
        """Note the effective arguments: told ``auto``, ultralytics chooses optimizer and learning rate itself."""
        self._began, self._epochs_before = time.monotonic(), trainer.start_epoch
        if self._rank() >= 0:
            # The launcher between the step and the ranks is killed when the step is told to stop, and takes none along.
            die_with_parent()
        if self._rank() > 0:
            return
        trainer.last = slot.ReplacedFile(trainer.last)
        if self._rank() == 0:  # a process of its own, whose log nobody has set up
            logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
        self._write(trainer, EntryKind.START, trainer.start_epoch, arguments=self._arguments(vars(trainer.args)))

    def on_train_epoch_start(self, trainer: Any) -> None:
        """Start the clock; after NaN or out of memory an epoch starts again.

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
            journal.note_failure(self._exchange, f"{type(error).__name__}: {with_causes(error)}")

    def _finish_epoch(self, trainer: Any) -> None:
        if not self._is_settled:
            self._is_settled = True
            settle()
        epoch, metrics = trainer.epoch + 1, self._epoch_metrics(trainer)
        # The journal first: a checkpoint must never be of an epoch whose metrics are lost.
        self._write(trainer, EntryKind.EPOCH, epoch, metrics)
        # The last epoch's weights are about to be stripped and stored as the result. A try that dies until then does
        # the last epoch again, because ultralytics cannot resume a training that has no epoch left.
        if not trainer.stop:
            improved = bool(trainer.best_fitness == trainer.fitness)
            linked = isinstance(trainer.last, slot.ReplacedFile)
            slot.publish(self._exchange, Path(trainer.save_dir), epoch, improved=improved, linked=linked)
        self._tell(trainer, epoch, metrics)
        reason = journal.stop_reason(self._exchange)
        if reason is not None:
            raise Bug(f"the training cannot be recorded: {reason}")

    def _epoch_metrics(self, trainer: Any) -> dict[str, float]:
        # Without validation in this epoch ultralytics still holds the last one's numbers, or zeros.
        validated = trainer.args.val or trainer.stop
        metrics: dict[str, float] = {
            **trainer.label_loss_items(trainer.tloss),
            **(_measured(trainer.metrics) if validated else {}),
            **trainer.lr,
            "train/batch": trainer.batch_size,
            "time/epoch_seconds": time.monotonic() - self._epoch_began,
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
    ) -> None:
        entry = Entry(kind, epoch, trainer.epochs, str(trainer.device), metrics or {}, arguments or {})
        journal.append(self._exchange, entry)

    def _tell(self, trainer: Any, epoch: int, metrics: Mapping[str, float]) -> None:
        """Print the web UI's line and log one for people."""
        progress = Progress(
            epoch=epoch, total_epochs=trainer.epochs, metrics=shown_metrics(metrics), device=str(trainer.device)
        )
        emit(transport.encode_progress(progress))
        seconds_each = (time.monotonic() - self._began) / (epoch - self._epochs_before)
        _log.info(
            "%s, about %s left",
            _readable(epoch, trainer.epochs, metrics),
            _clock(seconds_each * (trainer.epochs - epoch)),
        )

    def _arguments(self, effective: Mapping[str, Any]) -> dict[str, str]:
        """Return what differs from ultralytics' defaults and what one always wants to know, but no path of this try."""
        return {
            name: str(value)
            for name, value in effective.items()
            if name not in _NEVER_RECORDED and (name in _ALWAYS_RECORDED or value != self._defaults.get(name))
        }


def settle() -> None:
    """Let the garbage collector leave aside what there is after an epoch, since it stays until the training ends.

    In the first epoch, ultralytics may still build everything anew with a smaller batch.
    """
    gc.collect()
    gc.freeze()


def unsettle() -> None:
    """Let it look at everything again, and at once: the training ended and something else begins."""
    gc.unfreeze()
    gc.collect()


def emit(line: str) -> None:
    """Write a tagged line to standard output at once, in one piece."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _measured(metrics: Mapping[str, float]) -> dict[str, float]:
    return {recorded_name(key): float(value) for key, value in metrics.items()}


def _readable(epoch: int, total: int, metrics: Mapping[str, float]) -> str:
    scores = [f"{name[8:]} {value:.3f}" for name, value in metrics.items() if name.startswith("metrics/")]
    loss = sum(value for name, value in metrics.items() if name.startswith("train/") and name.endswith("loss"))
    return f"epoch {epoch}/{total}: " + ", ".join(
        [*scores, f"loss {loss:.3f}", f"{metrics['time/epoch_seconds']:.1f} s"]
    )


def _clock(seconds: float) -> str:
    """Return a duration as people read it."""
    minutes, hours = round(seconds / 60), seconds / 3600
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 90 else f"{hours:.1f} h"
