"""Find the pod that a task watches, an earlier attempt's whose result is still to be taken, or create one.

A task's pods are numbered; Kubernetes refuses a second pod of a name, so two attempts at once end up with one pod.
"""

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.spec.identity import PodIdentity
from include.pipelines.runtimes.kubernetes.spec.pod import Manifest, image_of, numbered_pod
from include.step_contract.failure import FailureKind

from .api import Cluster, QuotaExceeded
from .state import PodState

_POLL_SECONDS = 0.5
_QUOTA_POLL_SECONDS = 5.0
_NAME_TAKEN_SECONDS = 60
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)


class PodStart:
    """The beginning of one attempt."""

    def __init__(
        self,
        cluster: Cluster,
        identity: PodIdentity,
        built: Manifest,
        quota_seconds: float,
        check: Callable[[], None],
    ) -> None:
        """Do nothing yet.

        Args:
            cluster: of the pod.
            identity: of the task.
            built: the task's pod, still without its number.
            quota_seconds: how long to wait for free quota.
            check: is called while waiting; may raise to give up.
        """
        self._cluster, self._identity, self._built = cluster, identity, built
        self._quota_seconds, self._check = quota_seconds, check
        self._said: set[str] = set()

    def pod(self) -> str:
        """Return the name of the task's pod.

        Raises:
            StepFailed: the cluster refuses it, or has no room for it for too long.
        """
        self._with_retries(lambda: self._cluster.sweep(self._identity.pipeline, datetime.now(UTC)))
        deadline = time.monotonic() + _NAME_TAKEN_SECONDS
        while True:
            self._check()
            pods = self._with_retries(lambda: self._cluster.pods_of(self._identity))
            if found := self._open(pods):
                _log.info("pod %s of an earlier attempt is %s; attaching to it", found.name, found.phase)
                return found.name
            if stopping := [pod for pod in pods if pod.is_stopping and not pod.is_taken and not pod.is_ended]:
                self._wait_until_gone(stopping)
                deadline = time.monotonic() + _NAME_TAKEN_SECONDS
                continue
            generation = 1 + max((pod.generation for pod in pods), default=0)
            if self._create(generation):
                return self._identity.name(generation)
            if time.monotonic() > deadline:
                raise StepFailed(
                    f"{self._identity.step}: pod {self._identity.name(generation)} exists and is not this task's; "
                    "delete it, or find out who made it",
                    FailureKind.TRY_AGAIN,
                )
            time.sleep(_POLL_SECONDS)

    def _open(self, pods: list[PodState]) -> PodState | None:
        """Return the pod to attach to; delete a second one, since two pods of a task never work at once.

        Of pods that a finalizer holds while they are deleted, only a good result is taken.
        """
        candidates = [pod for pod in pods if not pod.is_taken and (pod.has_result or not pod.is_stopping)]
        own = [pod for pod in candidates if re.fullmatch(rf"{re.escape(self._identity.base)}-\d+", pod.name)]
        for foreign in (pod for pod in candidates if pod not in own):
            _log.warning("pod %s has this task's labels, but another name; left alone", foreign.name)
        own.sort(key=lambda pod: pod.is_stopping)
        for second in (pod for pod in own[1:] if not pod.is_stopping):
            _log.warning("pod %s is a second one of this task; deleting it", second.name)
            self._cluster.delete(second.name)
        return own[0] if own else None

    def _wait_until_gone(self, stopping: list[PodState]) -> None:
        """Give stopping pods their grace period; remove those whose node no longer answers."""
        for pod in stopping:
            if pod.name not in self._said:
                self._said.add(pod.name)
                _log.info("pod %s of an earlier attempt is being stopped; waiting for its end", pod.name)
            if pod.is_overdue(datetime.now(UTC)):
                _log.warning("node %s does not confirm the end of pod %s; ending it", pod.node, pod.name)
                self._with_retries(partial(self._cluster.remove, pod, 0))
        time.sleep(_POLL_SECONDS)

    def _create(self, generation: int) -> bool:
        """Create the task's pod, waiting for quota; return False if a pod of that name exists."""
        pod = numbered_pod(self._built, self._identity, generation)
        deadline = time.monotonic() + self._quota_seconds
        while True:
            try:
                created = self._with_retries(lambda: self._cluster.create(pod))
            except QuotaExceeded as full:
                if time.monotonic() > deadline:
                    raise
                _log.warning("%s; waiting for room", full)
                self._wait(_QUOTA_POLL_SECONDS)
                continue
            if created:
                _log.info("created pod %s of %s", self._identity.name(generation), image_of(pod))
            return created

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._check()
            time.sleep(0.1)

    def _with_retries(self, action: Callable[[], _Value]) -> _Value:
        return self._cluster.with_retries(action, self._check)
