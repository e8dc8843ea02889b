"""The same in containers: every step's container is killed, told to stop, and loses the task that watches it."""

from collections.abc import Iterator

import pytest
from docker import APIClient

from tests.e2e.conftest import Stack
from tests.e2e.test_docker import IMAGE, client

from .docker_faults import DOCKER, ON_DOCKER, remove_containers
from .each_step import FAULTS, stop_each_step
from .gate import Gate
from .table import Note
from .test_each_step import gate

__all__ = ["client", "gate"]

STACK_ENVIRONMENT = {"TRAINING_RUNTIME": "docker", "TRAINER_IMAGE": IMAGE}
pytestmark = [*ON_DOCKER, pytest.mark.timeout(900)]


@pytest.fixture(autouse=True)
def nothing_kept(stack: Stack, client: APIClient) -> Iterator[None]:
    """Remove what is kept for a look: nobody looks."""
    yield
    remove_containers(client, stack)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_step_in_a_container_goes_on_after_it(
    stack: Stack, gate: Gate, fault: str, record_property: Note
) -> None:
    stop_each_step(stack, DOCKER, gate, fault, record_property)
