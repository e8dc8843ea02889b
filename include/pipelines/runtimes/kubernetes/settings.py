"""Settings of the runtime kubernetes. Each variable is explained in ``.env.example``."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from include.pipelines.settings import SettingsRecord, read_settings


def _parsed(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


_Labels = Annotated[dict[str, str], BeforeValidator(_parsed)]
_Objects = Annotated[list[dict[str, Any]], BeforeValidator(_parsed)]
_Object = Annotated[dict[str, Any], BeforeValidator(_parsed)]


class KubernetesSettings(SettingsRecord):
    """The cluster, and what each pod gets."""

    kubernetes_namespace: str = Field(default="nightshift", description="Namespace of the pods.")
    kubernetes_connection: str = Field(default="", description="Airflow connection of the cluster.")
    kubernetes_context: str = Field(default="", description="Context of the kube config.")
    kubernetes_service_account: str = Field(default="nightshift-trainer", description="Service account of a pod.")
    kubernetes_config_maps: str = Field(
        default="nightshift-trainer", description="ConfigMaps whose entries become a step's variables."
    )
    kubernetes_secrets: str = Field(
        default="nightshift-trainer", description="Secrets whose entries become a step's variables."
    )
    kubernetes_image_pull_policy: Literal["IfNotPresent", "Always", "Never"] = Field(
        default="IfNotPresent", description="When a node fetches the image."
    )
    kubernetes_image_pull_secrets: str = Field(default="", description="Secrets with the registry's login.")
    kubernetes_user: str = Field(default="1000:0", description="User and group of a pod; empty: the cluster's choice.")
    kubernetes_cache: str = Field(
        default="pvc:nightshift-cache", description="Volume of the cache: pvc:NAME, host:/PATH, empty:SIZE, none."
    )
    kubernetes_scratch_size: str = Field(default="", description="Largest size of a step's scratch space.")
    kubernetes_gpu_resource: str = Field(default="nvidia.com/gpu", description="What the cluster calls a GPU.")
    kubernetes_node_selector: _Labels = Field(default={}, description="Labels of the nodes, as JSON.")
    kubernetes_gpu_node_selector: _Labels = Field(
        default={}, description="Further labels of the nodes for steps with GPUs, as JSON."
    )
    kubernetes_tolerations: _Objects = Field(default=[], description="Tolerations, as JSON.")
    kubernetes_gpu_tolerations: _Objects = Field(
        default=[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        description="Further tolerations of steps with GPUs, as JSON.",
    )
    kubernetes_affinity: _Object = Field(default={}, description="Affinity, as JSON.")
    kubernetes_runtime_class: str = Field(default="", description="RuntimeClass of all steps.")
    kubernetes_gpu_runtime_class: str = Field(default="", description="RuntimeClass of steps with GPUs.")
    kubernetes_priority_class: str = Field(default="nightshift-nightly", description="PriorityClass of a pod.")
    kubernetes_backfill_priority_class: str = Field(
        default="nightshift-backfill", description="PriorityClass of a backfill's pod."
    )
    kubernetes_queue: str = Field(default="", description="Kueue's LocalQueue.")
    kubernetes_pod_template: str = Field(default="", description="File with a Pod that is the base of each step's.")
    kubernetes_schedule_seconds: int = Field(
        default=1800, gt=0, description="How long a pod may wait for a node, or for quota."
    )
    kubernetes_startup_seconds: int = Field(
        default=900, gt=0, description="How long a pod may take from its node to its start."
    )
    kubernetes_start_error_seconds: int = Field(
        default=60, ge=0, description="How long an error of a pod's start may last before the task fails."
    )
    kubernetes_keep_failed_hours: float = Field(
        default=24, ge=0, description="How long a failed step's pod is kept for a look."
    )
    kubernetes_deferrable: bool = Field(default=False, description="Let the triggerer watch pods, not a worker.")
    kubernetes_log_seconds: int = Field(default=30, gt=0, description="How often a deferred task's log is brought.")

    @field_validator("kubernetes_cache")
    @classmethod
    def _cache_is_a_volume(cls, value: str) -> str:
        kind, _, rest = value.partition(":")
        sound = {
            "pvc": bool(re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,252}", rest)),
            "host": rest.startswith("/"),
            "empty": not rest or bool(re.fullmatch(r"[1-9][0-9]*(Mi|Gi|Ti)", rest)),
            "none": not rest,
        }
        if not sound.get(kind, False):
            raise ValueError("expected pvc:NAME, host:/PATH, empty, empty:50Gi, or none")
        return value

    @field_validator("kubernetes_scratch_size")
    @classmethod
    def _scratch_has_a_size(cls, value: str) -> str:
        if value and not re.fullmatch(r"[1-9][0-9]*(Mi|Gi|Ti)", value):
            raise ValueError("expected an amount such as 50Gi, or nothing")
        return value

    @field_validator("kubernetes_user")
    @classmethod
    def _user_is_not_root(cls, value: str) -> str:
        if value and not re.fullmatch(r"[1-9][0-9]*(:[0-9]+)?", value):
            raise ValueError("expected numbers, USER:GROUP, and another user than root")
        return value


def kubernetes_settings() -> KubernetesSettings:
    """Return the settings.

    Raises:
        ValueError: a variable has an invalid value.
    """
    found: KubernetesSettings = read_settings(KubernetesSettings)
    return found
