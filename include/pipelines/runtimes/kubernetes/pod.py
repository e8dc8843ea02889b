"""A step's pod from typed parts: identity, image, variables, limits, volumes, rights. Nothing here talks to a cluster.

Secrets come by reference only (``envFrom``): no value of one is in the DAG, in a rendered template or in the pod.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from kubernetes import client as k8s

from include.pipelines.errors import StepLost
from include.pipelines.operator import close_command
from include.pipelines.runtimes.kubernetes.settings import KubernetesSettings
from include.pipelines.runtimes.kubernetes.state import CONTAINER, GENERATION_LABEL, TASK_LABEL
from include.pipelines.runtimes.kubernetes.template import laid_over
from include.step_contract import transport
from include.step_contract.order import Order
from include.step_contract.step import StepRun

PIPELINE_LABEL = "nightshift/pipeline"
ALL_STEPS = "app.kubernetes.io/name=nightshift-trainer,app.kubernetes.io/managed-by=airflow"
"""The label selector that finds every step's pod in a namespace."""
CLOSE_SECONDS = 120
"""How long the pod that closes a lost step's record may take."""

_SCRATCH, _CACHE = "/scratch", "/cache"
_ANSWER_FILE = "/dev/termination-log"
_DEADLINE_MARGIN_SECONDS = 300
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")


@dataclass(frozen=True)
class PodIdentity:
    """Which pods are a task's: those of all its tries share the base of their name."""

    base: str
    run: StepRun
    pipeline: str
    step: str

    @property
    def selector(self) -> str:
        """The label selector that finds every pod of the task."""
        return f"{TASK_LABEL}={self.base}"

    def name(self, generation: int) -> str:
        """Return the name of the task's first, second, ... pod."""
        return f"{self.base}-{generation}"


def identity_of(run: StepRun, request: Order, stack: str) -> PodIdentity:
    """Return whose pods are a task's, the same for every try.

    Args:
        run: of the step.
        request: of the step.
        stack: tells the steps of two deployments in one namespace apart.
    """
    base = task_name(run.key, request.command, run.map_index, stack)
    return PodIdentity(base, run, request.group, request.command)


def task_name(run_key: str, step: str, map_index: int, stack: str) -> str:
    """Return what the names of a task's pods begin with."""
    suffix = f"-{map_index}" if map_index >= 0 else ""
    if stack:
        suffix += f"-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"
    return f"nightshift-{run_key[:20]}-{step}{suffix}"


def step_pod(
    identity: PodIdentity,
    generation: int,
    request: Order,
    step_run: str,
    settings: KubernetesSettings,
    airflow_url: str,
) -> dict[str, Any]:
    """Return the pod that runs a step, with the platform's template laid over it.

    Args:
        identity: of the task.
        generation: which of the task's pods this is, from 1.
        request: what the step does.
        step_run: for which run, as JSON.
        settings: of the deployment.
        airflow_url: of Airflow's UI, for a link; may be empty.

    Raises:
        StepFailed: the template cannot be read, or sets what the step sets.
    """
    labels = _labels(identity) | {TASK_LABEL: identity.base, GENERATION_LABEL: str(generation)}
    deadline = 60 * request.timeout_minutes + _DEADLINE_MARGIN_SECONDS
    pod = k8s.V1Pod(
        api_version="v1",
        kind="Pod",
        metadata=k8s.V1ObjectMeta(
            name=identity.name(generation),
            namespace=settings.kubernetes_namespace,
            labels=labels
            | ({"kueue.x-k8s.io/queue-name": settings.kubernetes_queue} if settings.kubernetes_queue else {}),
            annotations=_annotations(identity.run, airflow_url),
        ),
        spec=_spec(identity, request, step_run, settings, deadline, [request.command]),
    )
    return _manifest(pod, settings)


def close_pod(
    identity: PodIdentity, of: str, request: Order, step_run: str, settings: KubernetesSettings, lost: StepLost
) -> dict[str, Any]:
    """Return the pod that closes the record of a step that was lost in the pod ``of``."""
    pod = k8s.V1Pod(
        api_version="v1",
        kind="Pod",
        metadata=k8s.V1ObjectMeta(
            name=f"{of}-close", namespace=settings.kubernetes_namespace, labels=_labels(identity)
        ),
        spec=_spec(identity, request, step_run, settings, CLOSE_SECONDS, close_command(lost), gpus=False),
    )
    return _manifest(pod, settings)


def _manifest(pod: k8s.V1Pod, settings: KubernetesSettings) -> dict[str, Any]:
    own: dict[str, Any] = k8s.ApiClient().sanitize_for_serialization(pod)
    return laid_over(own, settings.kubernetes_pod_template)


def _labels(identity: PodIdentity) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "nightshift-trainer",
        "app.kubernetes.io/part-of": "nightshift",
        "app.kubernetes.io/managed-by": "airflow",
        PIPELINE_LABEL: label_value(identity.pipeline),
        "nightshift/run-key": identity.run.key,
        "nightshift/step": identity.step,
    }


def label_value(text: str) -> str:
    """Return a text as it may stand in a label; what may not is cut and told apart by a hash."""
    if _LABEL_VALUE.fullmatch(text):
        return text
    kept = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:48].strip("-")
    return f"{kept or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _annotations(run: StepRun, airflow_url: str) -> dict[str, str]:
    facts = {
        "nightshift/dag-id": run.dag_id,
        "nightshift/run-id": run.run_id,
        "nightshift/task-id": run.task_id,
        "nightshift/map-index": str(run.map_index),
        "nightshift/try-number": str(run.try_number),
        "nightshift/data-interval": f"{run.data_interval_start.isoformat()}/{run.data_interval_end.isoformat()}",
        # An autoscaler that tidies up its nodes must not end a training for it.
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        "karpenter.sh/do-not-disrupt": "true",
    }
    if airflow_url:
        parts = (quote(part, safe="") for part in (run.dag_id, run.run_id, run.task_id))
        facts["nightshift/airflow"] = "{}/dags/{}/runs/{}/tasks/{}".format(airflow_url.rstrip("/"), *parts)
    return facts


def _spec(
    identity: PodIdentity,
    request: Order,
    step_run: str,
    settings: KubernetesSettings,
    deadline_seconds: int,
    arguments: list[str],
    *,
    gpus: bool = True,
) -> k8s.V1PodSpec:
    has_gpus = gpus and request.resources.gpus > 0
    is_backfill = identity.run.run_type == "backfill"
    priority = settings.kubernetes_backfill_priority_class if is_backfill else settings.kubernetes_priority_class
    runtime = (settings.kubernetes_gpu_runtime_class if has_gpus else "") or settings.kubernetes_runtime_class
    tolerations = [*settings.kubernetes_tolerations, *(settings.kubernetes_gpu_tolerations if has_gpus else [])]
    selector = settings.kubernetes_node_selector | (settings.kubernetes_gpu_node_selector if has_gpus else {})
    return k8s.V1PodSpec(
        restart_policy="Never",
        active_deadline_seconds=deadline_seconds,
        termination_grace_period_seconds=request.stop_grace_seconds,
        service_account_name=settings.kubernetes_service_account or None,
        automount_service_account_token=False,
        enable_service_links=False,
        image_pull_secrets=[
            k8s.V1LocalObjectReference(name=name) for name in _names(settings.kubernetes_image_pull_secrets)
        ]
        or None,
        priority_class_name=priority or None,
        runtime_class_name=runtime or None,
        node_selector=selector or None,
        tolerations=tolerations or None,
        affinity=settings.kubernetes_affinity or None,
        security_context=_pod_rights(settings),
        containers=[_container(request, step_run, settings, arguments, has_gpus=has_gpus)],
        volumes=_volumes(request, settings),
    )


def _container(
    request: Order, step_run: str, settings: KubernetesSettings, arguments: list[str], *, has_gpus: bool
) -> k8s.V1Container:
    mounts = {"scratch": _SCRATCH, "tmp": "/tmp", "shm": "/dev/shm"}  # noqa: S108  # inside the container
    if settings.kubernetes_cache != "none":
        mounts["cache"] = _CACHE
    return k8s.V1Container(
        name=CONTAINER,
        image=settings.trainer_image,
        image_pull_policy=settings.kubernetes_image_pull_policy,
        args=[_literal(argument) for argument in arguments],
        env=[k8s.V1EnvVar(name=name, value=_literal(value)) for name, value in _variables(request, step_run, settings)],
        env_from=_sources(settings) or None,
        resources=_resources(request, settings, has_gpus=has_gpus),
        volume_mounts=[k8s.V1VolumeMount(name=name, mount_path=path) for name, path in mounts.items()],
        security_context=k8s.V1SecurityContext(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=k8s.V1Capabilities(drop=["ALL"]),
        ),
    )


def _variables(request: Order, step_run: str, settings: KubernetesSettings) -> list[tuple[str, str]]:
    return [
        (transport.REQUEST_VARIABLE, request.model_dump_json()),
        (transport.RUN_VARIABLE, step_run),
        (transport.ANSWER_FILE_VARIABLE, _ANSWER_FILE),
        ("TRAINER_IMAGE", settings.trainer_image),
        ("TRAINER_WORK_DIR", _SCRATCH),
        ("TRAINER_CACHE_DIR", _CACHE),
    ]


def _literal(text: str) -> str:
    """Keep Kubernetes from expanding ``$(NAME)`` in a variable or argument; it reads ``$$`` as ``$``."""
    return text.replace("$", "$$")


def _sources(settings: KubernetesSettings) -> list[k8s.V1EnvFromSource]:
    maps = (
        k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name=name))
        for name in _names(settings.kubernetes_config_maps)
    )
    secrets = (
        k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=name)) for name in _names(settings.kubernetes_secrets)
    )
    return [*maps, *secrets]


def _resources(request: Order, settings: KubernetesSettings, *, has_gpus: bool) -> k8s.V1ResourceRequirements:
    """Ask for what may be used: a pod that does not share is the last to be evicted."""
    amounts = {"cpu": f"{round(request.resources.cpu * 1000)}m", "memory": request.resources.memory}
    if has_gpus:
        amounts[settings.kubernetes_gpu_resource] = str(request.resources.gpus)
    return k8s.V1ResourceRequirements(requests=amounts, limits=dict(amounts))


def _pod_rights(settings: KubernetesSettings) -> k8s.V1PodSecurityContext:
    user, _, group = settings.kubernetes_user.partition(":")
    context = partial(
        k8s.V1PodSecurityContext,
        run_as_non_root=True,
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
    )
    if not user:
        return context()
    return context(
        run_as_user=int(user),
        run_as_group=int(group) if group else None,
        fs_group=int(user),
        fs_group_change_policy="OnRootMismatch",
    )


def _volumes(request: Order, settings: KubernetesSettings) -> list[k8s.V1Volume]:
    empty = k8s.V1EmptyDirVolumeSource
    volumes = [
        k8s.V1Volume(name="scratch", empty_dir=empty(size_limit=settings.kubernetes_scratch_size or None)),
        k8s.V1Volume(name="tmp", empty_dir=empty(size_limit="1Gi")),
        k8s.V1Volume(name="shm", empty_dir=empty(medium="Memory", size_limit=request.resources.shm)),
    ]
    kind, _, what = settings.kubernetes_cache.partition(":")
    match kind:
        case "pvc":
            claim = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=what)
            volumes.append(k8s.V1Volume(name="cache", persistent_volume_claim=claim))
        case "host":
            path = k8s.V1HostPathVolumeSource(path=what, type="DirectoryOrCreate")
            volumes.append(k8s.V1Volume(name="cache", host_path=path))
        case "empty":
            volumes.append(k8s.V1Volume(name="cache", empty_dir=empty(size_limit=what or None)))
    return volumes


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]
