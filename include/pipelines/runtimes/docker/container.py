"""Configuration of a step's container, made of its task's fields when the task starts. Nothing here asks an engine.

What the task's fields do not say is fixed: no capabilities but those that ``cap_add`` names, no new privileges, a
read-only root, no swap, a limit of processes, and a grace after SIGTERM.
"""

import os
from collections.abc import Sequence
from typing import Any

from airflow.providers.docker.operators.docker import DockerOperator
from docker import APIClient
from docker.types import DeviceRequest, LogConfig

from include.pipelines.errors import StepLost
from include.pipelines.operator import close_command
from include.step_contract import transport
from include.step_contract.order import Order

from .identity import GPU_LABEL, IMAGE_LABEL, LABEL, STACK_LABEL, ContainerIdentity
from .settings import docker_settings

_PASSED_ON = ("MLFLOW_", "AWS_", "S3_", "BACKEND_CALLBACK_")
_PASSED_ON_EXACTLY = (
    "DATASET_ROOT",
    "TRAINER_CACHE_MAX_GB",
    "TRAINER_CACHE_KEEP_DAYS",
    "TRAINER_CHECKPOINT_KEEP_DAYS",
    "TRAINER_ARCHIVE_MAX_GB",
    "TZ",
)


def container_config(
    client: APIClient,
    task: DockerOperator,
    identity: ContainerIdentity,
    request: Order,
    variables: dict[str, str],
    image: str,
    gpus: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the arguments of ``create_container``.

    Args:
        client: of the engine.
        task: says all that a DockerOperator's fields can say.
        identity: name and labels.
        request: of the step.
        variables: the step's own, see ``variables_of``.
        image: the id of what the task's image stands for now.
        gpus: devices leased to this container.
    """
    return {
        "name": identity.name,
        # By its id: a name may stand for another image a moment later.
        "image": image,
        "command": task.format_command(task.command),
        "entrypoint": task.format_command(task.entrypoint),
        "labels": _labels(task, identity, gpus),
        "environment": _environment(task, variables, image),
        "user": task.user,
        "working_dir": task.working_dir,
        "hostname": task.hostname,
        "ports": list(task.port_bindings),
        "stop_signal": "SIGTERM",
        "stop_timeout": request.stop_grace_seconds,
        "host_config": client.create_host_config(**_host_options(task, gpus)),
    }


def close_config(step: dict[str, Any], identity: ContainerIdentity, lost: StepLost) -> dict[str, Any]:
    """Return the arguments for a container that closes the record of a lost step, from those of the step's own."""
    # What the sweep asks about; without the label by which an attempt finds what it must wait for.
    names = (STACK_LABEL, *(f"{LABEL}.{name}" for name in ("dag_id", "run_id", "task_id")))
    labels = {name: identity.labels[name] for name in names}
    return step | {"name": f"{identity.name}-close", "command": close_command(lost), "labels": labels}


def variables_of(request: Order, step_run: str) -> dict[str, str]:
    """Return the variables that say what a step does, and for which run."""
    return {transport.REQUEST_VARIABLE: request.model_dump_json(), transport.RUN_VARIABLE: step_run}


def _labels(task: DockerOperator, identity: ContainerIdentity, gpus: Sequence[str]) -> dict[str, str]:
    labels = task.labels if isinstance(task.labels, dict) else dict.fromkeys(task.labels or (), "")
    own = dict(identity.labels) | {IMAGE_LABEL: task.image}
    return labels | own | ({GPU_LABEL: ",".join(gpus)} if gpus else {})


def _environment(task: DockerOperator, variables: dict[str, str], image: str) -> dict[str, Any]:
    """Return the container's variables: the worker's that say where MLflow and the store are, the task's, the step's.

    The worker's may be secrets. They go to the engine and nowhere else: not into a field, not into the log.
    """
    passed_on = {
        name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON) or name in _PASSED_ON_EXACTLY
    }
    from_file = task.unpack_environment_variables(task.env_file) if task.env_file else {}
    own = variables | {"TRAINER_IMAGE": task.image, "TRAINER_IMAGE_ID": image}
    return passed_on | from_file | task.environment | task._private_environment | own


def _host_options(task: DockerOperator, gpus: Sequence[str]) -> dict[str, Any]:
    log_limits = {"max-size": task.log_opts_max_size, "max-file": task.log_opts_max_file}
    return {
        "nano_cpus": int(task.cpus * 1e9),  # a limit; the provider makes a weight of it
        "mem_limit": task.mem_limit,
        "memswap_limit": task.mem_limit,  # the same: no swap, so that a step that outgrows its memory ends at once
        "shm_size": task.shm_size,
        "pids_limit": docker_settings().docker_pids_limit,
        "ulimits": task.ulimits,
        "read_only": True,
        "tmpfs": {"/tmp": "rw,nosuid,nodev,size=1g"},  # noqa: S108  # inside the container
        "cap_drop": ["ALL"],
        "cap_add": task.cap_add,
        "privileged": task.privileged,
        "security_opt": ["no-new-privileges"],
        "network_mode": task.network_mode,
        "dns": task.dns,
        "dns_search": task.dns_search,
        "extra_hosts": task.extra_hosts,
        "port_bindings": task.port_bindings,
        "ipc_mode": task.ipc_mode,
        "mounts": task.mounts,
        "device_requests": [*(task.device_requests or ()), *device_requests(gpus)],
        "log_config": LogConfig(
            type="json-file", config={name: limit for name, limit in log_limits.items() if limit is not None}
        ),
    }


def device_requests(gpus: Sequence[str]) -> list[DeviceRequest]:
    """Ask the engine for exactly these GPUs; inside the container they are numbered from 0."""
    return [DeviceRequest(driver="nvidia", device_ids=list(gpus), capabilities=[["gpu"]])] if gpus else []
