"""Make, find, read, retire and delete a step's pods in one namespace of a cluster.

The calls, and so the rights that a worker needs: pods create, get, list, patch, delete; pods/log get; events list. No
other module makes calls to Kubernetes; the client's errors become StepFailed here.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from kubernetes import client as k8s
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.spec.identity import ALL_STEPS, PIPELINE_LABEL, PodIdentity, label_value
from include.step_contract.failure import FailureKind

from .connection import cluster_hook, connected
from .settings import kubernetes_settings
from .state import CONTAINER, TAKEN_LABEL, PodState, state_of

PATIENCE_SECONDS = 300
"""How long the API server may be unavailable before the task gives up watching."""

TIMEOUT_SECONDS = (5, 30)
"""To connect, and to wait for the next bytes of an answer."""

_ANSWER_LINES = 500
_UNTAKEN_DAYS = 7
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)


class QuotaExceeded(StepFailed):
    """The namespace's ResourceQuota leaves no room for the pod; it may later."""

    def __init__(self, message: str) -> None:
        """Mark the failure as worth a retry."""
        super().__init__(message, FailureKind.TRY_AGAIN)


def is_kept_long_enough(state: PodState, now: datetime, *, is_over: bool = False) -> bool:
    """Return whether an ended pod may be deleted: kept long enough, and its result taken or no longer wanted."""
    kept = timedelta(hours=kubernetes_settings().kubernetes_keep_failed_hours)
    limit = kept if state.is_taken or is_over else max(kept, timedelta(days=_UNTAKEN_DAYS))
    return state.is_ended and now - (state.ended or state.created) > limit


def settings_cluster() -> "Cluster":
    """Return the namespace and the cluster that the settings name.

    Raises:
        StepFailed: no cluster is configured.
    """
    settings = kubernetes_settings()
    connection, context = settings.kubernetes_connection or None, settings.kubernetes_context or None
    return Cluster(settings.kubernetes_namespace, lambda: connected(cluster_hook(connection, context)))


class Cluster:
    """The core/v1 calls of one namespace."""

    def __init__(self, namespace: str, connect: Callable[[], k8s.CoreV1Api]) -> None:
        """Connect; ``connect`` is called again once a token has expired.

        Raises:
            StepFailed: no cluster is configured.
        """
        self.namespace, self._connect = namespace, connect
        self.api = connect()

    def create(self, pod: Mapping[str, Any]) -> bool:
        """Create a pod; return False if a pod of that name exists.

        Raises:
            QuotaExceeded, StepFailed: the cluster refuses it.
        """
        name = pod["metadata"]["name"]
        try:
            with self.translated(f"create pod {name}"):
                # Strict: Kubernetes refuses a field that it does not know, where it would otherwise drop it in silence.
                self.api.create_namespaced_pod(
                    self.namespace, pod, field_validation="Strict", _request_timeout=TIMEOUT_SECONDS
                )
        except _Conflict:
            return False
        return True

    def read(self, name: str) -> PodState | None:
        """Return a pod's state; None if no pod has that name."""
        try:
            with self.translated(f"read pod {name}"):
                return state_of(self.api.read_namespaced_pod(name, self.namespace, _request_timeout=TIMEOUT_SECONDS))
        except _NotThere:
            return None

    def pods_of(self, identity: PodIdentity) -> list[PodState]:
        """Return the pods of every attempt at a task, the oldest first."""
        return self._list(identity.selector)

    def _list(self, selector: str) -> list[PodState]:
        with self.translated("list the task's pods"):
            found = self.api.list_namespaced_pod(
                self.namespace, label_selector=selector, _request_timeout=TIMEOUT_SECONDS
            )
        return sorted(map(state_of, found.items), key=lambda state: (state.created, state.generation))

    def step_pods(self) -> list[tuple[PodState, dict[str, str]]]:
        """Return every pod of every step in the namespace, each with its labels and annotations."""
        with self.translated("list the steps' pods"):
            found = self.api.list_namespaced_pod(
                self.namespace, label_selector=ALL_STEPS, _request_timeout=TIMEOUT_SECONDS
            )
        return [(state_of(pod), (pod.metadata.labels or {}) | (pod.metadata.annotations or {})) for pod in found.items]

    def delete(self, name: str, grace_seconds: int | None = None) -> None:
        """Delete a pod, with its own grace period unless another is given; do nothing if it is gone."""
        grace = {} if grace_seconds is None else {"grace_period_seconds": grace_seconds}
        with suppress(_NotThere), self.translated(f"delete pod {name}"):
            self.api.delete_namespaced_pod(name, self.namespace, **grace, _request_timeout=TIMEOUT_SECONDS)

    def remove(self, state: PodState, grace_seconds: int | None = None) -> None:
        """Delete a pod that no attempt shall look at again; mark it, too, if a finalizer will keep it there."""
        if state.is_held:
            self._mark(state.name)
        self.delete(state.name, grace_seconds)

    def retire(self, state: PodState) -> None:
        """Mark a failed pod's result as taken and keep the pod for a look, or delete it."""
        hours = kubernetes_settings().kubernetes_keep_failed_hours
        # Judged by the step's container: the phase may still be that of a running pod.
        is_over = state.is_ended and not state.has_others_at_work and not state.is_stopping
        if hours == 0 or not is_over:
            self.remove(state)
            return
        if self._mark(state.name):
            _log.info("pod %s is kept for %g h: kubectl -n %s describe pod", state.name, hours, self.namespace)

    def _mark(self, name: str) -> bool:
        """Mark a pod's result as taken; return False if the pod is gone."""
        body = {"metadata": {"labels": {TAKEN_LABEL: "true"}}}
        try:
            with self.translated(f"mark pod {name}"):
                self.api.patch_namespaced_pod(name, self.namespace, body, _request_timeout=TIMEOUT_SECONDS)
        except _NotThere:
            return False
        return True

    def log_stream(self, name: str, *, follow: bool, since_seconds: int | None, seconds: float) -> Any:
        """Open the log of the step's container, each line preceded by its timestamp.

        Args:
            name: of the pod.
            follow: wait for more lines until the container ends.
            since_seconds: leave out older lines.
            seconds: without a byte, after which the connection counts as dead.
        """
        return self.api.read_namespaced_pod_log(
            name,
            self.namespace,
            container=CONTAINER,
            follow=follow,
            timestamps=True,
            **({} if since_seconds is None else {"since_seconds": since_seconds}),
            _preload_content=False,
            _request_timeout=(TIMEOUT_SECONDS[0], seconds),
        )

    def last_lines(self, name: str) -> str | None:
        """Return the end of a pod's log; None if it can no longer be read."""
        try:
            with self.translated(f"read the log of pod {name}"):
                answer = self.api.read_namespaced_pod_log(
                    name,
                    self.namespace,
                    container=CONTAINER,
                    tail_lines=_ANSWER_LINES,
                    _preload_content=False,
                    _request_timeout=TIMEOUT_SECONDS,
                )
                text: bytes = answer.read()
        except StepFailed as failure:
            _log.warning("%s", failure)
            return None
        return text.decode(errors="replace")

    def events(self, name: str) -> list[str]:
        """Return the cluster's events about a pod, the newest last; nothing if they cannot be read."""
        try:
            with self.translated(f"list the events of pod {name}"):
                found = self.api.list_namespaced_event(
                    self.namespace, field_selector=f"involvedObject.name={name}", _request_timeout=TIMEOUT_SECONDS
                )
        except StepFailed as failure:
            _log.warning("%s", failure)
            return []
        # The API server sorts them by name.
        events = sorted(found.items, key=lambda event: str(event.last_timestamp or event.event_time or ""))
        return [f"{event.type} {event.reason}: {event.message}" for event in events]

    def sweep(self, pipeline: str, now: datetime) -> None:
        """Delete a pipeline's ended pods that were kept long enough."""
        for state in self._list(f"{PIPELINE_LABEL}={label_value(pipeline)}"):
            if is_kept_long_enough(state, now):
                _log.info("deleting pod %s, which ended at %s", state.name, state.ended)
                self.delete(state.name)

    def with_retries(self, action: Callable[[], _Value], check: Callable[[], None]) -> _Value:
        """Repeat an action while the API server is unavailable, overloaded or has an error of its own.

        Args:
            action: a call of this cluster.
            check: is called before each repetition; may raise to give up.

        Raises:
            StepFailed: the API server stayed unavailable, or refuses.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return action()
            except QuotaExceeded:
                raise
            except StepFailed as failure:
                if failure.kind is not FailureKind.TRY_AGAIN or time.monotonic() > deadline:
                    raise
                _log.warning("%s; asking again", failure)
            pause = time.monotonic() + 1
            while time.monotonic() < pause:
                check()
                time.sleep(0.1)

    @contextmanager
    def translated(self, what: str) -> Iterator[None]:
        """Turn the client's errors into StepFailed; ``what`` names the action.

        Raises:
            StepFailed: BAD_REQUEST where the cluster refuses the request as such, else TRY_AGAIN.
        """
        try:
            yield
        except ApiException as error:
            if error.status == 401:
                self.api = self._connect()  # the token has expired; read the new one
            raise _failure(f"Kubernetes: cannot {what} in namespace {self.namespace}", error) from error
        except (HTTPError, OSError) as error:
            raise StepFailed(f"Kubernetes: cannot {what}: {error}", FailureKind.TRY_AGAIN) from error


class _NotThere(StepFailed):
    """404."""


class _Conflict(StepFailed):
    """409: there is one of that name."""


def _failure(what: str, error: ApiException) -> StepFailed:
    said = _message(error)
    message, status = f"{what}: {said}", error.status or 0
    if status == 403 and "exceeded quota" in said:
        return QuotaExceeded(f"{message}; raise the ResourceQuota, or lower the step's resources in the catalog")
    if status == 403 and "cannot " in said and " resource " in said:
        message += "; grant it to the worker's service account (docs/kubernetes.md, RBAC)"
    if status == 404 and "namespaces" in said:
        return StepFailed(f"{message}; create it, or correct KUBERNETES_NAMESPACE", FailureKind.BAD_REQUEST)
    if status == 404:
        return _NotThere(message, FailureKind.TRY_AGAIN)
    if status == 409 and "already exists" in said:
        return _Conflict(message, FailureKind.TRY_AGAIN)
    refused = 400 <= status < 500 and status not in (401, 408, 409, 429)
    return StepFailed(message, FailureKind.BAD_REQUEST if refused else FailureKind.TRY_AGAIN)


def _message(error: ApiException) -> str:
    """Return the sentence in the API server's answer, or what there is instead."""
    with suppress(ValueError, TypeError, AttributeError):
        return str(json.loads(error.body)["message"])
    with suppress(KeyError):
        return f"{error.status} {error.reason}"
    return str(error.status)
