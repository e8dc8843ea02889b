"""Keep a training's journal: one JSON line per entry, in a file of the handover folder.

The training writes it, in this process or, with several GPUs, in the process of rank 0; the reporter's thread reads it
and carries it to MLflow. A file needs no pickling and no connection, and an epoch never waits for a tracking server.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from trainer.errors import Bug

_FILE = "journal.jsonl"
_STOP = "stop"
_FAILURE = "failure"


class EntryKind(StrEnum):
    """Subject of an entry."""

    START = "start"
    EPOCH = "epoch"
    FINAL = "final"


@dataclass(frozen=True)
class Entry:
    """The start (with the effective arguments), a finished epoch, or the best weights' final measurement."""

    kind: EntryKind
    epoch: int
    """Epochs finished so far; of a start, those that an earlier attempt finished."""
    total_epochs: int
    device: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    """By their names in MLflow; may be NaN. Scores begin with ``metrics/``, losses with ``train/``."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    when_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    """Unix time. An epoch that is uploaded twice has the same time, so MLflow keeps one point."""


def append(folder: Path, entry: Entry) -> None:
    """Add an entry."""
    with (folder / _FILE).open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")


def read(folder: Path, begin: int = 0) -> tuple[list[Entry], int]:
    """Return the complete entries from a byte offset, and the offset after them."""
    path = folder / _FILE
    if not path.exists():
        return [], begin
    with path.open("rb") as source:
        source.seek(begin)
        complete, newline, _ = source.read().rpartition(b"\n")
    entries = [_entry(json.loads(line)) for line in complete.splitlines()]
    return entries, begin + len(complete) + len(newline)


def _entry(fields: dict[str, object]) -> Entry:
    return Entry(**{**fields, "kind": EntryKind(str(fields["kind"]))})  # type: ignore[arg-type]  # as append wrote them


def ask_to_stop(folder: Path, reason: str) -> None:
    """Ask the training, whichever process it runs in, to end after this epoch."""
    (folder / _STOP).write_text(reason, encoding="utf-8")


def stop_reason(folder: Path) -> str | None:
    """Return why the training must end, or None."""
    path = folder / _STOP
    return path.read_text(encoding="utf-8") if path.exists() else None


def check_stop(folder: Path) -> None:
    """Call it after each epoch.

    Raises:
        Bug: the reporter asked the training to stop, because nothing of it could be kept.
    """
    reason = stop_reason(folder)
    if reason is not None:
        raise Bug(f"the training cannot be recorded: {reason}")


def note_failure(folder: Path, text: str) -> None:
    """Record why a process of the training failed; only the first reason is kept."""
    path = folder / _FAILURE
    if not path.exists():
        path.write_text(text, encoding="utf-8")


def failure(folder: Path) -> str | None:
    """Return why a process of the training failed, or None."""
    path = folder / _FAILURE
    return path.read_text(encoding="utf-8") if path.exists() else None
