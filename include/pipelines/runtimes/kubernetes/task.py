"""Hold what is known of a pod's task: its request, its pods' identity, and limits from its operator's fields."""

from collections.abc import Callable
from dataclasses import dataclass

from include.pipelines.pending_chore import AnyRequest
from include.pipelines.runtimes.kubernetes.spec.identity import PodIdentity
from include.pipelines.runtimes.kubernetes.spec.pod import Manifest


@dataclass(frozen=True)
class StartLimits:
    """How long the start of a pod may take."""

    schedule_seconds: float
    """Until a node takes it."""
    startup_seconds: float
    """From its node to its start."""
    error_seconds: float
    """With an error that may pass."""


@dataclass(frozen=True)
class PodTask:
    """The task of a pod."""

    request: AnyRequest
    identity: PodIdentity
    limits: StartLimits
    grace_seconds: int | None
    """For a pod that is stopped; None leaves the pod's own."""
    build: Callable[[], Manifest]
    """Returns the task's pod, still without its number."""
