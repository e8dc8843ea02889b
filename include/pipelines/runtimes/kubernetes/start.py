"""Which pod a task watches: the one of an earlier try whose result nobody took, or a new one.

A task's pods are numbered; Kubernetes refuses a second one of a name, so two tries at once end up with one pod.
"""

import logging
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from airflow.sdk.configuration import conf

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.api import Cluster, QuotaExceeded
from include.pipelines.runtimes.kubernetes.pod import PodIdentity, step_pod
from include.pipelines.runtimes.kubernetes.settings import kubernetes_settings
from include.pipelines.runtimes.kubernetes.state import PodState
from include.step_contract.failure import FailureKind
from include.step_contract.order import Order

_POLL_SECONDS = 0.5
_QUOTA_POLL_SECONDS = 5.0
_NAME_TAKEN_SECONDS = 60
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)


class PodStart:
    """The beginning of one try."""

    def __init__(
        self,
        cluster: Cluster,
        identity: PodIdentity,
        request: Order,
        step_run: str,
        check: Callable[[], None],
    ) -> None:
        """Do nothing yet; ``check`` is called while waiting and may raise to give up."""
        self._cluster, self._identity, self._request = cluster, identity, request
        self._step_run, self._check = step_run, check
        self._said: set[str] = set()

    def pod(self) -> str:
        """Return the name of the task's pod.

        Raises:
            StepFailed: the cluster refuses it, or has no room for it for too long.
        """
        self._patiently(lambda: self._cluster.sweep(self._identity.pipeline, datetime.now(UTC)))
        deadline = time.monotonic() + _NAME_TAKEN_SECONDS
        while True:
            self._check()
            pods = self._patiently(lambda: self._cluster.pods_of(self._identity))
            if found := self._open(pods):
                _log.info("pod %s of an earlier try is %s; taking it over", found.name, found.phase)
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
                    f"{self._request.command}: there is a pod {self._identity.name(generation)} that is not this "
                    "task's; delete it, or see who made it",
                    FailureKind.TRY_AGAIN,
                )
            time.sleep(_POLL_SECONDS)

    def _open(self, pods: list[PodState]) -> PodState | None:
        """Return the pod to attach to; two of one task never work at once.

        Of pods that are being deleted, as long as something holds them, only a good result is taken; the others have
        ended, or are waited for.
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
        """Give pods that were told to stop the time to do so; end those whose node says nothing any more."""
        for pod in stopping:
            if pod.name not in self._said:
                self._said.add(pod.name)
                _log.info("pod %s of an earlier try was told to stop; waiting for its end", pod.name)
            if pod.is_overdue(datetime.now(UTC)):
                _log.warning("node %s does not confirm the end of pod %s; ending it", pod.node, pod.name)
                self._patiently(partial(self._cluster.remove, pod, 0))
        time.sleep(_POLL_SECONDS)

    def _create(self, generation: int) -> bool:
        """Create the task's pod, waiting for quota; return False if there is one of that name."""
        url = conf.get("api", "base_url", fallback="")
        pod = step_pod(self._identity, generation, self._request, self._step_run, kubernetes_settings(), url)
        deadline = time.monotonic() + kubernetes_settings().kubernetes_schedule_seconds
        while True:
            try:
                created = self._patiently(lambda: self._cluster.create(pod))
            except QuotaExceeded as full:
                if time.monotonic() > deadline:
                    raise
                _log.warning("%s; waiting for room", full)
                self._wait(_QUOTA_POLL_SECONDS)
                continue
            if created:
                _log.info("created pod %s of %s", self._identity.name(generation), kubernetes_settings().trainer_image)
            return created

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._check()
            time.sleep(0.1)

    def _patiently(self, action: Callable[[], _Value]) -> _Value:
        return self._cluster.patiently(action, self._check)
