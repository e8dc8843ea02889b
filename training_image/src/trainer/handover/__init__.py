"""Pass what a training produces from its process to those who report it.

``journal`` is an append-only file of epochs, ``slot`` holds the newest checkpoint. Both live in one handover folder,
which outlives the process that wrote it: the next attempt picks up what was not reported. ``announce`` prints the web
UI's line about an epoch, and ``shown_metrics`` returns the metrics of an epoch that the web UI shows.

Imports nothing heavy, because every process of a multi-GPU training imports it.
"""

from .announce import announce, emit
from .journal import Entry, EntryKind
from .metric_names import shown_metrics

__all__ = [
    "Entry",
    "EntryKind",
    "announce",
    "emit",
    "journal",
    "shown_metrics",
    "slot",
]
