"""Announce a training's progress on standard output, where the web UI's lines go."""

import sys

from step_contract import transport
from step_contract.result import Progress

from .journal import Entry
from .metric_names import shown_metrics


def announce(entry: Entry) -> None:
    """Print the web UI's line about a finished epoch."""
    progress = Progress(
        epoch=entry.epoch,
        total_epochs=entry.total_epochs,
        metrics=shown_metrics(entry.metrics),
        device=entry.device,
    )
    emit(transport.encode_progress(progress))


def emit(line: str) -> None:
    """Write a tagged line to standard output at once, in one piece."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
