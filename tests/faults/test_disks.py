"""The disk with the workspaces, or with the cache, is full or read-only in every step."""

from collections.abc import Iterator

import pytest

from tests.e2e.conftest import Stack

from .disks import TROUBLES, small_disk, survive_disk_trouble
from .faults import DAG_ID, LOCAL
from .table import Note

PLACES = ("work", "cache")
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.usefixtures("tiny_model"), pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def on_small_disks(stack: Stack) -> Iterator[Stack]:
    """The stack, with workspaces and cache on disks of their own."""
    with small_disk(stack.layout.state / "work"), small_disk(stack.layout.cache):
        stack.api.wait_for_dag(DAG_ID)
        stack.api.unpause(DAG_ID)
        yield stack


@pytest.mark.parametrize("what", TROUBLES)
@pytest.mark.parametrize("place", PLACES)
def test_a_run_continues_once_its_disk_is_repaired(
    on_small_disks: Stack, place: str, what: str, record_property: Note
) -> None:
    seed = 2 * PLACES.index(place) + list(TROUBLES).index(what)
    survive_disk_trouble(on_small_disks, LOCAL, on_small_disks.layout.state / place, what, seed, record_property)
