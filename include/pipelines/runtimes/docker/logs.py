"""Follow a container's output line by line, from any position, with bounded memory.

Each of the two streams is read by a separate thread, so that a line of one never ends up inside a line of the other.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from docker import APIClient
from docker.errors import DockerException
from requests.exceptions import RequestException

from include.pipelines.log_lines import LineAssembler

_WAITING_LINES = 1000
_STREAMS = ("stdout", "stderr")
_CLOCKS_APART_SECONDS = 3600
_log = logging.getLogger(__name__)


class LogFollower:
    """The lines of one container after a position, until its streams end.

    Following may end before the last lines of a container that has ended; a second follower without ``follow`` yields
    them.
    """

    def __init__(
        self, connect: Callable[[], APIClient], container: str, positions: dict[str, str], *, follow: bool = True
    ) -> None:
        """Start after ``positions``: for each stream the engine's timestamp of the last line read.

        Each stream gets a separate client from ``connect``.
        """
        self._connect = connect
        self.positions = positions
        self._follows = follow
        self._lines: queue.Queue[tuple[str, str, str] | None] = queue.Queue(_WAITING_LINES)
        for stream in _STREAMS:
            threading.Thread(target=self._read, args=(container, stream), name=f"logs-{stream}", daemon=True).start()

    def lines(self, poll_seconds: float) -> Iterator[str | None]:
        """Yield each line as it comes, and None after each ``poll_seconds`` without a line, until both streams end."""
        open_streams = len(_STREAMS)
        while open_streams:
            try:
                item = self._lines.get(timeout=poll_seconds)
            except queue.Empty:
                yield None
                continue
            if item is None:
                open_streams -= 1
                continue
            stream, timestamp, line = item
            self.positions[stream] = timestamp
            yield line

    def _read(self, container: str, stream: str) -> None:
        try:
            self._bring(self._connect(), container, stream)
        except (DockerException, RequestException, OSError, ValueError) as error:
            # The engine or the container is gone; the caller checks the container's state and follows again.
            _log.debug("%s of %s ended: %s", stream, container[:12], error)
        except Exception:
            _log.exception("%s of %s cannot be followed", stream, container[:12])
        finally:
            self._lines.put(None)

    def _bring(self, client: APIClient, container: str, stream: str) -> None:
        after = _begin(self.positions.get(stream, ""))
        assembler = LineAssembler()
        chosen = {name: name == stream for name in _STREAMS}
        frames = client.logs(
            container,
            stream=True,
            follow=self._follows,
            timestamps=True,
            since=_seconds(after) if after else None,
            **chosen,
        )
        timestamp = after
        for frame in frames:
            stamp, _, payload = frame.partition(b" ")
            timestamp = stamp.decode()
            if timestamp <= after:
                continue
            for line in assembler.feed(payload):
                self._lines.put((stream, timestamp, line))
        for line in assembler.finish():
            self._lines.put((stream, timestamp, line))


def _begin(position: str) -> str:
    """Return a position, or the log's start if it lies in the future: a clock set back must hide no line."""
    return "" if position and _seconds(position) > time.time() + _CLOCKS_APART_SECONDS else position


def _seconds(timestamp: str) -> float:
    """Return an engine's timestamp (nanoseconds, UTC) as seconds, rounded down to microseconds."""
    return datetime.fromisoformat(f"{timestamp[:26]}+00:00").timestamp()
