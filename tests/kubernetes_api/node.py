"""The stand-in's scheduler and node: what happens to a pod from its creation to its end, and what may go wrong."""

import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from .process import Log, Process


def now(after: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=after)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Trouble:
    """What a test makes go wrong, for pods that are still to start."""

    unschedulable: str = ""
    """Why no node takes a pod."""
    schedule_seconds: float = 0
    waiting: tuple[str, str] = ("", "")
    """Why the container does not start, and its message."""
    start_error: str = ""
    """Why the container cannot be run."""
    is_gated: bool = False
    late_reason: str = ""
    """What the container's end is called until the phase follows, if not by its cause."""
    phase_seconds: float = 0.3
    """How long after its container's end a pod's phase, reason and disruption follow, as with a kubelet since 1.24."""
    cause_seconds: float = 0
    """How long after the phase the cause follows which ``late_reason`` stands for, as with containerd's own event."""


@dataclass
class Pod:
    """A pod that exists."""

    manifest: dict[str, Any]
    log: Log = field(default_factory=Log)
    process: Process | None = None
    is_deleted: bool = False
    is_on_lost_node: bool = False
    oom_killed: bool = False
    sidecar: dict[str, Any] | None = None
    """The state of a second container, if a test gives it one."""
    verdict: dict[str, str] = field(default_factory=dict)
    """Reason and message that the pod gets with its last phase."""
    gone: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    @property
    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = self.manifest["status"]
        return status

    def vanish(self) -> None:
        """Disappear, unless a finalizer holds the pod."""
        if not self.manifest["metadata"].get("finalizers"):
            self.gone.set()

    @property
    def grace_seconds(self) -> int:
        return int(self.manifest["spec"].get("terminationGracePeriodSeconds", 30))

    def condition(self, kind: str, status: str, reason: str = "", message: str = "") -> None:
        fact = {"type": kind, "status": status, "lastTransitionTime": now(), "reason": reason, "message": message}
        others = [each for each in self.status.get("conditions", []) if each["type"] != kind]
        self.status["conditions"] = [*others, fact]

    def container_state(self, state: Mapping[str, Any]) -> None:
        (container,) = self.manifest["spec"]["containers"]
        sidecars = [self.sidecar] if self.sidecar else []
        self.status["containerStatuses"] = [
            *({"image": "", "imageID": "", "ready": True, "restartCount": 0} | each for each in sidecars),
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": "running" in state,
                "restartCount": 0,
                "state": dict(state),
            },
        ]


class Node:
    """Runs pods, one thread each."""

    def __init__(self, folder: Path, entrypoint: list[str]) -> None:
        self.trouble = Trouble()
        self.config_maps: dict[str, dict[str, str]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self._folder, self._entrypoint = folder, entrypoint

    def run(self, pod: Pod) -> None:
        threading.Thread(target=self._live, args=(pod,), name=pod.name, daemon=True).start()

    def _live(self, pod: Pod) -> None:
        try:
            if self._schedule(pod) and (sources := self._prepare(pod)) is not None:
                self._work(pod, sources)
        finally:
            pod.log.close()

    def _schedule(self, pod: Pod) -> bool:
        time.sleep(self.trouble.schedule_seconds)
        while self.trouble.unschedulable or self.trouble.is_gated:
            if pod.is_deleted:
                return False
            reason = "SchedulingGated" if self.trouble.is_gated else "Unschedulable"
            pod.condition("PodScheduled", "False", reason, self.trouble.unschedulable)
            time.sleep(0.05)
        pod.condition("PodScheduled", "True")
        pod.manifest["spec"]["nodeName"] = "node-1"
        return True

    def _prepare(self, pod: Pod) -> dict[str, str] | None:
        while not pod.is_deleted:
            missing, sources = self._sources(pod)
            reason, message = self.trouble.waiting
            if missing or reason:
                reason, message = (reason, message) if reason else ("CreateContainerConfigError", missing)
                pod.container_state({"waiting": {"reason": reason, "message": message}})
                time.sleep(0.05)
                continue
            return sources
        return None

    def _sources(self, pod: Pod) -> tuple[str, dict[str, str]]:
        (container,) = pod.manifest["spec"]["containers"]
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            kind, there = (
                ("configMapRef", self.config_maps) if "configMapRef" in source else ("secretRef", self.secrets)
            )
            name = source[kind]["name"]
            if name not in there:
                return f'{kind.removesuffix("Ref").lower()} "{name}" not found', {}
            found |= there[name]
        return "", found

    def _work(self, pod: Pod, sources: Mapping[str, str]) -> None:
        (container,) = pod.manifest["spec"]["containers"]
        began = now()
        if self.trouble.start_error:
            self._end(pod, began, 128, "StartError", self.trouble.start_error)
            return
        folder = self._folder / pod.manifest["metadata"]["uid"]
        folder.mkdir()
        cache = self._folder / "cache"
        command = container.get("command") or self._entrypoint
        pod.process = Process(dict(container, command=command), sources, folder, cache)
        pod.log = pod.process.log
        pod.status["phase"] = "Running"
        pod.container_state({"running": {"startedAt": began}})
        code = pod.process.wait()
        pod.log.close()
        if not pod.is_on_lost_node:
            reason = "OOMKilled" if pod.oom_killed else "Completed" if code == 0 else "Error"
            self._end(pod, began, code, reason, pod.process.said())

    def _end(self, pod: Pod, began: str, code: int, reason: str, message: str) -> None:
        ended = {"exitCode": code, "message": message, "startedAt": began, "finishedAt": now()}
        first = {"terminated": ended | {"reason": self.trouble.late_reason or reason}}
        last = {"terminated": ended | {"reason": reason}}
        pod.container_state(first)
        time.sleep(self.trouble.phase_seconds)
        pod.container_state(first if self.trouble.cause_seconds else last)
        if pod.verdict.get("reason") == "Evicted":
            pod.condition("DisruptionTarget", "True", "TerminationByKubelet", pod.verdict["message"])
        pod.status.update(pod.verdict, phase="Succeeded" if code == 0 else "Failed")
        time.sleep(self.trouble.cause_seconds)
        pod.container_state(last)

    # -- what happens to a pod from outside ----------------------------------------------------------------------------

    def delete(self, pod: Pod, grace_seconds: int) -> None:
        """Ask a pod to stop; it disappears when it has stopped, or at once without a grace period."""
        pod.is_deleted = True
        if grace_seconds == 0:
            pod.vanish()
        if "deletionTimestamp" not in pod.manifest["metadata"]:
            end = datetime.now(UTC) + timedelta(seconds=grace_seconds)
            pod.manifest["metadata"]["deletionTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
            pod.manifest["metadata"]["deletionGracePeriodSeconds"] = grace_seconds
        threading.Thread(target=self._stop, args=(pod, grace_seconds), daemon=True).start()

    def _stop(self, pod: Pod, grace_seconds: float) -> None:
        if pod.is_on_lost_node:
            return
        if pod.process is not None:
            pod.process.signal(signal.SIGTERM)
            deadline = time.monotonic() + grace_seconds
            while not pod.log.is_closed and time.monotonic() < deadline:
                time.sleep(0.02)
            pod.process.signal(signal.SIGKILL)
            while not pod.log.is_closed:
                time.sleep(0.02)
        time.sleep(0.1)
        pod.vanish()

    def disrupt(self, pod: Pod, reason: str, message: str) -> None:
        """Delete a pod for the cluster's own reasons: preemption, drain."""
        pod.condition("DisruptionTarget", "True", reason, message)
        self.delete(pod, pod.grace_seconds)

    def evict(self, pod: Pod, message: str) -> None:
        """End a pod because its node has run out of something; the pod stays, failed."""
        pod.verdict = {"reason": "Evicted", "message": message}
        assert pod.process is not None
        pod.process.signal(signal.SIGKILL)

    def expire(self, pod: Pod) -> None:
        """End a pod at its active deadline."""
        pod.verdict = {
            "reason": "DeadlineExceeded",
            "message": "Pod was active on the node longer than the deadline",
        }
        assert pod.process is not None
        pod.process.signal(signal.SIGTERM)

    def kill_for_memory(self, pod: Pod) -> None:
        pod.oom_killed = True
        assert pod.process is not None
        pod.process.signal(signal.SIGKILL)

    def lose(self, pod: Pod) -> None:
        """Cut a pod's node off: its process ends without a report, and the cluster deletes the pod in the end."""
        pod.is_on_lost_node = True
        assert pod.process is not None
        pod.process.signal(signal.SIGKILL)
        pod.condition("DisruptionTarget", "True", "DeletionByTaintManager", "Taint manager: deleting due to NoExecute")
        self.delete(pod, 1)
