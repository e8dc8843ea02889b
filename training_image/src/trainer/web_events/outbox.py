"""Send signed events to the web UI in order, from a bounded queue, in a thread of their own.

An event that fails for a temporary reason (no answer, no connection, 5xx, 408, 425, 429) is sent again, with growing
pauses, while later events wait. A refused event is dropped, because it would be refused again. Errors name only the
host: the URL may contain a secret.
"""

import hashlib
import hmac
import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import urllib3

from trainer import __version__

TIMESTAMP_HEADER = "X-Nightshift-Timestamp"
ID_HEADER = "X-Nightshift-Event-Id"
SIGNATURE_HEADER = "X-Nightshift-Signature"

_MAX_WAITING = 1000
_REQUEST_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_POLL_SECONDS = 0.5
_TEMPORARY = (408, 425, 429)

_log = logging.getLogger(__name__)


class EventType(StrEnum):
    """The types of event."""

    RUNNING = "running"
    EPOCH = "epoch"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Event:
    """One event; the id repeats the body's, for receivers that read only headers."""

    id: str
    type: EventType
    body: bytes


def signature(secret: str, timestamp: str, event_id: str, body: bytes) -> str:
    """Return the value of the header ``X-Nightshift-Signature``."""
    signed = f"{timestamp}.{event_id}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class Outbox:
    """The queue and its thread, which starts with the first event."""

    def __init__(self, url: str, secret: str, refill: Callable[[], None]) -> None:
        """Send to ``url``; the thread regularly calls ``refill``, which may put events."""
        self._url = url
        self._secret = secret
        self._refill = refill
        self._host = urlsplit(url).hostname
        self._http = urllib3.PoolManager(maxsize=1, retries=False)
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._closes_at: float | None = None
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="backend-callbacks", daemon=True)

    def put(self, event: Event) -> None:
        """Add an event; if there are too many, drop the oldest epoch."""
        with self._changed:
            self._waiting.append(event)
            if len(self._waiting) > _MAX_WAITING:
                oldest = next((one for one in self._waiting if one.type is EventType.EPOCH), self._waiting[0])
                self._waiting.remove(oldest)
                self._dropped += 1
            self._changed.notify_all()
            if self._thread.ident is None:
                self._thread.start()

    def close(self, seconds: float) -> None:
        """Return when all events are sent or the time is up; the rest is lost."""
        with self._changed:
            self._closes_at = time.monotonic() + seconds
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        lost = len(self._waiting) + self._dropped
        if lost:
            _log.warning("%d events did not reach the web UI (%s)", lost, self._host)

    def _run(self) -> None:
        try:
            while (event := self._next()) is not None:
                self._send_with_retries(event)
        except Exception:  # a bug here must not become one of the training
            _log.exception("no more events are sent to the web UI (%s)", self._host)

    def _next(self) -> Event | None:
        """Wait for the oldest event and return it; None at the end."""
        while not self._is_time_up():
            with self._changed:
                if self._waiting:
                    return self._waiting[0]
                if self._closes_at is not None:
                    return None
                self._changed.wait(_POLL_SECONDS)
            self._refill()
        return None

    def _send_with_retries(self, event: Event) -> None:
        """Send an event until it is accepted or refused, or the time is up; until then it stays in the queue."""
        pause, attempts = _FIRST_PAUSE_SECONDS, 0
        while not self._is_time_up():
            was_closing = self._is_closing()
            fault = self._send(event)
            if fault is None:
                with self._changed:
                    if self._waiting and self._waiting[0] is event:
                        self._waiting.popleft()
                return
            if not attempts:
                _log.warning("cannot reach the web UI (%s), retrying: %s; the step continues", self._host, fault)
            attempts += 1
            self._wait(pause * random.uniform(0.5, 1), was_closing)  # noqa: S311  # no secret
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _send(self, event: Event) -> str | None:
        """Post an event; return the temporary fault if it was not accepted, else None."""
        timestamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"nightshift-trainer/{__version__}",
            TIMESTAMP_HEADER: timestamp,
            ID_HEADER: event.id,
            SIGNATURE_HEADER: signature(self._secret, timestamp, event.id, event.body),
        }
        timeout = urllib3.Timeout(total=max(0.1, min(_REQUEST_SECONDS, self._seconds_left())))
        try:
            answer = self._http.request(
                "POST",
                self._url,
                body=event.body,
                headers=headers,
                timeout=timeout,
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            return type(error).__name__
        answer.close()  # the body is not needed
        if 200 <= answer.status < 300:
            return None
        if answer.status >= 500 or answer.status in _TEMPORARY:
            return f"HTTP {answer.status}"
        _log.warning("the web UI (%s) refused an event (%s): HTTP %d", self._host, event.type, answer.status)
        self._dropped += 1
        return None

    def _wait(self, seconds: float, was_closing: bool) -> None:
        """Wait within the time left; return at once if closing began during the last attempt."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closing() and not was_closing, min(seconds, self._seconds_left()))

    def _is_closing(self) -> bool:
        return self._closes_at is not None

    def _seconds_left(self) -> float:
        return math.inf if self._closes_at is None else max(0.0, self._closes_at - time.monotonic())

    def _is_time_up(self) -> bool:
        return self._seconds_left() <= 0
