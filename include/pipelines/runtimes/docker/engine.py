"""The Docker engine as the docker runtime needs it: find, start, stop, judge and remove a step's container.

A step's container has a name that follows from its DAG run, task and map index, so the engine itself refuses a second
one. Whoever has taken its result removes it or, after a failure, gives it another name: a container under its first
name is one whose result nobody has taken yet. The only importer of the Docker client; its errors become StepFailed.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from airflow.providers.docker.hooks.docker import DockerHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests.exceptions import RequestException

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.docker.settings import docker_settings
from include.pipelines.settings import settings
from include.step_contract import transport
from include.step_contract.failure import FailureKind
from include.step_contract.step import StepRun

LABEL = "nightshift"
GPU_LABEL = f"{LABEL}.gpus"
IMAGE_LABEL = f"{LABEL}.image"
STACK_LABEL = f"{LABEL}.stack"
PATIENCE_SECONDS = 300
"""How long an engine may be away, for a restart, before the task gives up watching."""

_STOP_REQUEST_SECONDS = 1.5
_ANSWER_LINES = 2000
_REMOVALS = 5
_CREATED = "created"
_REFUSED_LOGIN = ("unauthorized", "incorrect username or password", "denied")
_Value = TypeVar("_Value")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ContainerIdentity:
    """Which container is a task's."""

    name: str
    labels: Mapping[str, str]

    @property
    def task(self) -> str:
        """The label filter that finds every container of this task, also of earlier tries."""
        return f"{LABEL}.task={self.labels[f'{LABEL}.task']}"


@dataclass(frozen=True)
class ContainerState:
    """What the engine says of a container."""

    id: str
    name: str
    status: str
    exit_code: int
    is_oom_killed: bool
    error: str
    created: str
    image: str
    """The id of the image that it was made of, whatever that image's name stands for by now."""
    memory_limit_bytes: int

    @property
    def is_running(self) -> bool:
        """Tell whether its process may still be alive."""
        return self.status in ("running", "paused", "restarting")


def identity_of(run: StepRun, step: str, pipeline: str) -> ContainerIdentity:
    """Return name and labels of the container of one task of one DAG run, the same for every try."""
    suffix = f"-{run.map_index}" if run.map_index >= 0 else ""
    if stack := settings().nightshift_state:
        # Another stack on this engine has the same nights: without this it would take over this one's containers.
        suffix += f"-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"
    labels = {
        "task": f"{run.key}-{step}{suffix}",
        "run_key": run.key,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "task_id": run.task_id,
        "map_index": str(run.map_index),
        "try_number": str(run.try_number),
        "pipeline": pipeline,
        "step": step,
        "stack": stack,
    }
    name = f"{LABEL}-{run.key[:20]}-{step}{suffix}"
    return ContainerIdentity(name, {f"{LABEL}.{key}": value for key, value in labels.items()})


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


def patiently(action: Callable[[], _Value], check: Callable[[], None]) -> _Value:
    """Repeat an action while the engine is away, for a restart of it for example.

    Args:
        action: a call of the engine.
        check: is called after each failure; may raise to give up.

    Raises:
        StepFailed: it stayed away, or it refuses.
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


def image_id(client: APIClient, image: str, login: DockerHook | None, *, force_pull: bool = False) -> str:
    """Return the id of the image that a name stands for now, pulled if it is not on this host.

    Args:
        client: of the engine.
        image: its name.
        login: leads to the engine with the login of the image's registry, for a pull that needs one.
        force_pull: pull it all the same.

    Raises:
        StepFailed: the image is not there and cannot be pulled.
    """
    with translated(f"look for image {image}"):
        try:
            if not force_pull:
                return str(client.inspect_image(image)["Id"])
            _log.info("pulling image %s, as the task's force_pull says", image)
        except ImageNotFound:
            _log.info("image %s is not on this host; pulling it", image)
        _pull(_logged_in(login) if login else client, image)
        return str(client.inspect_image(image)["Id"])


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


def _logged_in(login: DockerHook) -> APIClient:
    """Return a client that has the registry's login.

    Raises:
        StepFailed: the registry cannot be asked, or refuses.
    """
    try:
        return login.api_client
    except (AirflowException, DockerException, RequestException) as error:
        said = str(getattr(error, "explanation", None) or error)
        refused = isinstance(error, AirflowNotFoundException) or any(word in said.lower() for word in _REFUSED_LOGIN)
        raise StepFailed(
            f"cannot log in to the registry of connection {login.docker_conn_id!r} (DOCKER_REGISTRY_CONNECTION): "
            f"{said}",
            FailureKind.BAD_REQUEST if refused else FailureKind.TRY_AGAIN,
        ) from error


def _pull(client: APIClient, image: str) -> None:
    try:
        for progress in client.pull(image, stream=True, decode=True):
            if "error" in progress:
                raise APIError(progress["error"])
    except APIError as error:
        raise StepFailed(
            f"image {image!r} (TRAINER_IMAGE) is not on the Docker host and cannot be pulled: "
            f"{error.explanation or error}; build it with `make image`, or correct the name",
            FailureKind.BAD_REQUEST,
        ) from error


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

    The engine goes on with it when this process is gone.
    """
    request = threading.Thread(target=_stop, args=(client, container, grace_seconds), daemon=True)
    request.start()
    request.join(_STOP_REQUEST_SECONDS)


def _stop(client: APIClient, container: str, grace_seconds: int) -> None:
    try:
        client.stop(container, timeout=grace_seconds)
    except (DockerException, RequestException) as error:
        _log.warning("container %s could not be told to stop: %s", container[:12], error)


def remove(client: APIClient, container: str) -> None:
    """Remove a container with its scratch volume; one that is gone, or just going, is fine.

    The engine may stumble over its own files where two tries remove a container at once ("directory not empty").

    Raises:
        StepFailed: it stumbles again and again. The container keeps its first name, so the next try takes its result.
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
                raise StepFailed(f"Docker: {said}; the next try takes its result", FailureKind.TRY_AGAIN) from error
            _log.warning("%s; asking again", said)
        time.sleep(1)


def retire(client: APIClient, state: ContainerState, reason: str) -> None:
    """Give a container whose result was taken another name and keep it for a look, or remove it."""
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
    """Return what a step that ended said on its standard output; what it said on standard error does not count."""
    with translated("read the step's answer"):
        output: bytes = client.logs(container, stdout=True, stderr=False, tail=_ANSWER_LINES)
    answers = [transport.decode_line(line) for line in output.decode(errors="replace").splitlines()]
    return next((answer for answer in reversed(answers) if answer is not None), None)


def others(client: APIClient, identity: ContainerIdentity) -> list[str]:
    """Return the ids of living containers of the same task that have another name: told to stop, not gone yet."""
    found = client.containers(filters={"label": identity.task, "status": "running"})
    return [item["Id"] for item in found if f"/{identity.name}" not in item["Names"]]
