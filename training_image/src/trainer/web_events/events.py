"""Report a step's progress to the team's web UI: running, each epoch, completed, failed, cancelled. Optional.

Each event is one signed POST of JSON, sent in order by a thread beside the step (``outbox``). A web UI that is slow,
unavailable or refuses events never delays the step: events wait in a bounded queue, epochs in the journal's file.
Events that could not be sent within a few seconds after the step's end are dropped and counted in the log.

An event keeps its id in all attempts to send it, so that a receiver can drop duplicates. The signature covers the time
of the attempt, the id and the body, so that a receiver can refuse replayed events.
"""

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from step_contract.failure import ExitCode, FailureKind
from step_contract.order import StepOrder
from step_contract.result import Result
from step_contract.step import StepRun
from trainer.errors import Failed, Superseded, Terminated, kind_of, reason_of
from trainer.handover import Entry, EntryKind, journal, shown_metrics

from .outbox import Event, EventType, Outbox

if TYPE_CHECKING:
    from trainer.settings import Settings

_CLOSING_SECONDS = 5.0
_TERMINATED_SECONDS = 2.0
"""SIGTERM is followed by SIGKILL, often after 5 seconds."""


class BackendCallbacks:
    """The events of one attempt of a step; sends nothing if no URL is set."""

    def __init__(self, identity: Mapping[str, object], url: str = "", secret: str = "") -> None:
        """Send events to ``url``; each contains the fields of ``identity``."""
        self._identity = dict(identity)
        self._sequence = 0
        self._journal: Path | None = None
        self._offset = 0
        self._reading = threading.Lock()
        self._outbox = Outbox(url, secret, self._read_journal) if url else None

    def running(self, mlflow_run_id: str) -> None:
        """Report that the step has begun, and the id of its record."""
        self._identity["mlflow_run_id"] = mlflow_run_id
        self._put(EventType.RUNNING)

    @contextmanager
    def following(self, handover: Path) -> Iterator[None]:
        """Report each epoch that a training, possibly in another process, writes to its journal."""
        with self._reading:
            self._journal, self._offset = handover, 0
        try:
            yield
        finally:
            self._read_journal()
            with self._reading:
                self._journal = None

    def completed(self, result: Result, code: ExitCode) -> None:
        """Report that the step has completed, with its result."""
        self._put(
            EventType.COMPLETED,
            summary=result.summary,
            already_done=result.already_done,
            refused=code == ExitCode.REFUSED,
            outcome=result.outcome.model_dump(mode="json"),
        )

    def ended_by(self, error: BaseException) -> None:
        """Report the error that ended the step."""
        self.failed(kind_of(error), reason_of(error))

    def failed(self, kind: FailureKind, message: str) -> None:
        """Report that this attempt failed or was stopped."""
        event = EventType.CANCELLED if kind is FailureKind.TERMINATED else EventType.FAILED
        self._put(event, error={"kind": kind.value, "message": message})

    def close(self, seconds: float) -> None:
        """Send the waiting events, within the given time."""
        if self._outbox is not None:
            self._outbox.close(seconds)

    def _put(self, event: EventType, **fields: object) -> None:
        if self._outbox is None:
            return
        self._sequence += 1
        event_id = uuid.uuid4().hex
        about = {"id": event_id, "type": event.value, "sequence": self._sequence, "time": datetime.now(UTC).isoformat()}
        body = json.dumps(about | self._identity | fields, allow_nan=False).encode("ascii")
        self._outbox.put(Event(event_id, event, body))

    def _read_journal(self) -> None:
        """Report the epochs finished since the last call; called by the sending thread and at the training's end."""
        with self._reading:
            if self._journal is None or self._outbox is None:
                return
            entries: list[Entry] = []
            with suppress(OSError, ValueError):  # the reporter reads the journal as well and raises these errors
                entries, self._offset = journal.read(self._journal, self._offset)
            for entry in entries:
                if entry.kind is EntryKind.EPOCH:
                    self._put(
                        EventType.EPOCH,
                        epoch=entry.epoch,
                        total_epochs=entry.total_epochs,
                        device=entry.device,
                        metrics=shown_metrics(entry.metrics),
                    )


SILENT = BackendCallbacks({})
"""For a step whose events are not sent."""


@contextmanager
def events_for(order: StepOrder, run: StepRun, settings: "Settings") -> Iterator[BackendCallbacks]:
    """Yield the step's events; report the error that ends the block, and allow the last events a moment to be sent."""
    identity = {
        "pipeline": order.pipeline.name,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "run_key": run.key,
        "run_type": run.run_type,
        "step": order.command,
        "try_number": run.try_number,
        "mlflow_run_id": None,
    }
    secret = settings.backend_callback_secret.get_secret_value()
    backend = BackendCallbacks(identity, settings.backend_callback_url, secret)
    try:
        yield backend
    except BaseException as raised:
        error = raised.error if isinstance(raised, Failed) else raised
        if not isinstance(error, Superseded):  # otherwise the attempt that took over reports
            backend.ended_by(error)
        backend.close(_TERMINATED_SECONDS if isinstance(error, Superseded | Terminated) else _CLOSING_SECONDS)
        raise
    backend.close(_CLOSING_SECONDS)
