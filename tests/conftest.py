"""What holds for all tests: none fails because the machine is slow; two at once do not meet; faults have a table."""

import os

import pytest
from hypothesis import settings

from tests.faults.table import table

settings.register_profile("nightshift", deadline=None)
settings.load_profile("nightshift")

# Stacks that begin at the same moment would find the same ports free, and so would a real stack that comes up beside
# the tests: each process of the tests looks from ports of its own on, below those that the kernel hands out.
FIRST_PORT = 10_000 + os.getpid() % 2_000 * 10
os.environ["AIRFLOW_PORT"] = str(FIRST_PORT)
os.environ["MLFLOW_PORT"] = str(FIRST_PORT + 5)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what came of each fault."""
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
