"""A namespace of its own on a real cluster, for `make test-kubernetes`: restricted, with the rights a worker needs.

The cluster is the one that TEST_KUBECONFIG, else KUBECONFIG or ~/.kube/config names; its user must be allowed to make
namespaces. No DNS, registry or storage class is needed: the image is there or is pulled by an explicit tag.
"""

import base64
import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes import client as k8s
from kubernetes import config
from kubernetes.client.exceptions import ApiException
from kubernetes.config.config_exception import ConfigException
from kubernetes.stream import stream
from urllib3.exceptions import HTTPError

from include.pipelines.runtimes.kubernetes.spec.identity import ALL_STEPS
from include.pipelines.runtimes.kubernetes.state import CONTAINER, state_of
from include.pipelines.settings import read_settings

from .services import plain_pod, provide_services
from .steps import wait_for

RULES = (
    ("pods", ("create", "get", "list", "patch", "delete")),
    ("pods/log", ("get",)),
    ("events", ("list",)),
)
"""What docs/kubernetes.md and the chart grant to a worker."""

IMAGE = os.environ.get("TEST_KUBERNETES_IMAGE") or os.environ.get("TRAINER_IMAGE") or "nightshift-trainer:0.1.0"
_STEP_VARIABLES = ("AWS_", "S3_", "MLFLOW_")
_NAME = "nightshift-test-"
_LEFT_OVER = timedelta(hours=2)
_PULL_SECONDS, _ERROR_SECONDS = 600, 60


class Lab:
    """The namespace, seen by the cluster's administrator."""

    def __init__(self, configuration: k8s.Configuration, namespace: str) -> None:
        self.configuration, self.namespace = configuration, namespace
        api = k8s.ApiClient(configuration)
        self.core, self.rights, self.policy = k8s.CoreV1Api(api), k8s.RbacAuthorizationV1Api(api), k8s.PolicyV1Api(api)

    def needs_version(self, minor: int, what: str) -> None:
        """Skip the test on a cluster that is older than what it looks at."""
        version = k8s.VersionApi(k8s.ApiClient(self.configuration)).get_code()
        if (int(version.major), int(re.sub(r"\D", "", version.minor))) < (1, minor):
            pytest.skip(f"{what} came with Kubernetes 1.{minor}; this cluster is {version.git_version}")

    def pods(self) -> list[k8s.V1Pod]:
        """Return the steps' pods."""
        return list(self.core.list_namespaced_pod(self.namespace, label_selector=ALL_STEPS).items)

    def working(self) -> set[str]:
        """Return the names of the pods that have not been deleted."""
        return {pod.metadata.name for pod in self.pods() if pod.metadata.deletion_timestamp is None}

    def pod(self) -> k8s.V1Pod:
        (pod,) = self.pods()
        return pod

    def is_running(self) -> bool:
        pods = self.pods()
        return len(pods) == 1 and pods[0].status.phase == "Running" and self.log(pods[0].metadata.name) != ""

    def log(self, name: str, container: str = CONTAINER) -> str:
        """Return what a pod's step, or another container, printed; nothing of one that has not begun, or is gone."""
        try:
            # Without preload: the client's own decoding makes the letters b'...' of bytes.
            answer = self.core.read_namespaced_pod_log(
                name, self.namespace, container=container, _preload_content=False
            )
        except ApiException as error:
            if error.status not in (400, 404):
                raise
            return ""
        return str(answer.data.decode())

    def remove_pods(self) -> None:
        """Delete every pod at once, some of which may be on their way out already."""
        for pod in self.pods():
            try:
                self.core.delete_namespaced_pod(pod.metadata.name, self.namespace, grace_period_seconds=0)
            except ApiException as error:
                if error.status != 404:
                    raise

    def tell_step(self, name: str, pod: str = "") -> None:
        """Make a file in the step's scratch space."""
        stream(
            self.core.connect_get_namespaced_pod_exec,
            pod or self.pod().metadata.name,
            self.namespace,
            container="base",
            command=["touch", f"/scratch/{name}"],
            stderr=True,
            stdout=True,
        )

    def evict(self, name: str) -> None:
        """Do what a drain does with each pod of its node."""
        eviction = k8s.V1Eviction(metadata=k8s.V1ObjectMeta(name=name, namespace=self.namespace))
        self.core.create_namespaced_pod_eviction(name, self.namespace, eviction)

    def grant(self, rules: tuple[tuple[str, tuple[str, ...]], ...] = RULES) -> None:
        """Give the worker exactly these rights, and wait until the API server goes by them."""
        role = k8s.V1Role(
            metadata=k8s.V1ObjectMeta(name="worker"),
            rules=[
                k8s.V1PolicyRule(api_groups=[""], resources=[name], verbs=list(verbs)) for name, verbs in rules if verbs
            ],
        )
        try:
            self.rights.replace_namespaced_role("worker", self.namespace, role)
        except ApiException as error:
            if error.status != 404:
                raise
            self.rights.create_namespaced_role(self.namespace, role)
        granted = {(name, verb) for name, verbs in rules for verb in verbs}
        every = {(name, verb) for name, verbs in RULES for verb in verbs}
        wait_for(lambda: {each for each in every if self._may(*each)} == granted, f"the rights are not {granted}")

    def _may(self, name: str, verb: str) -> bool:
        """Ask the API server, as the worker, whether it may do something."""
        resource, _, part = name.partition("/")
        asked = k8s.V1ResourceAttributes(
            group="", namespace=self.namespace, resource=resource, subresource=part or None, verb=verb
        )
        review = k8s.V1SelfSubjectAccessReview(spec=k8s.V1SelfSubjectAccessReviewSpec(resource_attributes=asked))
        answer = self._workers_own.create_self_subject_access_review(review)
        return bool(answer.status.allowed)

    @cached_property
    def _workers_own(self) -> k8s.AuthorizationV1Api:
        return k8s.AuthorizationV1Api(config.new_client_from_config_dict(self.worker_config()))

    def set_up(self) -> None:
        """Make service accounts, their rights, and what a step's variables come from."""
        for name in ("worker", "nightshift-trainer"):
            self.core.create_namespaced_service_account(
                self.namespace, k8s.V1ServiceAccount(metadata=k8s.V1ObjectMeta(name=name))
            )
        subject = k8s.RbacV1Subject(kind="ServiceAccount", name="worker", namespace=self.namespace)
        binding = k8s.V1RoleBinding(
            metadata=k8s.V1ObjectMeta(name="worker"),
            subjects=[subject],
            role_ref=k8s.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name="worker"),
        )
        self.rights.create_namespaced_role_binding(self.namespace, binding)
        self.grant()
        named = k8s.V1ObjectMeta(name="nightshift-trainer")
        plain = {
            "MLFLOW_TRACKING_URI": os.environ.get("TEST_MLFLOW_TRACKING_URI", "http://127.0.0.1:9"),
            "DATASET_ROOT": os.environ.get("TEST_DATASET_ROOT", "/nowhere"),
            "TRAINER_DEVICE": os.environ.get("TEST_TRAINER_DEVICE", "cpu"),
        }
        self.core.create_namespaced_config_map(self.namespace, k8s.V1ConfigMap(metadata=named, data=plain))
        secret = {name: value for name, value in os.environ.items() if name.startswith(_STEP_VARIABLES)}
        secret = {name: value for name, value in secret.items() if name not in plain}
        encoded = {name: base64.b64encode(value.encode()).decode() for name, value in secret.items()}
        self.core.create_namespaced_secret(self.namespace, k8s.V1Secret(metadata=named, data=encoded))

    def worker_config(self) -> dict[str, Any]:
        """A kube config with the worker's own token, so that its rights are what is tested."""
        spec = k8s.V1TokenRequestSpec(audiences=[], expiration_seconds=7200)
        request = k8s.AuthenticationV1TokenRequest(spec=spec)
        answer = self.core.create_namespaced_service_account_token("worker", self.namespace, request)
        server: dict[str, Any] = {"server": self.configuration.host}
        if self.configuration.ssl_ca_cert:
            server["certificate-authority-data"] = base64.b64encode(
                Path(self.configuration.ssl_ca_cert).read_bytes()
            ).decode()
        if not self.configuration.verify_ssl:
            server["insecure-skip-tls-verify"] = True
        if self.configuration.tls_server_name:
            server["tls-server-name"] = self.configuration.tls_server_name
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "worker",
            "clusters": [{"name": "lab", "cluster": server}],
            "users": [{"name": "worker", "user": {"token": answer.status.token}}],
            "contexts": [{"name": "worker", "context": {"cluster": "lab", "user": "worker"}}],
        }


@contextmanager
def laboratory(*, runs_steps: bool = True) -> Iterator[Lab]:
    """Make the namespace and remove it at the end; skips the test, saying why, if no cluster answers."""
    chosen = k8s.Configuration()
    chosen.retries = 1
    try:
        config.load_kube_config(
            config_file=os.environ.get("TEST_KUBECONFIG") or os.environ.get("KUBECONFIG"), client_configuration=chosen
        )
        k8s.VersionApi(k8s.ApiClient(chosen)).get_code(_request_timeout=10)
    except (ConfigException, OSError, HTTPError, ApiException) as error:
        if os.environ.get("TEST_KUBECONFIG"):
            raise
        pytest.skip(f"no Kubernetes cluster answers here ({error}); name one by TEST_KUBECONFIG or KUBECONFIG")
    lab = Lab(chosen, f"{_NAME}{uuid.uuid4().hex[:8]}")
    remove_left_overs(lab.core)
    enforce = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    named = k8s.V1ObjectMeta(name=lab.namespace, labels=enforce)
    lab.core.create_namespace(k8s.V1Namespace(metadata=named))
    try:
        lab.set_up()
        if runs_steps:
            needs_image(lab)
        yield lab
    finally:
        lab.core.delete_namespace(lab.namespace)


def remove_left_overs(core: k8s.CoreV1Api) -> None:
    """Delete the namespaces of test runs that were killed."""
    for namespace in core.list_namespace().items:
        found = namespace.metadata
        is_ours = re.fullmatch(rf"{_NAME}[0-9a-f]{{8}}", found.name) and found.deletion_timestamp is None
        if is_ours and datetime.now(UTC) - found.creation_timestamp > _LEFT_OVER:
            try:
                core.delete_namespace(found.name)
            except ApiException as error:
                if error.status not in (404, 409):  # another run removes it, too
                    raise


def needs_image(lab: Lab) -> None:
    """Fail, saying why, unless a node runs the training image; it may have to fetch it first. Tried once a session."""
    if not _image_said:
        _image_said.append(_image_problem(lab))
    if _image_said[0]:
        pytest.fail(
            f"image {IMAGE} (TEST_KUBERNETES_IMAGE) does not run on the cluster: {_image_said[0]}", pytrace=False
        )


_image_said: list[str] = []


def _image_problem(lab: Lab) -> str:
    lab.core.create_namespaced_pod(lab.namespace, plain_pod("image", IMAGE, args=["--version"]))
    begin, wrong_since = time.monotonic(), 0.0
    while not (state := state_of(lab.core.read_namespaced_pod("image", lab.namespace))).is_ended:
        now, wrong = time.monotonic(), state.start_error or ("" if state.is_scheduled else state.scheduling)
        wrong_since = (wrong_since or now) if wrong else 0.0
        if state.is_start_hopeless or (wrong and now - wrong_since > _ERROR_SECONDS) or now - begin > _PULL_SECONDS:
            return wrong or f"it has not begun after {_PULL_SECONDS} s"
        time.sleep(0.5)
    return (
        ""
        if state.exit_code == 0
        else f"it is no training image: {lab.log('image')[-500:] or state.termination_message}"
    )


def worker_environment(lab: Lab, folder: Path) -> dict[str, str]:
    """The settings of a worker of the laboratory, whose kube config is written to a folder."""
    kube_config = folder / "kube-config"
    kube_config.write_text(yaml.safe_dump(lab.worker_config()))
    return {
        "KUBECONFIG": str(kube_config),
        "KUBERNETES_NAMESPACE": lab.namespace,
        "KUBERNETES_CACHE": "empty:2Gi",
        "KUBERNETES_PRIORITY_CLASS": "",
        "KUBERNETES_BACKFILL_PRIORITY_CLASS": "",
        "KUBERNETES_SCHEDULE_SECONDS": "90",  # so that a task says what it lacks before its test is out of time
        "TRAINER_IMAGE": IMAGE,
    }


def point_at(lab: Lab, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set this process's settings to the laboratory, as a worker of it."""
    for name, value in worker_environment(lab, folder).items():
        monkeypatch.setenv(name, value)
    read_settings.cache_clear()


def provide(lab: Lab) -> None:
    """Have the laboratory's steps find MLflow and the data."""
    provide_services(lab, IMAGE)
