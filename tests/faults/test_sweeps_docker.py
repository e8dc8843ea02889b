"""Sweeps with steps in containers stop and remove no container that works or whose result was not yet taken."""

import pytest

from tests.e2e.conftest import Stack
from tests.e2e.test_docker import IMAGE, client

from .docker_faults import DOCKER, ON_DOCKER, Life, doubled, noted, nothing_kept
from .sweeps import LONG_CATALOG, SWEEP_AT_ONCE, sweep_beside
from .table import Note

__all__ = ["client", "noted", "nothing_kept"]

CATALOG = LONG_CATALOG
# Nothing is kept for a look: what the sweep leaves alone it leaves for another reason.
STACK_ENVIRONMENT = SWEEP_AT_ONCE | {
    "TRAINING_RUNTIME": "docker",
    "TRAINER_IMAGE": IMAGE,
    "DOCKER_KEEP_FAILED_HOURS": "0",
}
pytestmark = [*ON_DOCKER, pytest.mark.timeout(1500)]


def test_sweeps_touch_no_container_of_what_works_or_waits_for_its_retry(
    stack: Stack, noted: list[Life], record_property: Note
) -> None:
    sweep_beside(stack, DOCKER, record_property)
    assert doubled(noted) == []
