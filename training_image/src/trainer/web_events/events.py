"""Tells the team's web UI how a step goes: running, each epoch, completed, failed, cancelled. Optional.

Each event is one signed POST of JSON, sent in order by a thread beside the step (``outbox``). A web UI that is slow,
refuses or is away costs the step nothing: events wait in a bounded queue, epochs in the journal's file, and what could
not be sent within a few seconds after the step's end is dropped and counted in the log.

An event keeps its id over all attempts, so that a receiver can drop what it has had; the signature covers the moment of
the attempt, the id and the body, so that a receiver can refuse what was recorded and sent again.
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
"""Whoever sent SIGTERM follows it with SIGKILL, often after 5 seconds."""


class BackendCallbacks:
    """The events of one try of one step; does nothing where no address is set."""

    def __init__(self, identity: Mapping[str, object], url: str = "", secret: str = "") -> None:
        """Send events to ``url``; ``identity`` is what each of them says."""
        self._identity = dict(identity)
        self._sequence = 0
        self._journal: Path | None = None
        self._offset = 0
        self._reading = threading.Lock()
        self._outbox = Outbox(url, secret, self._read_journal) if url else None

    def running(self, mlflow_run_id: str) -> None:
        """Tell that the step has begun, and where its record is."""
        self._identity["mlflow_run_id"] = mlflow_run_id
        self._tell(EventType.RUNNING)

    @contextmanager
    def following(self, handover: Path) -> Iterator[None]:
        """Tell of each epoch that is written to a training's journal, which may be another process's work."""
        with self._reading:
            self._journal, self._offset = handover, 0
        try:
            yield
        finally:
            self._read_journal()
            with self._reading:
                self._journal = None

    def completed(self, result: Result, code: ExitCode) -> None:
        """Tell that the step is done, and what came of it."""
        self._tell(
            EventType.COMPLETED,
            summary=result.summary,
            already_done=result.already_done,
            refused=code == ExitCode.REFUSED,
            outcome=result.outcome.model_dump(mode="json"),
        )

    def ended_by(self, error: BaseException) -> None:
        """Tell what ended the step."""
        self.failed(kind_of(error), reason_of(error))

    def failed(self, kind: FailureKind, message: str) -> None:
        """Tell that this try failed or was stopped."""
        event = EventType.CANCELLED if kind is FailureKind.TERMINATED else EventType.FAILED
        self._tell(event, error={"kind": kind.value, "message": message})

    def close(self, seconds: float) -> None:
        """Send what waits, as long as there is time for it."""
        if self._outbox is not None:
            self._outbox.close(seconds)

    def _tell(self, event: EventType, **fields: object) -> None:
        if self._outbox is None:
            return
        self._sequence += 1
        event_id = uuid.uuid4().hex
        about = {"id": event_id, "type": event.value, "sequence": self._sequence, "time": datetime.now(UTC).isoformat()}
        body = json.dumps(about | self._identity | fields, allow_nan=False).encode("ascii")
        self._outbox.put(Event(event_id, event, body))

    def _read_journal(self) -> None:
        """Tell of the epochs that were finished since; called by the thread that sends and at the training's end."""
        with self._reading:
            if self._journal is None or self._outbox is None:
                return
            entries: list[Entry] = []
            with suppress(OSError, ValueError):  # the reporter reads it, too, and says what is wrong with it
                entries, self._offset = journal.read(self._journal, self._offset)
            for entry in entries:
                if entry.kind is EntryKind.EPOCH:
                    self._tell(
                        EventType.EPOCH,
                        epoch=entry.epoch,
                        total_epochs=entry.total_epochs,
                        device=entry.device,
                        metrics=shown_metrics(entry.metrics),
                    )


SILENT = BackendCallbacks({})
"""For a step that nobody watches."""


@contextmanager
def events_for(order: StepOrder, run: StepRun, settings: "Settings") -> Iterator[BackendCallbacks]:
    """Tell what ends the block, unless it told so itself, and give the last events a moment to be sent."""
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
        if not isinstance(error, Superseded):  # then the attempt that took over reports
            backend.ended_by(error)
        backend.close(_TERMINATED_SECONDS if isinstance(error, Superseded | Terminated) else _CLOSING_SECONDS)
        raise
    backend.close(_CLOSING_SECONDS)
