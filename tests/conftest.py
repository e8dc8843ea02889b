"""Rules for all tests: none fails because the machine is slow, two at once do not collide, faults have a table."""

import os

import pytest
from hypothesis import settings

from tests.faults.table import table

settings.register_profile("nightshift", deadline=None)
settings.load_profile("nightshift")

# Stacks that start at the same moment would find the same ports free, and so would a real stack started beside the
# tests. So each test process searches a range of its own, below the ports that the kernel assigns.
FIRST_PORT = 10_000 + os.getpid() % 2_000 * 10
os.environ["AIRFLOW_PORT"] = str(FIRST_PORT)
os.environ["MLFLOW_PORT"] = str(FIRST_PORT + 5)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the result of each fault."""
    reports = [
        report
        for outcome in ("passed", "failed", "error")
        for report in terminalreporter.getreports(outcome)
        if report.nodeid.startswith("tests/faults/") and (report.when == "call" or report.failed)
    ]
    if reports:
        terminalreporter.section("faults")
        for line in table(reports):
            terminalreporter.write_line(line)
