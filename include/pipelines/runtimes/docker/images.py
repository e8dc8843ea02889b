"""Find the image of a step's container, and pull it if the host does not have it."""

import logging

from airflow.providers.docker.hooks.docker import DockerHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound
from requests.exceptions import RequestException

from include.pipelines.errors import StepFailed
from include.step_contract.failure import FailureKind

from .engine import translated

_REFUSED_LOGIN = ("unauthorized", "incorrect username or password", "denied")
_log = logging.getLogger(__name__)


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
