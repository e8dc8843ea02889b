"""What holds for all tests: none fails because the machine is slow; two at once do not meet; faults have a table."""

import os

import pytest
from hypothesis import settings

from tests.faults.table import table

settings.register_profile("nightshift", deadline=None)
settings.load_profile("nightshift")

# Stacks that begin at the same moment would find the same ports free.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    for name, first in (("AIRFLOW_PORT", 8080), ("MLFLOW_PORT", 5000)):
        os.environ[name] = str(int(os.environ.get(name, first)) + 100 * int(worker.removeprefix("gw")))


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
