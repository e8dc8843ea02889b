"""MLflow, or the S3 store with the dataset, fails in every step: refused, HTTP 500, slow, truncated answers."""

from collections.abc import Iterator

import pytest

from include.step_contract.order import Step
from tests.e2e.conftest import Stack

from .faults import DAG_ID, LOCAL
from .gate import Mode
from .services_away import (
    MODES,
    PROMISED_SECONDS,
    READS_DATA,
    S3_CATALOG,
    SERVICES,
    Gates,
    gates_before_services,
    put_dataset,
    ride_out,
)
from .table import Note

CATALOG = S3_CATALOG
STACK_ENVIRONMENT: dict[str, str] = {}
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.usefixtures("tiny_model"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module", autouse=True)
def gates(request: pytest.FixtureRequest) -> Iterator[Gates]:
    """Gates that the module's stack sends its steps through."""
    with gates_before_services() as gates:
        request.module.STACK_ENVIRONMENT = request.module.STACK_ENVIRONMENT | gates.environment
        yield gates


@pytest.fixture(scope="module")
def ready(stack: Stack, gates: Gates) -> Stack:
    """The stack, with its dataset in the store."""
    put_dataset(stack, gates)
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    return stack


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
@pytest.mark.parametrize("service", SERVICES)
def test_every_step_rides_out(ready: Stack, gates: Gates, service: str, mode: Mode, record_property: Note) -> None:
    ride_out(ready, LOCAL, gates, service, mode, record_property)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("service", "steps"),
    # A training without MLflow is one of the named faults: it continues and does not wait.
    [("mlflow", [step for step in Step if step is not Step.TRAIN]), ("s3", READS_DATA)],
    ids=SERVICES,
)
def test_every_step_rides_out_two_minutes(
    ready: Stack, gates: Gates, service: str, steps: list[Step], record_property: Note
) -> None:
    ride_out(ready, LOCAL, gates, service, Mode.REFUSED, record_property, steps=steps, seconds=PROMISED_SECONDS)
