"""Every step is killed, receives SIGTERM, and loses its task, once each, in the middle of its work."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Stack

from .each_step import FAULTS, stop_each_step
from .faults import LOCAL
from .gate import Gate
from .table import Note

STACK_ENVIRONMENT: dict[str, str] = {}
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.usefixtures("tiny_model"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module", autouse=True)
def gate(request: pytest.FixtureRequest) -> Iterator[Gate]:
    """A gate before MLflow, which makes steps that are over within seconds last for a while."""
    gate = Gate()
    request.module.STACK_ENVIRONMENT = request.module.STACK_ENVIRONMENT | {"MLFLOW_TRACKING_URI": gate.address}
    yield gate
    gate.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_step_survives_each_fault(stack: Stack, gate: Gate, fault: str, record_property: Note) -> None:
    stop_each_step(stack, LOCAL, gate, fault, record_property)
