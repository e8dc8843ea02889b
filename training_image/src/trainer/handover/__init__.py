"""Pass what a training produces from its process to those who report it.

``journal`` is an append-only file of epochs, ``slot`` holds the newest checkpoint. Both live in one handover folder,
which outlives the process that wrote it: the next attempt picks up what was not reported. ``announce`` prints the web
UI's line about an epoch. ``EVERY_EPOCH_METRIC`` and ``shown_metrics`` name the metrics that both sides rely on.

Imports nothing heavy, because every process of a multi-GPU training imports it.
"""

from .announce import announce, emit
from .journal import Entry, EntryKind
from .metric_names import EVERY_EPOCH_METRIC, shown_metrics

__all__ = [
    "EVERY_EPOCH_METRIC",
    "Entry",
    "EntryKind",
    "announce",
    "emit",
    "journal",
    "shown_metrics",
    "slot",
]
