"""Provide MLflow and data for the five steps on a cluster, where the environment names neither.

MLflow is then a pod of the training image, and each step's pod writes the sample data into a folder of its own before
the step begins: the same pictures each time, and so the same digest. Only pods reach either; the tests need not.
"""

import os
from typing import TYPE_CHECKING, Any

from kubernetes.client.exceptions import ApiException

from include.pipelines.runtimes.kubernetes.state import CONTAINER, state_of

from .steps import wait_for

if TYPE_CHECKING:
    from .lab import Lab

DAY = "2026-01-01"
RESOURCES: dict[str, Any] = {"cpu": 1, "memory": "2Gi", "shm": "256Mi"}
"""Of each of the five steps: nodes may be small, and training on the sample data takes 1.3 GiB."""

_MLFLOW, _PORT, _START_SECONDS = "mlflow", 5000, 240
_DATASETS = "/datasets"
_TMP = {"name": "tmp", "mountPath": "/tmp"}


def plain_pod(name: str, image: str, **container: Any) -> dict[str, Any]:
    """Return a pod of the training image that is no step's, as Pod Security "restricted" asks for."""
    limits = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "2Gi"}}
    mounts = [{"name": "scratch", "mountPath": "/scratch"}, _TMP]
    own = _confined(CONTAINER, image) | {"resources": limits, "volumeMounts": mounts}
    rights = {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 0, "fsGroup": 1000}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "serviceAccountName": "nightshift-trainer",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 1,
            "securityContext": rights | {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [own | container],
            "volumes": [{"name": name, "emptyDir": {}} for name in ("scratch", "tmp")],
        },
    }


def _confined(name: str, image: str) -> dict[str, Any]:
    rights = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    return {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", "securityContext": rights}


def dataset_uri() -> str:
    """Where the sample data are below DATASET_ROOT."""
    return os.environ.get("TEST_DATASET_URI", "digits") if os.environ.get("TEST_DATASET_ROOT") else DAY


def steps_template(image: str) -> dict[str, Any]:
    """Return the pod template of the five steps: empty, or with a container that writes the data."""
    template: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod"}
    if os.environ.get("TEST_DATASET_ROOT"):
        return template
    place = {"name": "datasets", "mountPath": _DATASETS}
    writer = _confined("data", image) | {
        "args": ["sample-data", "--root", _DATASETS, "--pictures", "48", "--days", DAY],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "1Gi"}},
        "volumeMounts": [place, _TMP],
    }
    reader = {"name": CONTAINER, "volumeMounts": [place | {"readOnly": True}]}
    volumes = [{"name": "datasets", "emptyDir": {}}]
    return template | {"spec": {"initContainers": [writer], "containers": [reader], "volumes": volumes}}


def provide_services(lab: "Lab", image: str) -> None:
    """Start what the environment does not name, once in a namespace, and tell the steps of it."""
    settings = {}
    if not os.environ.get("TEST_MLFLOW_TRACKING_URI"):
        settings["MLFLOW_TRACKING_URI"] = _mlflow(lab, image)
    if not os.environ.get("TEST_DATASET_ROOT"):
        settings["DATASET_ROOT"] = _DATASETS
    lab.core.patch_namespaced_config_map("nightshift-trainer", lab.namespace, {"data": settings})


def _mlflow(lab: "Lab", image: str) -> str:
    """Return the address of the namespace's MLflow as pods reach it."""
    try:
        lab.core.create_namespaced_pod(lab.namespace, _mlflow_pod(image))
    except ApiException as error:
        if error.status != 409:
            raise
    wait_for(lambda: _is_ready(lab), "MLflow is not ready", _START_SECONDS)
    address = lab.core.read_namespaced_pod(_MLFLOW, lab.namespace).status.pod_ip
    return f"http://[{address}]:{_PORT}" if ":" in address else f"http://{address}:{_PORT}"


def _is_ready(lab: "Lab") -> bool:
    pod = lab.core.read_namespaced_pod(_MLFLOW, lab.namespace)
    assert not state_of(pod).is_ended, f"MLflow has ended: {lab.log(_MLFLOW)[-2000:]}"
    return any((each.type, each.status) == ("Ready", "True") for each in pod.status.conditions or [])


def _mlflow_pod(image: str) -> dict[str, Any]:
    hosts = ("$(POD_IP)", f"$(POD_IP):{_PORT}", f"[$(POD_IP)]:{_PORT}")
    return plain_pod(
        _MLFLOW,
        image,
        command=["/usr/bin/tini", "--", "mlflow", "server"],
        args=[
            *("--host=0.0.0.0", f"--port={_PORT}", f"--allowed-hosts={','.join(hosts)}", "--workers=1"),
            "--backend-store-uri=sqlite:////scratch/mlflow.db",
            *("--serve-artifacts", "--artifacts-destination=/scratch/artifacts"),
        ],
        env=[
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "value": "false"},
        ],
        readinessProbe={"httpGet": {"path": "/health", "port": _PORT}, "periodSeconds": 2, "timeoutSeconds": 5},
    )
