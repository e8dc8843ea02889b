"""Render the charts as data with Helm's own library, with a matrix of values that covers every switch."""

import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from kubernetes_validate.utils import schema_contents
from referencing import Registry, Resource

ROOT = Path(__file__).resolve().parents[2]
CHARTS = ROOT / "charts"
KUBERNETES_VERSIONS = tuple(f"1.{minor}.0" for minor in range(30, 37))
NAMES = {"training": "nightshift", "mlflow": "nightshift-mlflow"}
FOREIGN_KINDS = {"ExternalSecret", "ServiceMonitor"}
"""Kinds of operators that a cluster may have; Kubernetes itself has no schema of them."""

Manifest = dict[str, Any]


def tool(name: str) -> ModuleType:
    """Import a script of .ci, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


render_chart = tool("render_chart")
chart_values = tool("chart_values")


def values_file(chart: str, name: str) -> dict[str, Any]:
    """Read a values file of a chart."""
    loaded: dict[str, Any] = yaml.safe_load((CHARTS / chart / name).read_text(encoding="utf-8"))
    return loaded


def render(chart: str, *layers: dict[str, Any], namespace: str = "nightshift") -> list[Manifest]:
    """Render a chart with values laid over each other."""
    values: dict[str, Any] = {}
    for layer in layers:
        values = render_chart.overlaid(values, layer)
    return list(render_chart.rendered(chart, values, NAMES[chart], namespace))


def only(manifests: list[Manifest], kind: str, name: str | None = None) -> Manifest:
    """Return the one manifest of a kind and, if given, a name."""
    (found,) = [one for one in manifests if one["kind"] == kind and name in (None, one["metadata"]["name"])]
    return found


DATABASE = {"database": {"host": "db.example.com"}}
BACKUP = {"backup": {"enabled": True, "s3": {"bucket": "backups"}}}
CREDENTIALS = {
    "MLFLOW_AUTH_ADMIN_PASSWORD": "admins-password",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "sessions-signature",
    "PGPASSWORD": "databases-password",
    "AWS_ACCESS_KEY_ID": "store-key",
    "AWS_SECRET_ACCESS_KEY": "store-secret",
}
EVERYTHING_TRAINING: dict[str, Any] = {
    "namespace": {"create": True},
    "trainer": {"serviceAccount": {"annotations": {"a/b": "c"}, "imagePullSecrets": ["registry"]}},
    "extraSettings": {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "9"},
    "credentials": {"values": {"MLFLOW_TRACKING_USERNAME": "admin", "MLFLOW_TRACKING_PASSWORD": "trainers-password"}},
    "cache": {"storageClassName": "", "volumeName": "disk"},
    "networkPolicy": {
        "mlflow": {"cidrs": ["10.1.2.3/32"]},
        "s3": {"cidrs": ["0.0.0.0/0"], "except": ["169.254.0.0/16"]},
        "extraEgress": [{"to": [{"ipBlock": {"cidr": "10.9.9.9/32"}}]}],
    },
}
NOTHING_TRAINING: dict[str, Any] = {
    "trainer": {"serviceAccount": {"create": False}},
    "launcher": {"create": False},
    "cache": {"create": False},
    "quota": {"enabled": False},
    "limitRange": {"enabled": False},
    "priorityClasses": {"create": False},
    "disruptionBudget": {"enabled": False},
    "networkPolicy": {"enabled": False},
}
EVERYTHING_MLFLOW: dict[str, Any] = {
    "priorityClassName": "nightshift-services",
    "imagePullSecrets": ["registry"],
    "server": {"extraEnv": {"MLFLOW_LOGGING_LEVEL": "DEBUG"}, "allowedHosts": ["mlflow.example.org"]},
    "service": {"clusterIP": "10.96.0.10", "annotations": {"a/b": "c"}},
    "ingress": {"enabled": True, "host": "mlflow.example.com", "className": "nginx", "tlsSecret": "certificate"},
    "credentials": {"values": CREDENTIALS},
    "serviceAccount": {"annotations": {"a/b": "c"}},
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["db"]}],
    "networkPolicy": {"from": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "nightshift-trainer"}}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "postgresql": {"enabled": True, "clusterIP": "10.96.0.11", "persistence": {"storageClassName": ""}},
    "seaweedfs": {"enabled": True, "clusterIP": "10.96.0.12", "persistence": {"enabled": False}},
    **BACKUP,
}
MATRIX: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "training": ("training", []),
    "training, EKS": ("training", [values_file("training", "values-eks.yaml")]),
    "training, local": ("training", [values_file("training", "values-local.yaml")]),
    "training, everything": ("training", [EVERYTHING_TRAINING]),
    "training, nothing": ("training", [NOTHING_TRAINING]),
    "mlflow": ("mlflow", [DATABASE]),
    "mlflow, EKS": ("mlflow", [values_file("mlflow", "values-eks.yaml")]),
    "mlflow, dev": ("mlflow", [values_file("mlflow", "values-dev.yaml")]),
    "mlflow, everything": ("mlflow", [EVERYTHING_MLFLOW]),
    "mlflow, restore": ("mlflow", [EVERYTHING_MLFLOW, {"restore": {"from": "2026-11-21T193000Z", "replace": True}}]),
    "mlflow, no volumes": (
        "mlflow",
        [values_file("mlflow", "values-dev.yaml"), {"postgresql": {"persistence": {"enabled": False}}}],
    ),
}


@cache
def rendered(case: str) -> tuple[Manifest, ...]:
    """Render one case of the matrix."""
    chart, layers = MATRIX[case]
    return tuple(render(chart, *layers))


def pod_specs(manifests: tuple[Manifest, ...] | list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yield the spec of each pod that the manifests make, with its owner's kind and name."""
    for manifest in manifests:
        owner = f"{manifest['kind']}/{manifest['metadata']['name']}"
        match manifest["kind"]:
            case "Deployment" | "StatefulSet" | "Job":
                yield owner, manifest["spec"]["template"]["spec"]
            case "CronJob":
                yield owner, manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def containers(pod: Manifest) -> list[Manifest]:
    """Return all containers of a pod."""
    return [*pod.get("initContainers", ()), *pod["containers"]]


@cache
def _registry(version: str) -> Registry[Any]:
    definitions = schema_contents(f"kubernetes-json-schema/v{version}-local-strict/_definitions.json", version)
    return Resource.from_contents(definitions) @ Registry()


@cache
def _validator(version: str, kind: str, api_version: str) -> Draft202012Validator:
    # As the package names its files: without the group's domain.
    group, _, plain = api_version.rpartition("/")
    name = f"{kind}-{group.partition('.')[0]}-{plain}" if group else f"{kind}-{plain}"
    schema = schema_contents(f"kubernetes-json-schema/v{version}-local-strict/{name.lower()}.json", version)
    return Draft202012Validator(schema, registry=Resource.from_contents(schema) @ _registry(version))


def schema_errors(manifest: Manifest, version: str) -> list[str]:
    """Return what a version of Kubernetes does not accept in a manifest, unknown fields included."""
    validator = _validator(version, manifest["kind"], manifest["apiVersion"])
    where = f"{manifest['kind']}/{manifest['metadata']['name']}"
    return [f"{where}: {error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


def as_text(manifest: Manifest) -> str:
    """Return a manifest as one line."""
    return json.dumps(manifest, ensure_ascii=False)
