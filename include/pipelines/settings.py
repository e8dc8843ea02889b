"""What a deployment sets for the Airflow side, read once from the environment.

Each variable is explained in ``.env.example``. Nothing is read from Airflow's database: parsing must work without it.
"""

import os
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from include.step_contract.catalog import DEFAULT_EVENTS, NotifyEvent, RuntimeName, default_catalog

BUNDLE_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseModel):
    """The Airflow side's settings; the variable's name is the field's in capitals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    training_runtime: RuntimeName = Field(
        default=RuntimeName.LOCAL, description="Where steps run: local, docker, kubernetes."
    )
    training_catalog: str = Field(
        default="",
        description="The catalog, a file or a folder, relative to the DAG bundle's root; empty: "
        "include/training_catalog.yaml or include/training_catalog/.",
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
        """The absolute path of the catalog, a file or a folder.

        Raises:
            ValueError: TRAINING_CATALOG is empty, and both the default file and the default folder exist.
        """
        return BUNDLE_ROOT / self.training_catalog if self.training_catalog else default_catalog(BUNDLE_ROOT)

    @property
    def local_trainer(self) -> str:
        """The trainer executable of the local runtime."""
        own = BUNDLE_ROOT / ".venv/trainer/bin/trainer"
        return self.trainer_command or (str(own) if own.exists() else "trainer")


def _listed(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (item.strip() for item in text.split(","))))


_Read = TypeVar("_Read", bound=Settings)


@cache
def settings() -> Settings:
    """Return the settings of all runtimes but Kubernetes' own, read once a process; errors as ``read_settings``."""
    return read_settings(Settings)


def read_settings(kind: type[_Read]) -> _Read:
    """Read settings from the environment.

    Raises:
        ValueError: a variable has a value that it cannot have.
    """
    try:
        return kind.model_validate(
            {name: os.environ[name.upper()] for name in kind.model_fields if name.upper() in os.environ}
        )
    except ValidationError as error:
        from include.step_contract.transport import describe_validation_error

        raise ValueError(f"settings: {describe_validation_error(error)}; see .env.example") from error
