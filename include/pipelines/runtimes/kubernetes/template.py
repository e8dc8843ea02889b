"""A platform team's own Pod, laid over a step's: what it adds is added, what it contradicts is an error.

Lists whose items have a name (containers, volumes, variables, mounts) are merged item by item, as Kubernetes' strategic
merge does; tolerations and sources of variables are added; any other list is one value.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from include.pipelines.errors import StepFailed
from include.pipelines.settings import BUNDLE_ROOT
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
_ADDED = ("tolerations", "envFrom")


def laid_over(own: dict[str, Any], template: str) -> dict[str, Any]:
    """Return the step's pod with the template's file, if there is one, laid over it.

    Raises:
        StepFailed: the file cannot be read, is no Pod, or sets what the step sets; every such field is named.
    """
    if not template:
        return own
    conflicts: list[str] = []
    merged = _mapping(own, _read(template), "", conflicts)
    if conflicts:
        raise StepFailed(
            f"pod template {template} (KUBERNETES_POD_TEMPLATE) contradicts what the step sets: "
            f"{'; '.join(conflicts)}; take it out of the template, or change the setting or catalog field behind it",
            FailureKind.BAD_REQUEST,
        )
    return merged


def _read(template: str) -> dict[str, Any]:
    path = BUNDLE_ROOT / Path(template)
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StepFailed(
            f"pod template {path} (KUBERNETES_POD_TEMPLATE) cannot be read: {error}", FailureKind.BAD_REQUEST
        ) from error
    if not isinstance(found, dict) or (found.get("kind"), found.get("apiVersion")) != ("Pod", "v1"):
        raise StepFailed(
            f"pod template {path} (KUBERNETES_POD_TEMPLATE): expected a Pod, with apiVersion: v1 and kind: Pod",
            FailureKind.BAD_REQUEST,
        )
    return found


def _mapping(own: dict[str, Any], theirs: dict[str, Any], path: str, conflicts: list[str]) -> dict[str, Any]:
    merged = dict(own)
    for key, value in theirs.items():
        field = f"{path}.{key}" if path else str(key)
        merged[key] = _value(str(key), own[key], value, field, conflicts) if key in own else value
    return merged


def _value(key: str, own: Any, theirs: Any, path: str, conflicts: list[str]) -> Any:
    if isinstance(own, dict) and isinstance(theirs, dict):
        return _mapping(own, theirs, path, conflicts)
    if isinstance(own, list) and isinstance(theirs, list):
        if key in _ADDED:
            return [*own, *(item for item in theirs if item not in own)]
        if key in _NAMED_BY:
            return list(_items(own, theirs, _NAMED_BY[key], path, conflicts))
    if own != theirs:
        conflicts.append(f"{path}: the template has {_shown(theirs)}, the step {_shown(own)}")
    return own


def _items(own: list[Any], theirs: list[Any], name: str, path: str, conflicts: list[str]) -> Iterator[Any]:
    added = {item.get(name): item for item in theirs if isinstance(item, dict)}
    if len(added) != len(theirs):
        conflicts.append(f"{path}: the template's items need a {name} each, no two the same")
    for item in own:
        counterpart = added.pop(item[name], None)
        if counterpart is None:
            yield item
        elif path == "spec.volumes" and set(counterpart) - set(item):
            conflicts.append(f"{path}[{item[name]}]: the template has another kind of volume of that name")
        else:
            yield _mapping(item, counterpart, f"{path}[{item[name]}]", conflicts)
    yield from added.values()


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
