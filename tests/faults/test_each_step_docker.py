"""In every step, the container is killed, receives SIGTERM, and loses the task that watches it."""

import pytest

from tests.e2e.conftest import Stack
from tests.e2e.test_docker import IMAGE, client

from .docker_faults import DOCKER, ON_DOCKER, nothing_kept
from .each_step import FAULTS, stop_each_step
from .gate import Gate
from .table import Note
from .test_each_step import gate

__all__ = ["client", "gate", "nothing_kept"]

STACK_ENVIRONMENT = {"TRAINING_RUNTIME": "docker", "TRAINER_IMAGE": IMAGE}
pytestmark = [*ON_DOCKER, pytest.mark.timeout(900)]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_step_in_a_container_survives_each_fault(
    stack: Stack, gate: Gate, fault: str, record_property: Note
) -> None:
    stop_each_step(stack, DOCKER, gate, fault, record_property)
