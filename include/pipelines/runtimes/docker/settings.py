"""Settings of the runtime docker. Each variable is explained in ``.env.example``."""

from pydantic import Field, field_validator

from include.pipelines.settings import SettingsRecord, listed, read_settings


class DockerSettings(SettingsRecord):
    """The engine that runs steps, and what each container gets."""

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
        default=24, ge=0, description="How long a failed step's container is kept for inspection."
    )

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
    def gpu_devices(self) -> tuple[str, ...]:
        """The GPUs of the Docker host that steps may use."""
        return listed(self.docker_gpus)


def docker_settings() -> DockerSettings:
    """Return the settings; raises as ``read_settings``."""
    found: DockerSettings = read_settings(DockerSettings)
    return found
