"""The cache, which containers share, is full or read-only in every step.

A container's workspace is a tmpfs of its own: tests/pipelines/runtimes/docker/test_runtime.py fills it.
"""

from collections.abc import Iterator

import pytest
from docker import APIClient

from tests.e2e.conftest import Stack
from tests.e2e.test_docker import IMAGE, client

from .disks import TROUBLES, small_disk, survive_disk_trouble
from .docker_faults import DOCKER, ON_DOCKER, remove_containers
from .faults import DAG_ID
from .table import Note

__all__ = ["client"]

STACK_ENVIRONMENT = {"TRAINING_RUNTIME": "docker", "TRAINER_IMAGE": IMAGE}
pytestmark = [*ON_DOCKER, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def on_small_disk(stack: Stack, client: APIClient) -> Iterator[Stack]:
    """The stack, with its cache on a disk of its own."""
    with small_disk(stack.layout.cache):
        stack.api.wait_for_dag(DAG_ID)
        stack.api.unpause(DAG_ID)
        yield stack
        remove_containers(client, stack)


@pytest.mark.parametrize("what", TROUBLES)
def test_a_run_in_containers_continues_once_its_disk_is_repaired(
    on_small_disk: Stack, what: str, record_property: Note
) -> None:
    place = on_small_disk.layout.cache
    survive_disk_trouble(on_small_disk, DOCKER, place, what, list(TROUBLES).index(what), record_property)
