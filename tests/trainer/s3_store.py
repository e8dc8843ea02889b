"""Run a real S3 server on loopback, and a proxy before it that breaks connections on request."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from trainer.settings import Settings

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI-secret"


@dataclass(frozen=True)
class S3Store:
    """The server, and a client for it that is independent of the code under test."""

    endpoint: str
    client: Any

    def make_bucket(self, name: str, *, versioning: str | None = None) -> str:
        """Make a bucket."""
        self.client.create_bucket(Bucket=name)
        if versioning:
            self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": versioning})
        return name

    def put(self, bucket: str, files: Mapping[str, bytes | str]) -> None:
        """Write objects."""
        for key, content in files.items():
            self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def versions(self, bucket: str, key: str) -> list[str]:
        """Return the version ids of an object, the newest first."""
        listing = self.client.list_object_versions(Bucket=bucket, Prefix=key)
        return [entry["VersionId"] for entry in listing["Versions"] if entry["Key"] == key]


@contextmanager
def serving_s3() -> Iterator[str]:
    """Run a server; yield its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def empty_store(endpoint: str) -> S3Store:
    """Empty the server and return it as a store."""
    urllib_reset(endpoint)
    return S3Store(endpoint, boto3.session.Session().client("s3", endpoint_url=endpoint))


def urllib_reset(endpoint: str) -> None:
    """Empty the server."""
    from urllib.request import Request, urlopen

    urlopen(Request(f"{endpoint}/moto-api/reset", method="POST")).close()


def s3_settings(endpoint: str, **overrides: Any) -> Settings:
    """Settings that give up soon."""
    fields: dict[str, Any] = {"s3_attempts": 3, "s3_connect_timeout_seconds": 10, "s3_read_timeout_seconds": 10}
    return Settings(_env_file=None, s3_endpoint_url=endpoint, **fields | overrides)


Fault = Callable[[bytes, bytes], "bytes | None"]
"""Turns a request and its answer into what the client receives; None breaks the connection without an answer."""


@dataclass
class FaultyProxy:
    """Forwards requests one by one and applies the next fault to each answer."""

    target: str
    faults: list[Fault] = field(default_factory=list)
    """Each request that ``applies`` matches uses up one fault; after the last, everything passes."""
    applies: Callable[[bytes], bool] = lambda request: True
    requests: list[bytes] = field(default_factory=list)
    """The heads of all requests that ``applies`` matched."""

    def __post_init__(self) -> None:
        """Start listening."""
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        """Serve one request per connection, which ends after the answer."""
        with client:
            head = _head_of(client)
            if not head:
                return
            answer = self._answer_to(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            if (fault := self._next_fault(head)) is not None:
                changed = fault(head, answer)
                if changed is None:
                    return
                answer = changed
            if b"\r\nconnection: close" not in answer.lower():
                # Without this header a client might send its next request into a connection about to close.
                answer = answer.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            client.sendall(answer)

    def _answer_to(self, request: bytes) -> bytes:
        host, port = self.target.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as server:
            server.sendall(request)
            return b"".join(iter(lambda: server.recv(1 << 16), b""))

    def _next_fault(self, head: bytes) -> Fault | None:
        with self._lock:
            if not self.applies(head):
                return None
            self.requests.append(head)
            return self.faults.pop(0) if self.faults else None


def _head_of(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        received = client.recv(1 << 16)
        if not received:
            return b""
        head += received
    return head
