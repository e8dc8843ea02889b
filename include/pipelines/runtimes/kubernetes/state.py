"""Read the facts on which the runtime acts from a pod as the cluster shows it. Nothing here talks to a cluster.

Causes from outside are recognised by what Kubernetes leaves on the pod: its own reason (Evicted, NodeLost,
DeadlineExceeded, Terminated), the condition DisruptionTarget (preemption, drain, a tainted node) and the deletion time.
"""

import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from include.step_contract.failure import ExitCode

if TYPE_CHECKING:
    from kubernetes.client import V1ContainerState, V1ContainerStatus, V1Pod, V1PodCondition

CONTAINER = "base"
TASK_LABEL = "nightshift/task"
TAKEN_LABEL = "nightshift/taken"
"""Set on a pod whose result was taken; the result of any other pod is still to be taken."""

GENERATION_LABEL = "nightshift/generation"
KILLED = 128 + signal.SIGKILL
CONFIRM_SECONDS = 30
"""A node that does not confirm a deleted pod's end so long after its grace period counts as lost."""

_HOPELESS_STARTS = ("InvalidImageName", "ErrImageNeverPull")
_HARMLESS_WAITS = ("", "ContainerCreating", "PodInitializing")
_WAITED_FOR_CLUSTER = ("SchedulingGated",)
_NO_CLAIM = re.compile(r'persistentvolumeclaim "[^"]*" not found')
_LOST_NODE = ("NodeLost", "NodeAffinity", "NodeShutdown", "Shutdown", "Terminated")


@dataclass(frozen=True)
class PodState:
    """A pod's state."""

    name: str
    created: datetime
    generation: int
    is_taken: bool
    phase: str
    reason: str
    message: str
    node: str
    is_scheduled: bool
    scheduled: datetime | None
    is_gated: bool
    scheduling: str
    """Why no node was found."""
    waiting: str
    """Why the container has not started, as Kubernetes names it."""
    waiting_message: str
    has_started: bool
    exit_code: int | None
    ended_reason: str
    ended: datetime | None
    has_others_at_work: bool
    """Whether another container of the pod, a template's sidecar, still runs."""
    termination_message: str
    disruption: str
    """Why the cluster ended the pod, in its own words; empty if it did not."""
    deletion: datetime | None
    """When a deleted pod is to be gone."""
    is_held: bool
    """Whether a finalizer keeps the pod there when it is deleted."""

    @property
    def is_ended(self) -> bool:
        """Return whether the step's process has certainly ended."""
        return self.exit_code is not None or self.is_settled

    @property
    def has_result(self) -> bool:
        """Return whether the step completed."""
        return self.exit_code in (ExitCode.DONE, ExitCode.REFUSED)

    @property
    def is_settled(self) -> bool:
        """Return whether the pod's end is known with its cause.

        Since 1.24 a kubelet shows the container's end first, while phase, reason and disruption are still those of a
        running pod: they follow once the whole pod has stopped.
        """
        return self.phase in ("Succeeded", "Failed")

    @property
    def is_stopping(self) -> bool:
        """Return whether the pod is being deleted."""
        return self.deletion is not None

    @property
    def is_oom_killed(self) -> bool:
        """Return whether the container reached its memory limit."""
        return self.ended_reason == "OOMKilled" and self.exit_code != 0

    @property
    def is_killed_without_cause(self) -> bool:
        """Return whether the container was killed and neither the cluster nor the step has said why."""
        cause = self.termination_message or self.disruption or self.reason or self.is_stopping
        return self.exit_code == KILLED and self.ended_reason == "Error" and not cause

    @property
    def cannot_start(self) -> bool:
        """Return whether the container's process could not be run at all."""
        return self.ended_reason in ("StartError", "ContainerCannotRun")

    def is_overdue(self, now: datetime) -> bool:
        """Return whether the node has not confirmed the end of a deleted pod for too long."""
        return (
            self.deletion is not None and not self.is_ended and now > self.deletion + timedelta(seconds=CONFIRM_SECONDS)
        )

    @property
    def is_claim_missing(self) -> bool:
        """Return whether a PersistentVolumeClaim is missing, which no further node can change."""
        return not self.is_scheduled and _NO_CLAIM.search(self.scheduling) is not None

    @property
    def start_error(self) -> str:
        """The error that keeps the pod from starting, or nothing."""
        if self.is_claim_missing:
            return self.scheduling
        if self.has_started or self.is_ended or self.waiting in _HARMLESS_WAITS:
            return ""
        return f"{self.waiting}: {self.waiting_message}" if self.waiting_message else self.waiting

    @property
    def is_start_hopeless(self) -> bool:
        """Return whether waiting cannot help."""
        return self.waiting in _HOPELESS_STARTS


def state_of(pod: "V1Pod") -> PodState:
    """Read a pod."""
    metadata, status = pod.metadata, pod.status
    labels = metadata.labels or {}
    generation = labels.get(GENERATION_LABEL, "")
    conditions = {condition.type: condition for condition in status.conditions or []}
    own = next((item for item in status.container_statuses or [] if item.name == CONTAINER), None)
    container: V1ContainerState | None = own.state if own is not None else None
    ended = container.terminated if container is not None else None
    waiting = _waiting([*(status.init_container_statuses or []), *(status.container_statuses or [])])
    scheduled = conditions.get("PodScheduled")
    return PodState(
        name=metadata.name,
        created=metadata.creation_timestamp or datetime.now(UTC),
        generation=int(generation) if generation.isdigit() else 0,
        is_taken=labels.get(TAKEN_LABEL) == "true",
        phase=status.phase or "Pending",
        reason=status.reason or "",
        message=status.message or _failed_init_container(status.init_container_statuses or []),
        node=pod.spec.node_name or "",
        is_scheduled=scheduled is not None and scheduled.status == "True",
        scheduled=scheduled.last_transition_time if scheduled is not None else None,
        is_gated=scheduled is not None and scheduled.reason in _WAITED_FOR_CLUSTER,
        scheduling=(scheduled.message or "") if scheduled is not None else "",
        waiting=waiting[0],
        waiting_message=waiting[1],
        has_started=container is not None and (container.running is not None or ended is not None),
        exit_code=ended.exit_code if ended is not None else None,
        ended_reason=(ended.reason or "") if ended is not None else "",
        ended=ended.finished_at if ended is not None else None,
        has_others_at_work=_has_others_at_work(status.container_statuses or []),
        termination_message=(ended.message or "") if ended is not None else "",
        disruption=_disruption(status.reason or "", status.message or "", conditions.get("DisruptionTarget")),
        deletion=metadata.deletion_timestamp,
        is_held=bool(metadata.finalizers),
    )


def _waiting(statuses: Iterable["V1ContainerStatus"]) -> tuple[str, str]:
    """Return the reason and message of the first container that waits because of an error."""
    for item in statuses:
        waits = item.state.waiting if item.state is not None else None
        if waits is not None and (waits.reason or "") not in _HARMLESS_WAITS:
            return waits.reason, waits.message or ""
    return "", ""


def _has_others_at_work(statuses: Iterable["V1ContainerStatus"]) -> bool:
    others = (item.state for item in statuses if item.name != CONTAINER)
    return any(state is not None and state.running is not None for state in others)


def _failed_init_container(statuses: Iterable["V1ContainerStatus"]) -> str:
    for item in statuses:
        ended = item.state.terminated if item.state is not None else None
        if ended is not None and ended.exit_code != 0:
            return f"init container {item.name} ended with exit code {ended.exit_code}"
    return ""


def _disruption(reason: str, message: str, target: "V1PodCondition | None") -> str:
    if target is not None and target.status == "True":
        return _said(target.reason or "DisruptionTarget", target.message or message)
    if reason == "Evicted" or reason in _LOST_NODE:
        return _said(reason, message)
    return ""


def _said(reason: str, message: str) -> str:
    return f"{reason}: {message}" if message else reason
