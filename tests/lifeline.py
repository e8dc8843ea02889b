"""Code for programs that tests start: they end with the test's process, also when a Ctrl-C ends that at once."""

import os


def lifeline() -> str:
    """Return one line of Python that makes a program kill itself when this process is gone."""
    watch = f"[time.sleep(0.2) for _ in iter(lambda: os.path.exists('/proc/{os.getpid()}'), False)]"
    action = f"({watch}, os.kill(os.getpid(), 9))"
    return f"import os, threading, time; threading.Thread(target=lambda: {action}, daemon=True).start()"
