"""Fill the fields of the provider's pod operator from a step's request and the deployment's settings.

Done at parse time, so that a cluster policy sees and changes what the pod gets. Only what depends on the DAG run is
added when the task starts: name, run labels, annotations and variables. Secrets come by reference (``env_from``): no
value of one is in the DAG, in a rendered field or in the pod.
"""

import copy
import json
from collections.abc import Iterable
from functools import cache
from types import SimpleNamespace
from typing import Any

from kubernetes import client as k8s

from include.pipelines.pending_chore import AnyRequest
from include.pipelines.runtimes.kubernetes.settings import KubernetesSettings
from include.pipelines.runtimes.kubernetes.state import CONTAINER
from include.pipelines.settings import BUNDLE_ROOT
from include.pipelines.settings import settings as shared_settings

from .identity import KEPT_ON_NODE, static_labels

SCRATCH, CACHE = "/scratch", "/cache"
QUEUE_LABEL = "kueue.x-k8s.io/queue-name"

_DEADLINE_MARGIN_SECONDS = 300


def pod_fields(request: AnyRequest, settings: KubernetesSettings) -> dict[str, Any]:
    """Return the arguments of the provider's constructor that make the step's pod."""
    return {
        **_cluster(settings),
        **_container(request, settings),
        **_place(request, settings),
        **_life(request, settings),
        "labels": static_labels(request.group, request.command) | _queue(settings),
        "annotations": dict(KEPT_ON_NODE),
        "service_account_name": settings.kubernetes_service_account or None,
        "automount_service_account_token": False,
        "security_context": _pod_rights(settings),
        "volumes": _volumes(request, settings),
        "pod_template_file": _template(settings),
        # The one field of the pod's specification that the operator has no parameter for.
        "full_pod_spec": _made(k8s.V1Pod, spec=_made(k8s.V1PodSpec, containers=[], enable_service_links=False)),
    }


def has_gpus(request: AnyRequest) -> bool:
    """Return whether the step asks for a GPU."""
    return request.resources.gpus > 0


def _cluster(settings: KubernetesSettings) -> dict[str, Any]:
    return {
        "namespace": settings.kubernetes_namespace,
        "kubernetes_conn_id": settings.kubernetes_connection or None,
        "cluster_context": settings.kubernetes_context or None,
    }


def _container(request: AnyRequest, settings: KubernetesSettings) -> dict[str, Any]:
    mounts = {"scratch": SCRATCH, "tmp": "/tmp", "shm": "/dev/shm"}  # noqa: S108  # inside the container
    if settings.kubernetes_cache != "none":
        mounts["cache"] = CACHE
    rights = _made(
        k8s.V1SecurityContext,
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=_made(k8s.V1Capabilities, drop=["ALL"]),
    )
    return {
        "base_container_name": CONTAINER,
        "image": shared_settings().trainer_image,
        "image_pull_policy": settings.kubernetes_image_pull_policy,
        "image_pull_secrets": [
            _made(k8s.V1LocalObjectReference, name=name) for name in _names(settings.kubernetes_image_pull_secrets)
        ],
        "arguments": [request.command],
        "env_from": [*_sources(settings)],
        "container_resources": _resources(request, settings),
        "volume_mounts": [_made(k8s.V1VolumeMount, name=name, mount_path=path) for name, path in mounts.items()],
        "container_security_context": rights,
    }


def _place(request: AnyRequest, settings: KubernetesSettings) -> dict[str, Any]:
    """Return the fields that decide which node takes the pod, and when."""
    gpus = has_gpus(request)
    tolerations = [*settings.kubernetes_tolerations, *(settings.kubernetes_gpu_tolerations if gpus else [])]
    affinity = settings.kubernetes_affinity
    runtime = (settings.kubernetes_gpu_runtime_class if gpus else "") or settings.kubernetes_runtime_class
    return {
        "node_selector": settings.kubernetes_node_selector | (settings.kubernetes_gpu_node_selector if gpus else {}),
        "tolerations": [_read("V1Toleration", toleration) for toleration in tolerations],
        "affinity": _read("V1Affinity", affinity) if affinity else None,
        "runtime_class_name": runtime or None,
        "priority_class_name": settings.kubernetes_priority_class or None,
    }


def _life(request: AnyRequest, settings: KubernetesSettings) -> dict[str, Any]:
    return {
        "active_deadline_seconds": 60 * request.timeout_minutes + _DEADLINE_MARGIN_SECONDS,
        "termination_grace_period": request.stop_grace_seconds,
        "schedule_timeout_seconds": settings.kubernetes_schedule_seconds,
        "startup_timeout_seconds": settings.kubernetes_startup_seconds,
        "deferrable": settings.kubernetes_deferrable,
        "logging_interval": settings.kubernetes_log_seconds,
        "random_name_suffix": False,
        "on_finish_action": "keep_pod",
    }


def _queue(settings: KubernetesSettings) -> dict[str, str]:
    return {QUEUE_LABEL: settings.kubernetes_queue} if settings.kubernetes_queue else {}


def _sources(settings: KubernetesSettings) -> Iterable[k8s.V1EnvFromSource]:
    for name in _names(settings.kubernetes_config_maps):
        yield _made(k8s.V1EnvFromSource, config_map_ref=_made(k8s.V1ConfigMapEnvSource, name=name))
    for name in _names(settings.kubernetes_secrets):
        yield _made(k8s.V1EnvFromSource, secret_ref=_made(k8s.V1SecretEnvSource, name=name))


def _resources(request: AnyRequest, settings: KubernetesSettings) -> k8s.V1ResourceRequirements:
    """Request what may be used: a pod that does not share is the last to be evicted."""
    amounts = {"cpu": f"{round(request.resources.cpu * 1000)}m", "memory": request.resources.memory}
    if has_gpus(request):
        amounts[settings.kubernetes_gpu_resource] = str(request.resources.gpus)
    return _made(k8s.V1ResourceRequirements, requests=amounts, limits=dict(amounts))


def _pod_rights(settings: KubernetesSettings) -> k8s.V1PodSecurityContext:
    user, _, group = settings.kubernetes_user.partition(":")
    ids: dict[str, Any] = {}
    if user:
        ids = {"run_as_user": int(user), "fs_group": int(user), "fs_group_change_policy": "OnRootMismatch"}
    if group:
        ids["run_as_group"] = int(group)
    profile = _made(k8s.V1SeccompProfile, type="RuntimeDefault")
    return _made(k8s.V1PodSecurityContext, run_as_non_root=True, seccomp_profile=profile, **ids)


def _volumes(request: AnyRequest, settings: KubernetesSettings) -> list[k8s.V1Volume]:
    sizes: dict[str, dict[str, str | None]] = {
        "scratch": {"size_limit": settings.kubernetes_scratch_size or None},
        "tmp": {"size_limit": "1Gi"},
        "shm": {"medium": "Memory", "size_limit": request.resources.shm},
    }
    volumes = [
        _made(k8s.V1Volume, name=name, empty_dir=_made(k8s.V1EmptyDirVolumeSource, **size))
        for name, size in sizes.items()
    ]
    if source := _cache_source(settings.kubernetes_cache):
        volumes.append(_made(k8s.V1Volume, name="cache", **source))
    return volumes


def _cache_source(setting: str) -> dict[str, Any]:
    kind, _, what = setting.partition(":")
    match kind:
        case "pvc":
            return {"persistent_volume_claim": _made(k8s.V1PersistentVolumeClaimVolumeSource, claim_name=what)}
        case "host":
            return {"host_path": _made(k8s.V1HostPathVolumeSource, path=what, type="DirectoryOrCreate")}
        case "empty":
            return {"empty_dir": _made(k8s.V1EmptyDirVolumeSource, size_limit=what or None)}
    return {}


def _template(settings: KubernetesSettings) -> str | None:
    template = settings.kubernetes_pod_template
    return str(BUNDLE_ROOT / template) if template else None


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]


def _made(kind: Any, **values: Any) -> Any:
    """Make a model; with a configuration at hand it takes 1 µs, without one 43 (measured), 20 times for each task."""
    return kind(**values, local_vars_configuration=_configuration())


@cache
def _configuration() -> k8s.Configuration:
    return k8s.Configuration()


def _read(kind: str, value: dict[str, Any]) -> Any:
    """Read a model from what a setting has as JSON; a policy may change it without changing another task's."""
    return copy.deepcopy(_known_model(kind, json.dumps(value)))


@cache
def _known_model(kind: str, text: str) -> Any:
    return k8s.ApiClient(_configuration()).deserialize(SimpleNamespace(data=text), kind)
