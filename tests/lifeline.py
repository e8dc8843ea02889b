"""Code that makes a program end with the test process that started it, even if a Ctrl-C kills that process."""

import os


def lifeline() -> str:
    """Return one line of Python that makes a program kill itself once this process has ended."""
    watch = f"[time.sleep(0.2) for _ in iter(lambda: os.path.exists('/proc/{os.getpid()}'), False)]"
    action = f"({watch}, os.kill(os.getpid(), 9))"
    return f"import os, threading, time; threading.Thread(target=lambda: {action}, daemon=True).start()"
