"""Call the Docker engine: find, create, start, stop, rename and remove a step's container.

A container's name follows from its DAG run, task and map index (``identity``), so the engine itself refuses a second
one. The attempt that takes its result removes it or, after a failure, renames it: a container under its first name has
a result to take. Errors of the Docker client become StepFailed here.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow.providers.docker.hooks.docker import DockerHook
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk.exceptions import AirflowException
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException

from include.pipelines.errors import StepFailed
from include.step_contract import transport
from include.step_contract.failure import FailureKind

from .identity import ContainerIdentity
from .settings import docker_settings

PATIENCE_SECONDS = 300
"""How long an engine may be unavailable, for a restart, before the task gives up watching."""

_STOP_REQUEST_SECONDS = 1.5
_ANSWER_LINES = 2000
_REMOVALS = 5
_CREATED = "created"
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ContainerState:
    """State of a container as the engine reports it."""

    id: str
    name: str
    status: str
    exit_code: int
    is_oom_killed: bool
    error: str
    created: str
    image: str
    """Id of the image that it was made of, whatever that image's name stands for by now."""
    memory_limit_bytes: int

    @property
    def is_running(self) -> bool:
        """Return whether its process may still be alive."""
        return self.status in ("running", "paused", "restarting")


def connection_of(task: DockerOperator, *, logs_in: bool = False) -> DockerHook:
    """Return a new connection to the engine that a task's fields name.

    The provider's ``hook`` logs in to the registry for each client, and so fails a step that pulls nothing where the
    registry is unavailable; this one logs in only if asked to.
    """
    tls = DockerHook.construct_tls_config(
        ca_cert=task.tls_ca_cert,
        client_cert=task.tls_client_cert,
        client_key=task.tls_client_key,
        verify=task.tls_verify,
        assert_hostname=task.tls_hostname,
        ssl_version=task.tls_ssl_version,
    )
    return DockerHook(
        docker_conn_id=task.docker_conn_id if logs_in else None,
        base_url=task.docker_url,
        version=task.api_version,
        tls=tls,
        timeout=task.timeout,
    )


def connect(connection: DockerHook, url: str | list[str]) -> APIClient:
    """Return a client of the engine that a connection leads to; ``url`` is its address, for the message.

    Raises:
        StepFailed: no engine answers.
    """
    try:
        return connection.api_client
    except (AirflowException, DockerException, RequestException) as error:
        raise StepFailed(
            f"no Docker engine answers at {url} (DOCKER_HOST): {error}; start it, or correct the address",
            FailureKind.TRY_AGAIN,
        ) from error


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the client's errors into StepFailed; ``what`` says what was tried.

    Raises:
        StepFailed: BAD_REQUEST where the engine refuses the request as such, else TRY_AGAIN.
    """
    try:
        yield
    except APIError as error:
        refused = error.is_client_error() and error.status_code != 409
        kind = FailureKind.BAD_REQUEST if refused else FailureKind.TRY_AGAIN
        raise StepFailed(f"Docker: cannot {what}: {error.explanation or error}", kind) from error
    except (DockerException, RequestException) as error:
        raise StepFailed(f"Docker: cannot {what}: {error}", FailureKind.TRY_AGAIN) from error


def with_retries(action: Callable[[], _Value], check: Callable[[], None]) -> _Value:
    """Repeat an action while the engine is unavailable, during a restart for example.

    Args:
        action: a call of the engine.
        check: is called after each failure; may raise to give up.

    Raises:
        StepFailed: it stays unavailable, or it refuses.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with translated("ask for the container's state"):
                return action()
        except StepFailed as failure:
            if failure.kind is not FailureKind.TRY_AGAIN or time.monotonic() > deadline:
                raise
            _log.warning("%s; asking again", failure)
        check()
        time.sleep(1)


def state_of(client: APIClient, container: str) -> ContainerState | None:
    """Return a container's state by its id or name; None if there is none."""
    try:
        found: dict[str, Any] = client.inspect_container(container)
    except NotFound:
        return None
    state = found["State"]
    return ContainerState(
        id=found["Id"],
        name=found["Name"].lstrip("/"),
        status=state["Status"],
        exit_code=state["ExitCode"],
        is_oom_killed=state["OOMKilled"],
        error=state["Error"],
        created=found["Created"],
        image=found["Image"],
        memory_limit_bytes=found["HostConfig"]["Memory"],
    )


def create(client: APIClient, config: Mapping[str, Any]) -> str | None:
    """Create a container and return its id; None if there is one of that name.

    Raises:
        StepFailed: the image was removed just now, or the engine refuses.
    """
    with translated(f"create container {config['name']}"):
        try:
            return str(client.create_container(**config)["Id"])
        except ImageNotFound as error:
            raise StepFailed(
                f"Docker: image {config['image']} was removed while it was used", FailureKind.TRY_AGAIN
            ) from error
        except APIError as error:
            if error.status_code == 409:
                return None
            raise


def start(client: APIClient, container: str) -> None:
    """Start a created container; remove it if the engine cannot.

    Raises:
        StepFailed: the engine cannot start it: a mount, a network or a device is missing.
    """
    try:
        with translated("start the step's container"):
            client.start(container)
    except StepFailed:
        remove(client, container)
        raise


def stop(client: APIClient, container: str, grace_seconds: int) -> None:
    """Have the engine send SIGTERM now and SIGKILL after the grace; return without waiting for either.

    The engine continues when this process is gone.
    """
    request = threading.Thread(target=_stop, args=(client, container, grace_seconds), daemon=True)
    request.start()
    request.join(_STOP_REQUEST_SECONDS)


def _stop(client: APIClient, container: str, grace_seconds: int) -> None:
    try:
        client.stop(container, timeout=grace_seconds)
    except (DockerException, RequestException) as error:
        _log.warning("container %s could not be asked to stop: %s", container[:12], error)


def remove(client: APIClient, container: str) -> None:
    """Remove a container with its scratch volume; do nothing if it is gone, or being removed.

    The engine may stumble over its own files if two attempts remove a container at once ("directory not empty").

    Raises:
        StepFailed: it stumbles every time. The container keeps its first name, so the next attempt takes its result.
    """
    for left in reversed(range(_REMOVALS)):
        try:
            client.remove_container(container, v=True, force=True)
            return
        except NotFound:
            return
        except APIError as error:
            if error.status_code == 409:
                return
            if not error.is_server_error():
                raise
            said = f"container {container[:12]} cannot be removed: {error.explanation or error}"
            if not left:
                raise StepFailed(f"Docker: {said}; the next attempt takes its result", FailureKind.TRY_AGAIN) from error
            _log.warning("%s; asking again", said)
        time.sleep(1)


def retire(client: APIClient, state: ContainerState, reason: str) -> None:
    """Rename a container whose result was taken and keep it for inspection, or remove it."""
    if docker_settings().docker_keep_failed_hours == 0 and not state.is_running:
        remove(client, state.id)
        return
    name = f"{state.name}-{reason}{retired_suffix(state.id)}"
    try:
        client.rename(state.id, name)
        _log.info("container kept as %s for %g h", name, docker_settings().docker_keep_failed_hours)
    except NotFound:
        return


def retired_suffix(container: str) -> str:
    """Return the end of the name of a container whose result was taken."""
    return f"-{container[:8]}"


def answer_of(client: APIClient, container: str) -> transport.Answer | None:
    """Return the last answer on the standard output of a step that has ended; standard error does not count."""
    with translated("read the step's answer"):
        output: bytes = client.logs(container, stdout=True, stderr=False, tail=_ANSWER_LINES)
    answers = [transport.decode_line(line) for line in output.decode(errors="replace").splitlines()]
    return next((answer for answer in reversed(answers) if answer is not None), None)


def stopping_containers(client: APIClient, identity: ContainerIdentity) -> list[str]:
    """Return the ids of running containers of the same task under another name: asked to stop, but not ended yet."""
    found = client.containers(filters={"label": identity.task, "status": "running"})
    return [item["Id"] for item in found if f"/{identity.name}" not in item["Names"]]
