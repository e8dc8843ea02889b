"""Lease GPUs of the Docker host to containers: concrete devices, never one device to two containers.

The lease is a label on the container itself, so it ends with the container and cannot be left behind. The engine's list
of containers decides: a task creates its container with the devices it wants, then reads the list. If an earlier
container also wants one of them, the task removes its own, which never ran, and chooses again. Containers are ordered
by creation time, then id, so both tasks come to the same decision.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from include.pipelines.errors import StepFailed
from include.step_contract.failure import FailureKind

from .engine import create, remove, translated
from .identity import GPU_LABEL

_START_WITHIN_SECONDS = 30
_ABANDONED_SECONDS = 2 * _START_WITHIN_SECONDS
"""A container that was not started within this time belongs to a task that died; its lease is void."""

_POLL_SECONDS = 2.0
_SAY_SECONDS = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """A container with the devices that it holds."""

    container: str
    devices: frozenset[str]
    status: str
    created: str
    age_seconds: float

    @property
    def is_started(self) -> bool:
        """Return whether the container's process may be alive."""
        return self.status in ("running", "paused", "restarting")

    @property
    def order(self) -> tuple[str, str]:
        """The key by which leases are ordered; of two leases of a device the lower wins."""
        return self.created, self.container


def create_with_gpus(
    client: APIClient,
    devices: Sequence[str],
    count: int,
    config: Callable[[Sequence[str]], dict[str, Any]],
    check: Callable[[], None],
) -> str | None:
    """Create a container that holds ``count`` of the host's devices, waiting until they are free; do not start it.

    Args:
        client: of the engine.
        devices: all devices that steps may use.
        count: number of devices that this container needs.
        config: returns the arguments of ``create_container`` for the chosen devices.
        check: is called while waiting; may raise to give up.

    Returns:
        The container's id; None if a container of that name exists.

    Raises:
        StepFailed: the host has fewer devices than asked for; also whatever ``check`` raises.
    """
    _refuse_too_many(count, devices)
    said = -_SAY_SECONDS
    while True:
        check()
        free = _free_devices(client, devices)
        if len(free) >= count:
            chosen = sorted(random.sample(free, count))  # tasks that choose at once should differ
            container = create(client, config(chosen))
            if container is None or _is_first(client, container, chosen):
                return container
            remove(client, container)
        elif time.monotonic() - said > _SAY_SECONDS:
            _log.info("waiting for %s of %s GPUs; free: %s", count, len(devices), ", ".join(free) or "none")
            said = time.monotonic()
        time.sleep(_POLL_SECONDS * random.uniform(0.5, 1))  # noqa: S311  # no secret


def _refuse_too_many(count: int, devices: Sequence[str]) -> None:
    if count > len(devices):
        raise StepFailed(
            f"resources ask for {count} GPUs, but the Docker host offers {len(devices)} (DOCKER_GPUS); "
            "lower gpus in the catalog, or name the host's devices",
            FailureKind.BAD_REQUEST,
        )


def _free_devices(client: APIClient, devices: Sequence[str]) -> list[str]:
    with translated("see which GPUs are free"):
        taken = {device for lease in _leases(client) for device in lease.devices}
    return [device for device in devices if device not in taken]


def _is_first(client: APIClient, container: str, chosen: Sequence[str]) -> bool:
    """Return whether no earlier container wants one of the devices; called right after the creation."""
    with translated("see which containers want the GPUs"):
        leases = {lease.container: lease for lease in _leases(client)}
    own = leases.get(container)
    if own is None or own.age_seconds > _START_WITHIN_SECONDS:
        return False
    rivals = (lease for lease in leases.values() if lease is not own and lease.devices & set(chosen))
    return not any(rival.is_started or rival.order < own.order for rival in rivals)


def _leases(client: APIClient) -> list[Lease]:
    """Return the leases of containers that run or are about to be started."""
    now = _moment(client.info()["SystemTime"])
    found = []
    for item in client.containers(all=True, filters={"label": GPU_LABEL}):
        with suppress(NotFound):
            state = client.inspect_container(item["Id"])
            lease = Lease(
                container=item["Id"],
                devices=frozenset(item["Labels"][GPU_LABEL].split(",")),
                status=state["State"]["Status"],
                created=state["Created"],
                age_seconds=(now - _moment(state["Created"])).total_seconds(),
            )
            if lease.is_started or (lease.status == "created" and lease.age_seconds < _ABANDONED_SECONDS):
                found.append(lease)
    return found


def _moment(timestamp: str) -> datetime:
    """Read an engine's timestamp: nanoseconds, UTC."""
    return datetime.fromisoformat(f"{timestamp[:19]}+00:00")
