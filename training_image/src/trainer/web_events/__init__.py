"""Send events of a step to the team's web UI.

``events_for`` makes the ``BackendCallbacks`` of a step, ``SILENT`` is the one that sends nothing. Events wait in an
outbox on disk while the web UI is unavailable, and never hold up or fail a step.
"""

from .events import SILENT, BackendCallbacks, events_for

__all__ = [
    "SILENT",
    "BackendCallbacks",
    "events_for",
]
