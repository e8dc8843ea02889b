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

# The signal comes while a pool starts a thread: the pool does not know it yet, and Python waits for it at its end.
STOPPED_IN_MID_START = """
import os, signal, threading, time
from concurrent.futures import ThreadPoolExecutor
from trainer.errors import Terminated
from trainer.termination import end_process, raise_when_told_to_stop

run_thread = threading.Thread._set_tstate_lock

def stop_and_run(thread):
    run_thread(thread)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.5)

pool = ThreadPoolExecutor()
with raise_when_told_to_stop(watch_stdin=False):
    try:
        threading.Thread._set_tstate_lock = stop_and_run
        pool.submit(int)
    except Terminated as told:
        print(told)
end_process(143)
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


def test_a_thread_that_nobody_ends_does_not_hold_up_a_process_that_is_told_to_stop() -> None:
    with subprocess.Popen([sys.executable, "-c", STOPPED_IN_MID_START], stdout=subprocess.PIPE, text=True) as process:
        try:
            output, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert "told to stop by SIGTERM" in output
    assert process.returncode == ExitCode.TERMINATED
