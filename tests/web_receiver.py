"""A real HTTP server on loopback that keeps every POST and answers as a test wants: late, badly or never."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG = -1
"""In the place of a status: no answer at all."""


@dataclass(frozen=True)
class Post:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, read."""
        fields: dict[str, Any] = json.loads(self.body)
        return fields


class Receiver:
    """The received posts and the answers to give: the next of ``statuses``, then 200."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.statuses: deque[int] = deque()
        self.answer_seconds = 0.0
        self.closed = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """An address with a path that no log may show."""
        return f"http://127.0.0.1:{self.port}/hook/secret-path"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The decoded bodies in the order in which they came."""
        return [post.json for post in list(self.posts)]

    def wait_for(self, condition: Callable[[list[dict[str, Any]]], Any], seconds: float = 20) -> None:
        """Wait until the received posts fulfil a condition."""
        deadline = time.monotonic() + seconds
        while not condition(self.events):
            assert time.monotonic() < deadline, f"not within {seconds:g} s; posted: {self.events}"
            time.sleep(0.02)

    def close(self) -> None:
        """Stop the server and every hanging request."""
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Listen within the block."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posts.append(Post(self.path, dict(self.headers), body))
            status = receiver.statuses.popleft() if receiver.statuses else 200
            if status == HANG:
                receiver.closed.wait()
                return
            receiver.closed.wait(receiver.answer_seconds)
            self.send_response(status)
            if status in (301, 302, 307, 308):
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    return Handler
