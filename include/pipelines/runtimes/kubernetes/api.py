"""The cluster as the kubernetes runtime needs it: make, find, read, retire and delete a step's pods.

The calls it makes, and so the rights it needs: pods create, get, list, patch, delete; pods/log get; events list. The
only importer of the Kubernetes client's calls; its errors become StepFailed.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

from kubernetes import client as k8s
from kubernetes import config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from urllib3.exceptions import HTTPError

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.pod import ALL_STEPS, PIPELINE_LABEL, PodIdentity, label_value
from include.pipelines.runtimes.kubernetes.settings import kubernetes_settings
from include.pipelines.runtimes.kubernetes.state import CONTAINER, TAKEN_LABEL, PodState, state_of
from include.step_contract.failure import FailureKind

PATIENCE_SECONDS = 300
"""How long the API server may be away before the task gives up watching."""

TIMEOUT_SECONDS = (5, 30)
"""For a connection, and for the next bytes of an answer."""

_ANSWER_LINES = 500
_UNTAKEN_DAYS = 7
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)


class QuotaExceeded(StepFailed):
    """The namespace's ResourceQuota leaves no room for the pod; it may later."""

    def __init__(self, message: str) -> None:
        """Another try may find room."""
        super().__init__(message, FailureKind.TRY_AGAIN)


def is_kept_long_enough(state: PodState, now: datetime, *, is_over: bool = False) -> bool:
    """Tell whether an ended pod may go: its result was taken, or nobody will, and it was kept for a look."""
    kept = timedelta(hours=kubernetes_settings().kubernetes_keep_failed_hours)
    limit = kept if state.is_taken or is_over else max(kept, timedelta(days=_UNTAKEN_DAYS))
    return state.is_ended and now - (state.ended or state.created) > limit


class Cluster:
    """The core/v1 calls of one namespace."""

    def __init__(self) -> None:
        """Connect as the deployment says.

        Raises:
            StepFailed: no cluster is configured.
        """
        self.namespace = kubernetes_settings().kubernetes_namespace
        self.api = _connect()

    def create(self, pod: Mapping[str, Any]) -> bool:
        """Create a pod; return False if there is one of that name.

        Raises:
            QuotaExceeded, StepFailed: the cluster refuses it.
        """
        name = pod["metadata"]["name"]
        try:
            with self.translated(f"create pod {name}"):
                # Strict: a field that Kubernetes does not know is an error and not left out in silence.
                self.api.create_namespaced_pod(
                    self.namespace, pod, field_validation="Strict", _request_timeout=TIMEOUT_SECONDS
                )
        except _Conflict:
            return False
        return True

    def read(self, name: str) -> PodState | None:
        """Return a pod's state; None if there is none of that name."""
        try:
            with self.translated(f"read pod {name}"):
                return state_of(self.api.read_namespaced_pod(name, self.namespace, _request_timeout=TIMEOUT_SECONDS))
        except _NotThere:
            return None

    def pods_of(self, identity: PodIdentity) -> list[PodState]:
        """Return the pods of every try of a task, the oldest first."""
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
        """Delete a pod, with its own grace unless another is given; one that is gone is fine."""
        grace = {} if grace_seconds is None else {"grace_period_seconds": grace_seconds}
        with suppress(_NotThere), self.translated(f"delete pod {name}"):
            self.api.delete_namespaced_pod(name, self.namespace, **grace, _request_timeout=TIMEOUT_SECONDS)

    def remove(self, state: PodState, grace_seconds: int | None = None) -> None:
        """Delete a pod that no try shall look at again; one that a finalizer holds is marked, for it stays there."""
        if state.is_held:
            self._mark(state.name)
        self.delete(state.name, grace_seconds)

    def retire(self, state: PodState) -> None:
        """Mark a failed pod as one whose result was taken and keep it for a look, or delete it."""
        hours = kubernetes_settings().kubernetes_keep_failed_hours
        # By its own container, since the phase may still be that of a running pod.
        is_over = state.is_ended and not state.has_others_at_work and not state.is_stopping
        if hours == 0 or not is_over:
            self.remove(state)
            return
        if self._mark(state.name):
            _log.info("pod %s is kept for %g h: kubectl -n %s describe pod", state.name, hours, self.namespace)

    def _mark(self, name: str) -> bool:
        """Mark a pod as one whose result was taken; return False if it is gone."""
        body = {"metadata": {"labels": {TAKEN_LABEL: "true"}}}
        try:
            with self.translated(f"mark pod {name}"):
                self.api.patch_namespaced_pod(name, self.namespace, body, _request_timeout=TIMEOUT_SECONDS)
        except _NotThere:
            return False
        return True

    def log_stream(self, name: str, *, follow: bool, since_seconds: int | None, seconds: float) -> Any:
        """Open the log of the step's container, each line behind its timestamp.

        ``seconds`` is how long nothing may come before the connection counts as dead.
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
        """Return the end of a pod's log; None if it cannot be read any more."""
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
        """Return what happened to a pod, as the cluster tells it, the newest last; nothing if it does not."""
        try:
            with self.translated(f"list the events of pod {name}"):
                found = self.api.list_namespaced_event(
                    self.namespace, field_selector=f"involvedObject.name={name}", _request_timeout=TIMEOUT_SECONDS
                )
        except StepFailed as failure:
            _log.warning("%s", failure)
            return []
        # The API server sorts them by their names.
        events = sorted(found.items, key=lambda event: str(event.last_timestamp or event.event_time or ""))
        return [f"{event.type} {event.reason}: {event.message}" for event in events]

    def sweep(self, pipeline: str, now: datetime) -> None:
        """Delete a pipeline's ended pods once they were kept long enough."""
        for state in self._list(f"{PIPELINE_LABEL}={label_value(pipeline)}"):
            if is_kept_long_enough(state, now):
                _log.info("deleting pod %s, which ended at %s", state.name, state.ended)
                self.delete(state.name)

    def patiently(self, action: Callable[[], _Value], check: Callable[[], None]) -> _Value:
        """Repeat an action while the API server is away, is overloaded or has an error of its own.

        Args:
            action: a call of this cluster.
            check: is called before each attempt but the first; may raise to give up.

        Raises:
            StepFailed: it stayed away, or it refuses.
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
        """Turn the client's errors into StepFailed; ``what`` says what was tried.

        Raises:
            StepFailed: BAD_REQUEST where the cluster refuses the request as such, else TRY_AGAIN.
        """
        try:
            yield
        except ApiException as error:
            if error.status == 401:
                self.api = _connect()  # a token that has expired: read it anew
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


def _connect() -> k8s.CoreV1Api:
    connection, context = kubernetes_settings().kubernetes_connection, kubernetes_settings().kubernetes_context or None
    try:
        if connection:
            from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

            return KubernetesHook(conn_id=connection, cluster_context=context).core_v1_client
        chosen = k8s.Configuration()
        chosen.retries = 0  # ``patiently`` does that, and can be told to give up
        file = os.environ.get("KUBECONFIG")
        if context or file or not os.environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_kube_config(config_file=file or None, context=context, client_configuration=chosen)
        else:
            config.load_incluster_config(client_configuration=chosen)
    except (ConfigException, OSError) as error:
        raise StepFailed(
            f"no Kubernetes cluster is configured: {error}; run in a pod with a service account, or set KUBECONFIG or "
            "KUBERNETES_CONNECTION",
            FailureKind.BAD_REQUEST,
        ) from error
    return k8s.CoreV1Api(k8s.ApiClient(chosen))
