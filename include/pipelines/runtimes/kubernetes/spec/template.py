"""Read a platform team's pod template, and say what of it the step's pod does not have.

The provider merges template and fields, with two habits that this module makes up for: it drops what the client's
models do not know, a misspelt field for example, and it lets the operator's fields win, both in silence. It also merges
containers by their position and not by their name.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from airflow.providers.cncf.kubernetes.pod_generator import PodGenerator
from kubernetes import client as k8s

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.state import CONTAINER
from include.step_contract.failure import FailureKind

_NAMED_BY = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "ports": "containerPort",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
}


def read_template(path: Path) -> dict[str, Any]:
    """Return the pod of a template file, its step's container first.

    Raises:
        StepFailed: the file cannot be read, is no Pod, or has a field that Kubernetes does not know.
    """
    found = _with_step_first(path, _read(path))
    known = _as_the_client_reads(path, found)
    if unknown := [field for field, _, _ in _differences(found, known, "")]:
        raise _unusable(path, f"has fields that Kubernetes does not know: {', '.join(unknown)}")
    return found


def overruled_fields(template: dict[str, Any], pod: dict[str, Any]) -> list[str]:
    """Return what a template sets and the pod built from it has otherwise, each with both values."""
    return [
        f"{field}: the template has {_shown(theirs)}, the pod {_shown(own)}"
        for field, theirs, own in _differences(template, pod, "")
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise _unusable(path, f"cannot be read: {error}") from error
    if not isinstance(found, dict) or (found.get("kind"), found.get("apiVersion")) != ("Pod", "v1"):
        raise _unusable(path, "is no Pod; expected apiVersion: v1 and kind: Pod")
    return found


def _with_step_first(path: Path, template: dict[str, Any]) -> dict[str, Any]:
    spec = template.get("spec") or {}
    containers = (spec.get("containers") or []) if isinstance(spec, dict) else None
    if not isinstance(containers, list) or not all(isinstance(each, dict) for each in containers):
        raise _unusable(path, "has no usable spec.containers; expected a list of containers")
    own = next((each for each in containers if each.get("name") == CONTAINER), {"name": CONTAINER})
    others = [each for each in containers if each is not own]
    return template | {"spec": spec | {"containers": [own, *others]}}


def _as_the_client_reads(path: Path, template: dict[str, Any]) -> dict[str, Any]:
    try:
        pod = PodGenerator.deserialize_model_dict(template)
        known: dict[str, Any] = k8s.ApiClient(k8s.Configuration()).sanitize_for_serialization(pod)
    except (ValueError, TypeError, AttributeError) as error:
        raise _unusable(path, f"cannot be read as a Pod: {error}") from error
    return known


def _unusable(path: Path, why: str) -> StepFailed:
    return StepFailed(f"pod template {path} (KUBERNETES_POD_TEMPLATE) {why}", FailureKind.BAD_REQUEST)


def _differences(wanted: Any, found: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield each field of ``wanted`` that ``found`` has not, or has otherwise, with both values."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            yield from _differences(value, found.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(wanted, list) and isinstance(found, list):
        yield from _list_differences(wanted, found, path)
    elif wanted is not None and wanted != found:
        yield path, wanted, found


def _list_differences(wanted: list[Any], found: list[Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    name = _NAMED_BY.get(path.rpartition(".")[2])
    if name is None or not all(isinstance(item, dict) for item in (*wanted, *found)):
        missing = [item for item in wanted if item not in found]
        if missing:
            yield path, wanted, found
        return
    last = {item.get(name): item for item in found}
    for item in wanted:
        yield from _differences(item, last.get(item.get(name)), f"{path}[{item.get(name)}]")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
