"""Carry a training's journal and checkpoints to MLflow, in a thread beside the training.

An epoch never waits for the tracking server or the artifact store. While they do not answer, the training continues
and what it wrote is carried later; when they refuse, the training is stopped, because nothing of it could be kept.
"""

import logging
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from trainer.errors import Superseded, TryAgain
from trainer.handover import Entry, EntryKind, journal, slot
from trainer.tracking import RunRecord, hurry

from .checkpoints import CheckpointStore

_INTERVAL_SECONDS = 0.25
_RETRY_SECONDS = 5.0
_LAST_RETRY_SECONDS = 1.0
_SWITCH_SECONDS = 0.0001
"""Longest time the training waits for the interpreter while the reporter holds it; Python's default is 5 ms."""
_PATIENCE_SECONDS = 600.0
_PATIENCE_AFTER_FAILURE_SECONDS = 30.0
_PATIENCE_WHEN_TERMINATED_SECONDS = 3.0
"""SIGTERM is followed by SIGKILL, often after 5 seconds."""

_log = logging.getLogger(__name__)


class Reporter:
    """Uploads during its ``with`` block and until all is uploaded; leaving the block raises what prevented that."""

    def __init__(self, record: RunRecord, handover: Path, logged_epochs: Iterable[int], began_ms: int = 0) -> None:
        """Carry what is below ``handover`` of the training that began then, except epochs that MLflow has already."""
        self._record = record
        self._handover = handover
        self._store = CheckpointStore(record)
        self._logged = set(logged_epochs)
        self._began_ms = began_ms
        self._offset = 0
        self._closing = threading.Event()
        self._deadline = 0.0
        self._error: BaseException | None = None
        self._another_follows = False
        self._switch_seconds = sys.getswitchinterval()
        self._thread = threading.Thread(target=self._run, name=f"reporter of {handover}", daemon=True)

    def __enter__(self) -> Self:
        """Start the thread.

        Raises:
            TryAgain: an earlier reporter of this process still takes from the same folder.
        """
        if any(thread.name == self._thread.name for thread in threading.enumerate()):
            raise TryAgain(
                f"MLflow still has not taken what was recorded before the batch was halved ({self._handover}); "
                "is the tracking server up?"
            )
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Upload the rest, as far as time allows.

        Raises:
            TryAgain: MLflow is unavailable.
            StepError: MLflow refused.
        """
        try:
            own = self._finish(_patience_seconds(error))
        finally:
            sys.setswitchinterval(self._switch_seconds)
        if own is None or (error is not None and not isinstance(error, Exception)):
            return
        # A training that failed says why itself, unless it was stopped because MLflow refuses its record.
        is_refused = isinstance(own, Superseded) or not isinstance(own, TryAgain)
        if is_refused or (error is None and not self._another_follows):
            raise own from error

    def expect_another(self) -> None:
        """Leave what MLflow has not taken in time to the next reporter of this attempt."""
        self._another_follows = True

    def _finish(self, seconds: float) -> BaseException | None:
        self._deadline = time.monotonic() + seconds
        self._closing.set()
        self._thread.join(seconds)
        if self._thread.is_alive():
            return TryAgain(
                f"MLflow did not take the training's record within {seconds:.0f} s; is the tracking server up?"
            )
        return self._error

    def _run(self) -> None:
        delay = _INTERVAL_SECONDS
        while True:
            closing = self._closing.wait(delay)
            try:
                self._carry()
                self._error, delay = None, _INTERVAL_SECONDS
            except Superseded as error:
                self._error = error
                journal.ask_to_stop(self._handover, str(error))
                return
            except TryAgain as error:
                if self._error is None:
                    _log.warning("the training continues, its record is uploaded later: %s", error)
                self._error, delay = error, _RETRY_SECONDS
            except Exception as error:  # raised again by __exit__, in the main thread
                self._error = error
                journal.ask_to_stop(self._handover, str(error))
                return
            if closing and (self._error is None or time.monotonic() + _LAST_RETRY_SECONDS > self._deadline):
                return
            if closing:
                time.sleep(_LAST_RETRY_SECONDS)

    def _carry(self) -> None:
        """Carry what there is: metrics first, then the checkpoint that was complete before the journal was read."""
        claimed = slot.claim(self._handover)
        entries, offset = journal.read(self._handover, self._offset)
        if entries or claimed is not None:
            self._record.ownership.check()
        for entry in entries:
            self._log_entry(entry)
        self._offset = offset
        if claimed is not None:
            self._store.commit(claimed)

    def _log_entry(self, entry: Entry) -> None:
        if entry.kind is EntryKind.START:
            self._record.log_params({f"train.{name}": value for name, value in entry.arguments.items()})
        elif entry.kind is EntryKind.EPOCH and entry.epoch not in self._logged:
            self._record.log_metrics(entry.metrics, entry.epoch, self._began_ms, entry.when_ms)
            self._logged.add(entry.epoch)


def _patience_seconds(error: BaseException | None) -> float:
    if error is None:
        return _PATIENCE_SECONDS
    if isinstance(error, Exception):
        return _PATIENCE_AFTER_FAILURE_SECONDS
    hurry()
    return _PATIENCE_WHEN_TERMINATED_SECONDS
