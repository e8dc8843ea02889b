"""Kills at random moments with the real scheduler and real trainings: every run ends well, and nothing is left over.

``FAULT_KILLS`` is the number of kills (``make faults``: 100, ``make faults-sample``: 8), and ``FAULT_SEED`` repeats a
run's order of faults and waits; which step a fault meets depends on the machine.
"""

import pytest

from tests.e2e.conftest import Stack

from .faults import LOCAL
from .random_kills import KILLS_AT_ONCE, kills_by_test, survive_random_kills
from .table import Note

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.faults,
    pytest.mark.usefixtures("tiny_model"),
    pytest.mark.timeout(300 + 90 * KILLS_AT_ONCE),
]


@pytest.mark.parametrize(("part", "kills"), enumerate(kills_by_test(8)))
def test_random_kills_lose_nothing_and_double_nothing(
    stack: Stack, part: int, kills: int, record_property: Note
) -> None:
    survive_random_kills(stack, LOCAL, part, kills, record_property)
