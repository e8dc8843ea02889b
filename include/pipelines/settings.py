"""What a deployment sets for the Airflow side, read once from the environment.

Each variable is explained in ``.env.example``. Nothing is read from Airflow's database: parsing must work without it.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from include.step_contract.catalog import RuntimeName
from include.step_contract.notification import DEFAULT_EVENTS, NotifyEvent
from include.step_contract.transport import describe_validation_error

BUNDLE_ROOT = Path(__file__).resolve().parents[2]


def _parsed(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


# NoDecode: bad JSON is told as any other bad value is.
_Labels = Annotated[dict[str, str], NoDecode, BeforeValidator(_parsed)]
_Objects = Annotated[list[dict[str, Any]], NoDecode, BeforeValidator(_parsed)]
_Object = Annotated[dict[str, Any], NoDecode, BeforeValidator(_parsed)]


class Settings(BaseSettings):
    """The Airflow side's settings; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    training_runtime: RuntimeName = Field(
        default=RuntimeName.LOCAL, description="Where steps run: local, docker, kubernetes."
    )
    training_catalog: Path = Field(
        default=Path("include/training_catalog.yaml"), description="The catalog; relative to the DAG bundle's root."
    )
    trainer_command: str = Field(
        default="", description="The local runtime's trainer; empty looks in .venv/trainer, then PATH."
    )

    notify_targets: str = Field(
        default="", description="Airflow connections that are told of runs, by their ids, separated by commas."
    )
    notify_events: str = Field(
        default=",".join(DEFAULT_EVENTS), description="Of what they are told: failed, promoted, refused, kept, late."
    )
    mlflow_tracking_uri: str = Field(default="", description="MLflow as the steps reach it.")
    mlflow_ui_url: str = Field(default="", description="MLflow as people reach it; empty: MLFLOW_TRACKING_URI.")

    trainer_image: str = Field(default="nightshift-trainer:0.1.0", description="The training image, with its tag.")
    nightshift_state: str = Field(default="", description="The stack this is a part of; set by it.")
    docker_host: str = Field(default="unix:///var/run/docker.sock", description="The Docker engine that runs steps.")
    docker_registry_connection: str = Field(default="", description="Airflow connection to log in to a registry with.")
    docker_network: str = Field(default="bridge", description="Network in which a step reaches MLflow and the store.")
    docker_user: str = Field(default="1000:0", description="User and group of a step's container.")
    docker_cache_volume: str = Field(
        default="nightshift-cache", description="Volume or host folder with the cache of datasets, shared by all steps."
    )
    docker_mounts: str = Field(
        default="", description="Further mounts, separated by commas: source:/target, source:/target:ro."
    )
    docker_gpus: str = Field(default="", description="GPU devices that steps may use: indices or UUIDs, by commas.")
    docker_pids_limit: int = Field(default=4096, gt=0, description="Processes and threads of one step.")
    docker_open_files: int = Field(
        default=0, ge=0, description="Open files of one process; 0 leaves the engine's limit."
    )
    docker_keep_failed_hours: float = Field(
        default=24, ge=0, description="How long a failed step's container is kept for a look."
    )
    sweep_grace_minutes: float = Field(
        default=30, ge=0, description="The sweep leaves alone what showed a sign of life this recently."
    )

    @field_validator("notify_events")
    @classmethod
    def _events_are_known(cls, value: str) -> str:
        for name in _listed(value):
            if name not in list(NotifyEvent):
                raise ValueError(f"got {name!r}; expected some of {', '.join(NotifyEvent)}, separated by commas")
        return value

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
    kubernetes_pod_template: str = Field(default="", description="File with a Pod that is laid over each step's.")
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

    @field_validator("docker_mounts")
    @classmethod
    def _mounts_are_complete(cls, value: str) -> str:
        for mount in filter(None, value.split(",")):
            source, _, rest = mount.strip().partition(":")
            target, _, mode = rest.partition(":")
            if not source or not target.startswith("/") or mode not in ("", "ro", "rw"):
                raise ValueError(f"got {mount!r}; expected source:/target or source:/target:ro")
        return value

    @property
    def targets(self) -> tuple[str, ...]:
        """The connections that are told of runs."""
        return _listed(self.notify_targets)

    @property
    def events(self) -> tuple[NotifyEvent, ...]:
        """What they are told of."""
        return tuple(map(NotifyEvent, _listed(self.notify_events)))

    @property
    def gpu_devices(self) -> tuple[str, ...]:
        """The GPUs of the Docker host that steps may use."""
        return _listed(self.docker_gpus)

    @property
    def catalog_path(self) -> Path:
        """The catalog's absolute path."""
        return BUNDLE_ROOT / self.training_catalog

    @property
    def local_trainer(self) -> str:
        """The trainer executable of the local runtime."""
        own = BUNDLE_ROOT / ".venv/trainer/bin/trainer"
        return self.trainer_command or (str(own) if own.exists() else "trainer")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (item.strip() for item in text.split(","))))


@cache
def settings() -> Settings:
    """Return the settings, read once a process.

    Raises:
        ValueError: a variable has a value that it cannot have.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ValueError(f"settings: {describe_validation_error(error)}; see .env.example") from error
