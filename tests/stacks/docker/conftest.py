"""A stack for the tests on this machine's engine, with a separate project, ports, network, cache and secrets."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from include.stacks.airflow_api import AirflowApi
from include.stacks.docker.__main__ import add_missing
from include.stacks.docker.compose import Stack, StackError, compose, docker, has_volume, read_stack, start
from include.stacks.docker.demo import log_in
from include.stacks.local.layout import Layout, choose_ports

PROJECT = "nightshift-stack-test"
CACHE = f"{PROJECT}-cache"


@dataclass(frozen=True)
class RunningStack:
    """A stack that answers, and its secrets."""

    stack: Stack
    api: AirflowApi
    secrets: dict[str, str]

    def container(self, service: str) -> str:
        """Return the id of a service's container."""
        return compose("ps", "--all", "--quiet", service).strip()

    def run_in(self, service: str, *command: str, text: str = "") -> str:
        """Run a command, which reads ``text``, in a service's container and return what it prints."""
        with tempfile.TemporaryFile() as source:
            source.write(text.encode())
            source.seek(0)
            return compose("exec", "--no-TTY", service, *command, source=source)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Start a stack from scratch and delete it afterwards; skip the test, with the reason, where that is impossible."""
    folder = tmp_path_factory.mktemp("stack")
    with pytest.MonkeyPatch.context() as patch:
        secrets = add_missing(folder / ".env")
        layout = Layout(folder)
        layout.create()
        ports = choose_ports(layout)
        patch.setenv("COMPOSE_ENV_FILES", str(folder / ".env"))
        patch.setenv("COMPOSE_FILE", "docker-compose.airflow.yml")
        patch.setenv("COMPOSE_PROJECT_NAME", PROJECT)
        patch.setenv("NIGHTSHIFT_NETWORK", f"{PROJECT}-training")
        patch.setenv("DOCKER_CACHE_VOLUME", CACHE)
        patch.setenv("AIRFLOW_PORT", str(ports.airflow))
        patch.setenv("MLFLOW_PORT", str(ports.mlflow))
        patch.setenv("AIRFLOW_TASK_HEARTBEAT_TIMEOUT", "30")
        require_engine()
        stack = read_stack()
        require_images(stack)
        # A killed test run may have left a stack, whose database has other passwords.
        remove(stack)
        try:
            start()
            yield RunningStack(stack, log_in(stack), secrets)
        finally:
            remove(stack)
    assert not docker("ps", "--all", "--quiet", "--filter", f"label=nightshift.stack={PROJECT}")


def require_engine() -> None:
    try:
        docker("version")
        compose("version")
    except StackError as error:
        pytest.skip(
            f"no Docker engine with Compose here ({error}); .ci/docker-engine, .ci/stack-images make one on Debian"
        )


def require_images(stack: Stack) -> None:
    """Skip where an image is missing that this machine can neither build here nor pull."""
    images = {service["image"] for service in stack.config["services"].values()}
    images.add(stack.value("scheduler", "TRAINER_IMAGE"))
    for image in sorted(images):
        if not docker("images", "--quiet", image):
            pytest.skip(f"no image {image} here; `make image stack-images`, .ci/stack-images for what cannot be pulled")


def remove(stack: Stack) -> None:
    """Remove the stack with its data, and the steps' containers it left."""
    if left := docker("ps", "--all", "--quiet", "--filter", f"label=nightshift.stack={stack.project}").split():
        docker("rm", "--force", "--volumes", *left)
    compose("--profile", "tools", "down", "--volumes", "--timeout", "10")
    if has_volume(CACHE):
        docker("volume", "rm", CACHE)
