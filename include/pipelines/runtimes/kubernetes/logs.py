"""Follow a pod container's log line by line, from any position, with bounded memory.

The API server takes a start in whole seconds only, by its own clock; lines that were read before are recognised by
their timestamps.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from include.pipelines.log_lines import LONGEST_LINE_BYTES, readable_line

from .api import Cluster

SILENT_SECONDS = 120
"""A connection that brings nothing for so long is opened again."""

_WAITING_LINES = 1000
_CLOCKS_APART_SECONDS = 60
_CHUNK_BYTES = 1 << 16
_log = logging.getLogger(__name__)


class LogFollower:
    """The lines of one pod after a position, until the stream ends."""

    def __init__(self, cluster: Cluster, pod: str, position: int, *, follow: bool = True) -> None:
        """Begin after ``position``, the timestamp of the last line read, in nanoseconds; 0 begins with the first."""
        self.position = position
        self.error: Exception | None = None
        """The error that ended the stream, if it was not the log's own end."""

        self._cluster, self._pod, self._follows = cluster, pod, follow
        self._is_closed = False
        self._lines: queue.Queue[tuple[int, str] | None] = queue.Queue(_WAITING_LINES)
        threading.Thread(target=self._read, name="pod-log", daemon=True).start()

    @property
    def refusal(self) -> str:
        """The reason for which the API server refuses the log, or nothing."""
        error = self.error
        if isinstance(error, ApiException) and error.status in (401, 403):
            return f"{error.status} {error.reason}"
        return ""

    def lines(self, poll_seconds: float) -> Iterator[str | None]:
        """Yield each line as it arrives, and None after each pause, until the stream ends."""
        while True:
            try:
                item = self._lines.get(timeout=poll_seconds)
            except queue.Empty:
                yield None
                continue
            if item is None:
                return
            stamp, line = item
            self.position = max(self.position, stamp)
            yield line

    def close(self) -> None:
        """End the reading thread, whatever it waits for."""
        self._is_closed = True
        with suppress(queue.Empty):
            while True:
                self._lines.get_nowait()

    def _read(self) -> None:
        try:
            self._bring()
        except (ApiException, HTTPError, OSError, ValueError) as error:
            # The API server or the pod went away; the caller checks the pod's state and follows again.
            _log.debug("the log of pod %s ended: %s", self._pod, error)
            self.error = error
        except Exception as error:
            _log.exception("the log of pod %s cannot be followed", self._pod)
            self.error = error
        finally:
            self._put(None)

    def _bring(self) -> None:
        after = self.position
        since = None
        if after:
            since = max(1, int(time.time() - after / 1e9) + _CLOCKS_APART_SECONDS)
        response = self._cluster.log_stream(
            self._pod, follow=self._follows, since_seconds=since, seconds=SILENT_SECONDS
        )
        try:
            for stamp, line in _stamped_lines(response.stream(_CHUNK_BYTES)):
                if (stamp > after or not stamp) and not self._put((stamp, line)):
                    return
        finally:
            response.close()

    def _put(self, item: tuple[int, str] | None) -> bool:
        while not self._is_closed:
            with suppress(queue.Full):
                self._lines.put(item, timeout=1)
                return True
        return False


def _stamped_lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, str]]:
    """Yield each line with its timestamp, 0 if it has none; a line too long for memory in pieces."""
    pending = b""
    for chunk in chunks:
        *complete, pending = (pending + chunk).split(b"\n")
        if len(pending) > LONGEST_LINE_BYTES:
            complete.append(pending)
            pending = b""
        yield from map(_parted, complete)
    if pending:
        yield _parted(pending)


def _parted(line: bytes) -> tuple[int, str]:
    head, _, rest = line.partition(b" ")
    try:
        return nanoseconds(head.decode("ascii")), readable_line(rest)
    except ValueError:  # the rest of a long line, or a message of the node
        return 0, readable_line(line)


def nanoseconds(timestamp: str) -> int:
    """Parse a timestamp as Kubernetes writes it: RFC 3339 with up to nine digits of a second, in any zone.

    Raises:
        ValueError: it is none.
    """
    seconds, _, rest = timestamp.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    zone = rest[len(digits) :] if rest else ""
    if not rest:
        return int(datetime.fromisoformat(timestamp).timestamp()) * 10**9
    return int(datetime.fromisoformat(seconds + zone).timestamp()) * 10**9 + int(digits[:9].ljust(9, "0"))
