"""Run an artifact store behind a slow line: the calls that MLflow's client makes, with files in a folder.

It mostly waits, so that it takes no CPU time from a training beside it.
"""

import json
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
_CHUNK_BYTES = 1 << 17


@dataclass
class SlowStore:
    """A running store."""

    address: str
    """What an experiment has as its artifact location."""
    _line: "_Line"

    @property
    def received_bytes(self) -> int:
        """Bytes of all uploads so far."""
        return self._line.passed_bytes


@contextmanager
def slow_store(folder: Path, bytes_per_second: float) -> Iterator[SlowStore]:
    """Keep artifacts in a folder until the block ends; all uploads together get ``bytes_per_second``."""
    line = _Line(bytes_per_second)
    handler = type("Handler", (_Handler,), {"folder": folder, "line": line})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield SlowStore(f"http://127.0.0.1:{server.server_port}{_ARTIFACTS}", line)
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that ended without closing its connections."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@dataclass
class _Line:
    """Lets the bytes of all senders pass one after the other at its rate."""

    bytes_per_second: float
    passed_bytes: int = 0
    _free_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def carry(self, count: int) -> None:
        """Wait until so many bytes have passed."""
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + count / self.bytes_per_second
            self.passed_bytes += count
            pause = self._free_at - now
        time.sleep(pause)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path
    line: _Line

    def do_PUT(self) -> None:
        """Take a file, as slowly as the line is."""
        path = self._path()
        path.parent.mkdir(parents=True, exist_ok=True)
        left = int(self.headers["Content-Length"])
        with path.open("wb") as out:
            while left and (chunk := self.rfile.read(min(_CHUNK_BYTES, left))):
                self.line.carry(len(chunk))
                out.write(chunk)
                left -= len(chunk)
        self._answer(200, b"{}")

    def do_GET(self) -> None:
        """Hand out a file, or the listing of a folder."""
        asked = urlsplit(self.path)
        if asked.path == _ARTIFACTS:
            folder = self.folder / parse_qs(asked.query).get("path", [""])[0]
            found = sorted(folder.iterdir()) if folder.is_dir() else []
            files = [{"path": path.name, "is_dir": path.is_dir(), "file_size": path.stat().st_size} for path in found]
            self._answer(200, json.dumps({"files": files}).encode())
        elif self._path().is_file():
            self._answer(200, self._path().read_bytes())
        else:
            self._answer(404, b"{}")

    def do_DELETE(self) -> None:
        """Remove a file or a folder."""
        path = self._path()
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        self._answer(200, b"{}")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _path(self) -> Path:
        return self.folder / unquote(urlsplit(self.path).path.removeprefix(_ARTIFACTS).lstrip("/"))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
