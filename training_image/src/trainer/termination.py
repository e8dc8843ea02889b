"""Being told to stop: by SIGTERM or SIGINT, or by the end of standard input when the parent holds it open.

The local runtime starts a step in a process group of its own, so a worker that is killed outright would leave the
step running for nobody. The parent's death closes the pipe that is the step's standard input, which no signal can
prevent; the step then stops itself and its process group. The processes of several GPUs end with their launcher.

``Terminated`` may be raised anywhere, also in the middle of starting a thread of a pool, which then never hears that
the pool is over: an orderly end of the interpreter would wait for it for ever. So a process that was told to stop ends
by ``end_process``.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from step_contract.step import ExitCode

from .errors import Terminated

GRACE_AFTER_PARENT_SECONDS = 10
_STDIN = 0
_PR_SET_PDEATHSIG = 1

_told_to_stop = threading.Event()


@contextmanager
def raise_when_told_to_stop(watch_stdin: bool) -> Iterator[None]:
    """Raise Terminated in the main thread at the first signal; a second signal ends the process at once."""
    signalled = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal signalled
        if signalled:
            os._exit(ExitCode.TERMINATED)
        signalled = True
        _told_to_stop.set()
        name = signal.Signals(number).name
        raise Terminated(f"told to stop by {name}; the next try goes on from the last checkpoint")

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    if watch_stdin:
        threading.Thread(target=_stop_with_parent, name="parent-watch", daemon=True).start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end_process(code: int) -> NoReturn:
    """End the interpreter; at once, without waiting for any thread, if this process was ever told to stop."""
    if not _told_to_stop.is_set():
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _stop_with_parent() -> None:
    while os.read(_STDIN, 4096):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_AFTER_PARENT_SECONDS)
    os.killpg(os.getpgid(0), signal.SIGKILL)


def die_with_parent() -> None:
    """Have the kernel kill this process as soon as the one that started it is gone; Linux only, elsewhere nothing."""
    parent = os.getppid()
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went in between
        os.kill(os.getpid(), signal.SIGKILL)
