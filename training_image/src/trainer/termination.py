"""Stop when ordered to: by SIGTERM or SIGINT, or by the end of standard input if the parent holds it open.

The local runtime starts a step in a process group of its own, so a worker that is killed outright would leave the
step running without a reader. The parent's death closes the pipe that is the step's standard input, which no signal can
prevent; the step then stops itself and its process group. The processes of several GPUs end with their launcher.

``Terminated`` may be raised anywhere, also in the middle of starting a thread of a pool, which then never hears that
the pool is over: an orderly end of the interpreter would wait for it for ever. So a process that was ordered to stop
ends by ``end_process``.

Nor does it always arrive as it was raised. What calls back from C may wrap it (pydantic's core makes a ``SchemaError``
of it), which must not count as a bug: see ``stop_order_takes_precedence``. Where Python cannot raise, in the end
of an object or in a weak reference's callback (every import has one), it prints the exception and continues; then it is
raised once more.
"""

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from step_contract.failure import ExitCode

from .errors import Superseded, Terminated

_log = logging.getLogger("trainer")

GRACE_AFTER_PARENT_SECONDS = 10
_STDIN = 0
_PR_SET_PDEATHSIG = 1
_ONCE_MORE_SECONDS = 0.05

_stop_ordered = threading.Event()
_order: list[str] = []
"""Reason why this process must stop, until it has; empty before."""


@contextmanager
def raise_on_stop_signal(watch_stdin: bool) -> Iterator[None]:
    """Raise Terminated in the main thread at the first signal; a second signal ends the process at once."""
    signalled = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal signalled
        if signalled:
            os._exit(ExitCode.TERMINATED)
        signalled = True
        _stop_ordered.set()
        name = signal.Signals(number).name
        _order.append(f"told to stop by {name}; the next attempt resumes from the last checkpoint")
        raise Terminated(_order[0])

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    hook_before, sys.unraisablehook = sys.unraisablehook, _raise_once_more
    if watch_stdin:
        threading.Thread(target=_stop_with_parent, name="parent-watch", daemon=True).start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = hook_before
        if signal.getsignal(signal.SIGALRM) is _stop_once_more:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        _order.clear()


def _raise_once_more(unraisable: "sys.UnraisableHookArgs") -> None:
    """Take what Python could not raise: Terminated is raised again in a moment, anything else is printed."""
    if not isinstance(unraisable.exc_value, Terminated):
        sys.__unraisablehook__(unraisable)
        return
    signal.signal(signal.SIGALRM, _stop_once_more)
    signal.setitimer(signal.ITIMER_REAL, _ONCE_MORE_SECONDS)


def _stop_once_more(_number: int, _frame: FrameType | None) -> None:
    raise Terminated(_order[0])


@contextmanager
def stop_order_takes_precedence() -> Iterator[None]:
    """Let an error that comes after the order to stop count as that order, which it may be in disguise."""
    try:
        yield
    except Superseded:
        raise
    except Exception as error:
        if not _order:
            raise
        _log.warning("what was under way when the order to stop came ended with %s: %s", type(error).__name__, error)
        raise Terminated(_order[0]) from error


def end_process(code: int) -> NoReturn:
    """End the interpreter; at once, without waiting for any thread, if this process was ever ordered to stop."""
    if not _stop_ordered.is_set():
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
    """Have the kernel kill this process as soon as its parent is gone; Linux only, elsewhere nothing."""
    parent = os.getppid()
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went in between
        os.kill(os.getpid(), signal.SIGKILL)
