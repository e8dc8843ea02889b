"""Being told to stop: what each signal does, in processes that do nothing else."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from step_contract.failure import ExitCode
from trainer.errors import Terminated
from trainer.termination import raise_on_stop_signal, stop_order_takes_precedence

WAIT = """
import sys, time
from trainer.errors import Terminated
from trainer.termination import raise_on_stop_signal
with raise_on_stop_signal(watch_stdin=False):
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
from trainer.termination import end_process, raise_on_stop_signal

run_thread = threading.Thread._set_tstate_lock

def stop_and_run(thread):
    run_thread(thread)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.5)

pool = ThreadPoolExecutor()
with raise_on_stop_signal(watch_stdin=False):
    try:
        threading.Thread._set_tstate_lock = stop_and_run
        pool.submit(int)
    except Terminated as told:
        print(told)
end_process(143)
"""

# The signal comes while an object ends: Python prints what is raised there, and goes on.
STOPPED_WHERE_NOTHING_IS_RAISED = """
import os, signal, time
from trainer.errors import Terminated
from trainer.termination import raise_on_stop_signal

class Ending:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)

with raise_on_stop_signal(watch_stdin=False):
    try:
        Ending()
        time.sleep(60)
    except Terminated as told:
        print(told)
"""

STOPPED_WITHOUT_A_READER = """
import os, signal, sys, threading, time
from trainer.__main__ import _reply
from trainer.termination import end_process, raise_on_stop_signal

def work():
    with raise_on_stop_signal(watch_stdin=False):
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

threading.Thread(target=time.sleep, args=(60,)).start()
end_process(_reply(None, work))
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
    assert output == f"told to stop by {number.name}; the next attempt resumes from the last checkpoint\n"


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


def test_a_process_that_is_told_to_stop_and_whose_reader_is_gone_ends_all_the_same() -> None:
    command = [sys.executable, "-c", STOPPED_WITHOUT_A_READER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        for pipe in (process.stdout, process.stderr, process.stdin):
            assert pipe is not None
            pipe.close()
        try:
            assert process.wait(timeout=30) == ExitCode.TERMINATED
        finally:
            process.kill()


def test_a_signal_that_comes_where_python_cannot_raise_stops_the_work_a_moment_later() -> None:
    command = [sys.executable, "-c", STOPPED_WHERE_NOTHING_IS_RAISED]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert done.stdout == "told to stop by SIGTERM; the next attempt resumes from the last checkpoint\n"
    assert done.stderr == ""


def test_what_a_library_makes_of_the_order_to_stop_is_the_order_to_stop() -> None:
    stopping = raise_on_stop_signal(watch_stdin=False)
    with stopping, pytest.raises(Terminated, match="SIGTERM"), stop_order_takes_precedence():
        stopped_in_a_library()


def test_an_error_that_nobody_told_to_stop_stays_what_it_is() -> None:
    with raise_on_stop_signal(watch_stdin=False), suppress(Terminated):
        os.kill(os.getpid(), signal.SIGTERM)
    stopping = raise_on_stop_signal(watch_stdin=False)
    with stopping, pytest.raises(ValueError, match="no order"), stop_order_takes_precedence():
        raise ValueError("no order")


def stopped_in_a_library() -> None:
    """Get SIGTERM where the code around makes another error of whatever is raised."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except BaseException as error:
        raise ValueError(f"Error building validator: {error}") from None
