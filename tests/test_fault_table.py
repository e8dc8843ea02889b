"""The table at the end of the fault suite, as two test processes print it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

SUITE = """
import pytest
from tests.faults.table import note_fault


@pytest.fixture
def stack():
    raise RuntimeError("the pool could not be made")


def test_of_two_rows(record_property):
    record_property("seed", 7)
    note_fault(record_property, "kill", "train", "night-1", "success", seconds=2.25, epochs_lost=1, violations=[])
    note_fault(record_property, "mlflow:500", "register", "night-2", "success", seconds=3, epochs_lost=0, violations=[])


def test_that_found_a_violation(record_property):
    violations = ["two runs of one night", "a lock left"]
    note_fault(record_property, "cut", "promote", "night-3", "failed", seconds=4, epochs_lost=0, violations=violations)
    assert not violations


def test_without_a_row():
    pass


def test_that_could_not_start(stack):
    pass


@pytest.mark.skip
def test_that_was_skipped():
    pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Write a small fault suite at the real one's place, and a test that does not belong to it."""
    faults = tmp_path / "tests" / "faults"
    faults.mkdir(parents=True)
    (faults / "test_faults.py").write_text(SUITE, encoding="utf-8")
    (tmp_path / "tests" / "test_other.py").write_text("def test_other(): pass\n", encoding="utf-8")
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_terminal_summary\n", encoding="utf-8")
    return tmp_path


def _run(suite: Path, *arguments: str) -> list[str]:
    """Return what pytest prints after the title of the table, without the lines of other sections."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    options = ("--import-mode=importlib", "--rootdir=.", "-p", "no:cacheprovider")
    shown = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments],
        cwd=suite,
        env=environment | {"PYTHONPATH": str(ROOT), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    ).stdout.splitlines()
    titles = [number for number, line in enumerate(shown) if line.strip("= ") == "faults"]
    if not titles:
        return []
    after = shown[titles[0] + 1 :]
    end = next(number for number, line in enumerate(after) if line.startswith("="))
    return after[:end]


def test_each_fault_is_a_row_with_what_came_of_it(suite: Path) -> None:
    lines = _run(suite, "-n", "2")
    assert lines[0] == "FAULT_SEED=7"
    assert lines[1].split() == ["fault", "step", "run", "outcome", "seconds", "epochs", "lost", "violations"]
    rows = [line.split(maxsplit=6) for line in lines[2:5]]
    assert sorted(rows) == [
        ["cut", "promote", "night-3", "failed", "4.0", "0", "two runs of one night; a lock left"],
        ["kill", "train", "night-1", "success", "2.2", "1", "none"],
        ["mlflow:500", "register", "night-2", "success", "3.0", "0", "none"],
    ]


def test_a_test_that_failed_or_noted_nothing_is_a_row_itself(suite: Path) -> None:
    own = [line.split(" s  ") for line in _run(suite, "-n", "2")[5:]]
    assert sorted((first.split()[0], name) for first, name in own) == [
        ("failed", "that could not start (setup)"),
        ("failed", "that found a violation"),
        ("passed", "without a row"),
    ]


def test_a_run_without_faults_has_no_table(suite: Path) -> None:
    assert _run(suite, "tests/test_other.py") == []
