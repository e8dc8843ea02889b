"""Sweeps during trainings, their deaths and their waits for a retry delete nothing that is in use."""

import pytest

from tests.e2e.conftest import Stack

from .faults import LOCAL
from .sweeps import LONG_CATALOG, SWEEP_AT_ONCE, sweep_beside
from .table import Note

CATALOG = LONG_CATALOG
STACK_ENVIRONMENT = SWEEP_AT_ONCE
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.usefixtures("tiny_model"), pytest.mark.timeout(1200)]


def test_sweeps_touch_nothing_of_what_works_or_waits_for_its_retry(stack: Stack, record_property: Note) -> None:
    sweep_beside(stack, LOCAL, record_property)
