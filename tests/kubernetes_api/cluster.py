"""The stand-in's cluster: its pods and events, the answers to the calls, and the errors that a test asks for."""

import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .fields import unknown_fields
from .node import Node, Pod, now

NAMESPACE = "nightshift"
_LABEL_VALUE = re.compile(r"(|[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)")
Answer = tuple[int, dict[str, Any]]


def error(status: int, message: str, reason: str = "") -> Answer:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status}
    return status, body | {"message": message, "reason": reason}


def _missing(name: str) -> Answer:
    return error(404, f'pods "{name}" not found', "NotFound")


@dataclass
class Failure:
    """An answer that a test requests in place of the true one."""

    verb: str
    resource: str
    status: int
    message: str
    times: int
    after_the_act: bool = False


@dataclass
class Cluster:
    """The stand-in; ``calls`` are the (verb, resource) made, ``unknown`` the requests that it does not know."""

    folder: Path
    entrypoint: list[str]
    pods: dict[str, Pod] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    calls: set[tuple[str, str]] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)
    """Of every call that was made."""
    unknown: list[str] = field(default_factory=list)
    forbidden: set[tuple[str, str]] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    quota: int | None = None
    away_until: float = 0
    lock: Any = field(default_factory=threading.RLock)
    cut: threading.Event = field(default_factory=threading.Event)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """Every pod ever created, in order."""

    def __post_init__(self) -> None:
        self.node = Node(self.folder, self.entrypoint)

    def fail(
        self, verb: str, resource: str, status: int, message: str = "trouble", *, times: int = 1, **how: bool
    ) -> None:
        """Answer the next calls of a kind with an error; status 0 drops the connection."""
        self.failures.append(Failure(verb, resource, status, message, times, **how))

    def go_away(self, seconds: float) -> None:
        """Drop every connection for a while."""
        self.away_until = time.monotonic() + seconds
        self.cut_logs()

    def cut_logs(self) -> None:
        """Drop every connection that follows a log."""
        self.cut.set()
        self.cut = threading.Event()

    @property
    def is_away(self) -> bool:
        return time.monotonic() < self.away_until

    def event(self, pod: str, reason: str, message: str, after: int = 0) -> None:
        self.events.append(
            {"type": "Warning", "reason": reason, "message": message, "pod": pod, "lastTimestamp": now(after)}
        )

    def living(self) -> list[Pod]:
        with self.lock:
            for name in [name for name, pod in self.pods.items() if pod.gone.is_set()]:
                del self.pods[name]
            return list(self.pods.values())

    def pod(self) -> Pod:
        """Return the only pod."""
        (pod,) = self.living()
        return pod

    # -- the calls -----------------------------------------------------------------------------------------------------

    def create(self, _name: str, query: dict[str, str], body: dict[str, Any]) -> Answer:
        name = body["metadata"]["name"]
        unknown = list(unknown_fields(body))
        if query.get("fieldValidation") == "Strict" and unknown:
            return error(
                400, f"Pod in version v1 cannot be handled as a Pod: strict decoding error: {', '.join(unknown)}"
            )
        if wrong := [text for text in body["metadata"].get("labels", {}).values() if not _LABEL_VALUE.fullmatch(text)]:
            return error(422, f'Pod "{name}" is invalid: metadata.labels: Invalid value: "{wrong[0]}"', "Invalid")
        with self.lock:
            if name in {pod.name for pod in self.living()}:
                return error(409, f'pods "{name}" already exists', "AlreadyExists")
            if query.get("dryRun") == "All":
                return 201, body
            busy = [pod for pod in self.living() if pod.status["phase"] in ("Pending", "Running")]
            if self.quota is not None and len(busy) >= self.quota:
                limit = f"requested: pods=1, used: pods={len(busy)}, limited: pods={self.quota}"
                return error(403, f'pods "{name}" is forbidden: exceeded quota: nightshift, {limit}')
            self.bodies.append(json.loads(json.dumps(body)))
            self.names.append(name)
            body["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": now(), "resourceVersion": "1"}
            body["status"] = {"phase": "Pending"}
            pod = self.pods[name] = Pod(body)
        self.node.run(pod)
        return 201, body

    def list_pods(self, _name: str, query: dict[str, str], _body: Any) -> Answer:
        wanted = dict(part.split("=", 1) for part in query.get("labelSelector", "").split(",") if part)
        found = [
            pod.manifest
            for pod in self.living()
            if wanted.items() <= pod.manifest["metadata"].get("labels", {}).items()
        ]
        return 200, {"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": found}

    def read(self, name: str, _query: dict[str, str], _body: Any) -> Answer:
        found = {pod.name: pod for pod in self.living()}.get(name)
        return (200, found.manifest) if found else _missing(name)

    def patch(self, name: str, _query: dict[str, str], body: dict[str, Any]) -> Answer:
        code, manifest = self.read(name, {}, None)
        if code == 200:
            assert set(body) == {"metadata"}
            manifest["metadata"]["labels"] |= body["metadata"]["labels"]
        return code, manifest

    def delete(self, name: str, query: dict[str, str], body: Any) -> Answer:
        found = {pod.name: pod for pod in self.living()}.get(name)
        if found is None:
            return _missing(name)
        grace = query.get("gracePeriodSeconds", (body or {}).get("gracePeriodSeconds", found.grace_seconds))
        self.node.delete(found, int(grace))
        return 200, found.manifest

    def list_events(self, _name: str, query: dict[str, str], _body: Any) -> Answer:
        pod = query.get("fieldSelector", "").removeprefix("involvedObject.name=")
        items = [
            {
                "metadata": {"name": f"event-{index}", "namespace": NAMESPACE},
                "involvedObject": {"kind": "Pod", "name": event["pod"], "namespace": NAMESPACE},
                **{key: event[key] for key in ("type", "reason", "message", "lastTimestamp")},
            }
            for index, event in enumerate(self.events)
            if event["pod"] == pod
        ]
        return 200, {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": items}

    def log_of(self, name: str, query: dict[str, str]) -> Answer | Iterator[bytes | None]:
        found = {pod.name: pod for pod in self.living()}.get(name)
        if found is None:
            return _missing(name)
        if found.is_on_lost_node:
            return error(500, 'Get "https://node-1:10250/containerLogs": dial tcp: no route to host')
        if found.process is None:
            return error(400, f'container "base" in pod "{name}" is waiting to start: ContainerCreating')
        return self._log_lines(found, query)

    def _log_lines(self, pod: Pod, query: dict[str, str]) -> Iterator[bytes | None]:
        begin = 0
        if "tailLines" in query:
            begin = max(0, len(pod.log.lines) - int(query["tailLines"]))
        if "sinceSeconds" in query:
            since = (time.time() - int(query["sinceSeconds"])) * 1e9
            begin = next((index for index, line in enumerate(pod.log.lines) if line[0] >= since), len(pod.log.lines))
        follows = query.get("follow", "").lower() == "true"
        lines = pod.log.follow(begin, self.cut) if follows else iter(pod.log.lines[begin:])
        for item in lines:
            if item is None:
                yield None
                continue
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(item[0] // 10**9)) + f".{item[0] % 10**9:09d}Z "
            yield (stamp.encode() if query.get("timestamps", "").lower() == "true" else b"") + item[1] + b"\n"
