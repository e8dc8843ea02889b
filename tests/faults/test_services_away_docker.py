"""The same failures of MLflow and the S3 store with steps in containers."""

import pytest

from tests.e2e.conftest import Stack
from tests.e2e.test_docker import IMAGE, client

from .docker_faults import DOCKER, ON_DOCKER, nothing_kept
from .gate import Mode
from .services_away import MODES, S3_CATALOG, SERVICES, Gates, ride_out
from .table import Note
from .test_services_away import gates, ready

__all__ = ["client", "gates", "nothing_kept", "ready"]

CATALOG = S3_CATALOG
STACK_ENVIRONMENT = {"TRAINING_RUNTIME": "docker", "TRAINER_IMAGE": IMAGE}
pytestmark = [*ON_DOCKER, pytest.mark.timeout(900)]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@pytest.mark.parametrize("service", SERVICES)
def test_every_step_in_a_container_rides_out(
    ready: Stack, gates: Gates, service: str, mode: Mode, record_property: Note
) -> None:
    ride_out(ready, DOCKER, gates, service, mode, record_property)
