"""Fields of the provider's DockerOperator: their values for a step, and those that a step cannot honour."""

from typing import TYPE_CHECKING, Any

from airflow.providers.docker.operators.docker import DockerOperator
from docker.types import Mount, Ulimit

from include.pipelines.errors import StepFailed
from include.pipelines.settings import settings
from include.step_contract.failure import FailureKind

from .settings import DockerSettings

if TYPE_CHECKING:  # not paid for by a parse
    from include.pipelines.pending_chore import AnyRequest

SCRATCH, CACHE = "/scratch", "/cache"
_ENGINE_TIMEOUT_SECONDS = 60
_BYTES = {"Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}
_WITHOUT_EFFECT: dict[str, Any] = {
    "auto_remove": "never",  # removed once an attempt has taken its result
    "container_name": None,  # decision 0012: the name says whose result it is
    "mount_tmp_dir": False,  # a folder of the worker, which the container outlives
    "tty": False,  # mixes the two streams; the result is on standard output
    "retrieve_output": False,  # unpickles a file that the container wrote
    "xcom_all": False,
    "skip_on_exit_code": [],
}


def fields_of(request: "AnyRequest", own: DockerSettings) -> dict[str, Any]:
    """Return the arguments of DockerOperator for a step; they are shown in the UI, so none is a secret."""
    resources = request.resources
    return {
        "image": settings().trainer_image,
        "command": [request.command],
        "docker_url": own.docker_host,
        "docker_conn_id": own.docker_registry_connection or None,
        "timeout": _ENGINE_TIMEOUT_SECONDS,
        "environment": {"TRAINER_WORK_DIR": SCRATCH, "TRAINER_CACHE_DIR": CACHE},
        "user": own.docker_user,
        "network_mode": own.docker_network,
        "mounts": _mounts(own),
        "mount_tmp_dir": False,
        "cpus": resources.cpu,
        "mem_limit": bytes_of(resources.memory),
        "shm_size": bytes_of(resources.shm),
        "ulimits": _ulimits(own),
        "log_opts_max_size": "50m",
        "log_opts_max_file": "3",
    }


def refuse_fields_without_effect(task: DockerOperator) -> None:
    """See that a cluster policy or a default has set no field that this runtime does not honour.

    Raises:
        StepFailed: it has; names the field.
    """
    for name, expected in _WITHOUT_EFFECT.items():
        if (found := getattr(task, name)) != expected:
            raise StepFailed(
                f"the task has {name}={found!r}, which a step's container cannot honour; expected {expected!r}: look "
                "for a cluster policy that sets it",
                FailureKind.BAD_REQUEST,
            )


def _ulimits(own: DockerSettings) -> list[Ulimit]:
    limits = {"core": 0} | ({"nofile": own.docker_open_files} if own.docker_open_files else {})
    return [Ulimit(name=name, soft=limit, hard=limit) for name, limit in limits.items()]


def _mounts(own: DockerSettings) -> list[Mount]:
    further = [_mount(text.strip()) for text in own.docker_mounts.split(",") if text.strip()]
    taken = {mount["Target"] for mount in further}
    standard = [Mount(SCRATCH, None), _mount(f"{own.docker_cache_volume}:{CACHE}")]
    return [*(mount for mount in standard if mount["Target"] not in taken), *further]


def _mount(text: str) -> Mount:
    source, target, *mode = text.split(":")
    return Mount(target, source, type="bind" if source.startswith("/") else "volume", read_only=mode == ["ro"])


def bytes_of(memory: str) -> int:
    """Return a catalog's memory size ("512Mi") in bytes."""
    return int(memory[:-2]) * _BYTES[memory[-2:]]
