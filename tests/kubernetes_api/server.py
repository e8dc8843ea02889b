"""The stand-in's API server: the calls it knows, and the errors that a test requests in place of an answer."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .cluster import NAMESPACE, Answer, Cluster, Failure, error

_PODS = "/api/v1/namespaces/(?P<namespace>[a-z0-9-]+)/pods"
_NAMED = rf"{_PODS}/(?P<name>[^/]+)"
_ROUTES: list[tuple[str, str, str, str, set[str]]] = [
    ("POST", _PODS, "create", "pods", {"fieldValidation", "dryRun"}),
    ("GET", _PODS, "list", "pods", {"labelSelector"}),
    ("GET", _NAMED, "get", "pods", set()),
    ("PATCH", _NAMED, "patch", "pods", set()),
    ("DELETE", _NAMED, "delete", "pods", {"gracePeriodSeconds"}),
    (
        "GET",
        rf"{_NAMED}/log",
        "get",
        "pods/log",
        {"container", "follow", "timestamps", "sinceSeconds", "tailLines"},
    ),
    ("GET", rf"{_PODS.removesuffix('pods')}events", "list", "events", {"fieldSelector"}),
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def log_message(self, *_arguments: Any) -> None:
        return

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        for method, pattern, verb, resource, known in _ROUTES:
            found = re.fullmatch(pattern, parts.path)
            if found and method == self.command and set(query) <= known:
                place = found.groupdict()
                self.cluster.namespaces.add(place["namespace"])
                if verb == "create" and body["metadata"].get("namespace", place["namespace"]) != place["namespace"]:
                    self._send(*error(400, "the namespace of the object does not match the namespace on the request"))
                    return
                self._serve(verb, resource, place.get("name", ""), query, body)
                return
        self.cluster.unknown.append(f"{self.command} {self.path}")
        self._send(*error(501, f"the stand-in does not know {self.command} {self.path}"))

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def _serve(self, verb: str, resource: str, name: str, query: dict[str, str], body: Any) -> None:
        cluster = self.cluster
        if cluster.is_away:
            self.close_connection = True
            return
        cluster.calls.add((verb, resource))
        failure = self._failure(verb, resource)
        if failure is None and (verb, resource) in cluster.forbidden:
            user = 'User "system:serviceaccount:airflow:worker"'
            where = f'in API group "" in the namespace "{NAMESPACE}"'
            message = f'{resource} "{name}" is forbidden: {user} cannot {verb} resource "{resource}" {where}'
            self._send(*error(403, message, "Forbidden"))
            return
        if failure is not None and not failure.after_the_act:
            self._fail(failure)
            return
        answer = self._act(verb, resource, name, query, body)
        if failure is not None:
            self._fail(failure)
        elif isinstance(answer, tuple):
            self._send(*answer)
        else:
            self._stream(answer)

    def _act(self, verb: str, resource: str, name: str, query: dict[str, str], body: Any) -> Any:
        cluster = self.cluster
        if resource == "pods/log":
            return cluster.log_of(name, query)
        actions: dict[tuple[str, str], Callable[[str, dict[str, str], Any], Answer]] = {
            ("create", "pods"): cluster.create,
            ("list", "pods"): cluster.list_pods,
            ("get", "pods"): cluster.read,
            ("patch", "pods"): cluster.patch,
            ("delete", "pods"): cluster.delete,
            ("list", "events"): cluster.list_events,
        }
        return actions[verb, resource](name, query, body)

    def _failure(self, verb: str, resource: str) -> Failure | None:
        for failure in self.cluster.failures:
            if (failure.verb, failure.resource) == (verb, resource) and failure.times > 0:
                failure.times -= 1
                return failure
        return None

    def _fail(self, failure: Failure) -> None:
        if failure.status == 0:
            self.close_connection = True
            return
        self._send(*error(failure.status, failure.message))

    def _send(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, lines: Iterator[bytes | None]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        cut = self.cluster.cut
        with suppress(BrokenPipeError, ConnectionResetError):
            for line in lines:
                if cut.is_set() or self.cluster.is_away:
                    self.close_connection = True
                    return
                if line is not None:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            if not cut.is_set():
                self.wfile.write(b"0\r\n\r\n")


@contextmanager
def serving(cluster: Cluster) -> Iterator[str]:
    """Serve a cluster on loopback and return its address; its processes end with it."""
    handler = type("Handler", (_Handler,), {"cluster": cluster})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        cluster.cut_logs()
        server.shutdown()
        server.server_close()
        for pod in cluster.living():
            pod.is_deleted = True
            if pod.process is not None:
                pod.process.signal(9)
