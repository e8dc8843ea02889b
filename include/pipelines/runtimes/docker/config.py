"""What a step's container is given: image, identity, environment, limits, mounts. Nothing here talks to an engine."""

import os
from collections.abc import Sequence
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from include.pipelines.errors import StepLost
from include.pipelines.operator import close_command
from include.pipelines.runtimes.docker.engine import GPU_LABEL, IMAGE_LABEL, LABEL, STACK_LABEL, ContainerIdentity
from include.pipelines.settings import Settings
from include.step_contract import transport
from include.step_contract.order import Order

_PASSED_ON = ("MLFLOW_", "AWS_", "S3_", "BACKEND_CALLBACK_")
_PASSED_ON_EXACTLY = (
    "DATASET_ROOT",
    "TRAINER_CACHE_MAX_GB",
    "TRAINER_CACHE_KEEP_DAYS",
    "TRAINER_CHECKPOINT_KEEP_DAYS",
    "TRAINER_ARCHIVE_MAX_GB",
    "TZ",
)
_SCRATCH, _CACHE = "/scratch", "/cache"
_BYTES = {"Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40}


def container_config(
    identity: ContainerIdentity,
    request: Order,
    step_run: str,
    settings: Settings,
    image: str,
    host_config: Any,
    gpus: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the arguments of ``create_container``.

    Args:
        identity: name and labels.
        request: what the step does.
        step_run: for which run, as JSON.
        settings: of the deployment.
        image: the id of what their image's name stands for now.
        host_config: the client's ``create_host_config``.
        gpus: devices leased to this container.
    """
    return {
        "name": identity.name,
        # By its id: a name may stand for another image a moment later.
        "image": image,
        "command": [request.command],
        "labels": dict(identity.labels)
        | {IMAGE_LABEL: settings.trainer_image}
        | ({GPU_LABEL: ",".join(gpus)} if gpus else {}),
        "environment": _environment(request, step_run, settings) | {"TRAINER_IMAGE_ID": image},
        "user": settings.docker_user,
        "stop_signal": "SIGTERM",
        "stop_timeout": request.stop_grace_seconds,
        "host_config": host_config(**_host_options(request, settings, gpus)),
    }


def close_config(
    identity: ContainerIdentity,
    request: Order,
    step_run: str,
    settings: Settings,
    image: str,
    host_config: Any,
    failure: StepLost,
) -> dict[str, Any]:
    """Return the arguments for a container that closes the record of a step that was lost, in the step's image."""
    config = container_config(identity, request, step_run, settings, image, host_config)
    # What the sweep asks about; without the label by which a try finds what it must wait for.
    names = (STACK_LABEL, *(f"{LABEL}.{name}" for name in ("dag_id", "run_id", "task_id")))
    labels = {name: identity.labels[name] for name in names}
    return config | {"name": f"{identity.name}-close", "command": close_command(failure), "labels": labels}


def _environment(request: Order, step_run: str, settings: Settings) -> dict[str, str]:
    """Return the step's variables: its own, and those of the worker that say where MLflow and the store are.

    They go to the engine and nowhere else: not into a template field, not into the log.
    """
    passed_on = {
        name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON) or name in _PASSED_ON_EXACTLY
    }
    return passed_on | {
        transport.REQUEST_VARIABLE: request.model_dump_json(),
        transport.RUN_VARIABLE: step_run,
        "TRAINER_IMAGE": settings.trainer_image,
        "TRAINER_WORK_DIR": _SCRATCH,
        "TRAINER_CACHE_DIR": _CACHE,
    }


def _host_options(request: Order, settings: Settings, gpus: Sequence[str]) -> dict[str, Any]:
    resources = request.resources
    memory = bytes_of(resources.memory)
    return {
        "nano_cpus": int(resources.cpu * 1e9),
        "mem_limit": memory,
        "memswap_limit": memory,  # the same: no swap, so that a step that outgrows its memory ends at once
        "shm_size": bytes_of(resources.shm),
        "pids_limit": settings.docker_pids_limit,
        "ulimits": _ulimits(settings),
        "read_only": True,
        "tmpfs": {"/tmp": "rw,nosuid,nodev,size=1g"},  # noqa: S108  # inside the container
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "network_mode": settings.docker_network,
        "mounts": _mounts(settings),
        "device_requests": device_requests(gpus),
        "log_config": LogConfig(type="json-file", config={"max-size": "50m", "max-file": "3"}),
    }


def _ulimits(settings: Settings) -> list[Ulimit]:
    limits = {"core": 0} | ({"nofile": settings.docker_open_files} if settings.docker_open_files else {})
    return [Ulimit(name=name, soft=limit, hard=limit) for name, limit in limits.items()]


def _mounts(settings: Settings) -> list[Mount]:
    further = [_mount(text.strip()) for text in settings.docker_mounts.split(",") if text.strip()]
    taken = {mount["Target"] for mount in further}
    own = [Mount(_SCRATCH, None), _mount(f"{settings.docker_cache_volume}:{_CACHE}")]
    return [*(mount for mount in own if mount["Target"] not in taken), *further]


def _mount(text: str) -> Mount:
    source, target, *mode = text.split(":")
    return Mount(target, source, type="bind" if source.startswith("/") else "volume", read_only=mode == ["ro"])


def device_requests(gpus: Sequence[str]) -> list[DeviceRequest]:
    """Ask the engine for exactly these GPUs; inside the container they are numbered from 0."""
    return [DeviceRequest(driver="nvidia", device_ids=list(gpus), capabilities=[["gpu"]])] if gpus else []


def bytes_of(memory: str) -> int:
    """Return a catalog's memory size ("512Mi") in bytes."""
    return int(memory[:-2]) * _BYTES[memory[-2:]]
