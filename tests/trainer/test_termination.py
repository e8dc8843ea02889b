"""Being told to stop: what each signal does, in processes that do nothing else."""

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from step_contract.step import ExitCode

WAIT = """
import sys, time
from trainer.errors import Terminated
from trainer.termination import raise_when_told_to_stop
with raise_when_told_to_stop(watch_stdin=False):
    try:
        print("working", flush=True)
        time.sleep(60)
    except Terminated as told:
        print(told, flush=True)
        if "finish" in sys.argv:
            time.sleep(60)
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", WAIT, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    return process


@pytest.fixture
def stopped_late() -> Iterator[subprocess.Popen[str]]:
    """A process that takes its time after the first signal."""
    with start("finish") as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_the_work_and_says_which(number: signal.Signals) -> None:
    with start() as process:
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
    assert output == f"told to stop by {number.name}; the next try goes on from the last checkpoint\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_process_at_once(stopped_late: subprocess.Popen[str], number: signal.Signals) -> None:
    stopped_late.send_signal(signal.SIGTERM)
    assert stopped_late.stdout is not None
    assert "told to stop" in stopped_late.stdout.readline()
    stopped_late.send_signal(number)
    assert stopped_late.wait(timeout=20) == ExitCode.TERMINATED
