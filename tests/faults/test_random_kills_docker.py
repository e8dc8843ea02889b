"""Kills at random moments with steps in containers: of the container, the task that watches it, and the services.

In addition to what must hold for every runtime, no task ever has two containers that run at once, and no container
remains whose result was not taken. ``make faults-docker`` kills 12 times; FAULT_KILLS and FAULT_SEED are those of
``test_random_kills``.
"""

import pytest

from tests.e2e.conftest import Stack
from tests.e2e.test_docker import IMAGE, client

from .docker_faults import DOCKER, ON_DOCKER, Life, doubled, noted, nothing_kept
from .random_kills import KILLS_AT_ONCE, SEED, kills_by_test, survive_random_kills
from .table import Note

__all__ = ["client", "noted", "nothing_kept"]

STACK_ENVIRONMENT = {"TRAINING_RUNTIME": "docker", "TRAINER_IMAGE": IMAGE}
pytestmark = [*ON_DOCKER, pytest.mark.timeout(600 + 150 * KILLS_AT_ONCE)]


@pytest.mark.parametrize(("part", "kills"), enumerate(kills_by_test(12)))
def test_random_kills_lose_nothing_and_never_leave_two_containers_of_a_task(
    stack: Stack, noted: list[Life], part: int, kills: int, record_property: Note
) -> None:
    survive_random_kills(stack, DOCKER, part, kills, record_property)
    assert len(noted) > kills, "the engine reported no events"
    assert doubled(noted) == [], f"seed {SEED}"
