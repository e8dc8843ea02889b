"""Keep the dataset cache within its limits: the least recently used files are deleted first.

This is safe while steps run: they hold hard links to the files they use, and fetch missing ones again.
"""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_log = logging.getLogger(__name__)

_COPIES = ("objects", "archives")
_DRAFTS = ("facts", "frameworks")
_DAY_SECONDS = 86_400.0
_IN_USE_SECONDS = 3600.0
"""A step may be about to open a file that was touched this recently."""


class Copy(NamedTuple):
    """A file of the cache."""

    used: float
    size: int
    path: str


def evict_if_due(cache: Path, *, max_gb: float, keep_days: float) -> None:
    """Run ``evict`` at most once an hour: within an hour, most files are still in use."""
    stamp = cache / "evicted"
    try:
        # A stamp from the future proves nothing: the clock was wrong then, or is wrong now.
        if abs(time.time() - stamp.stat().st_mtime) < _IN_USE_SECONDS:
            return
    except OSError:
        _log.debug("%s has never been cleaned up", cache)
    evict(cache, max_gb=max_gb, keep_days=keep_days)
    try:
        stamp.touch()
    except OSError as error:
        _log.warning("cannot write %s: %s; every step will scan the cache", stamp, error)


def evict(cache: Path, *, max_gb: float, keep_days: float) -> None:
    """Delete copies that were not used for ``keep_days``, and the least recently used ones above ``max_gb``.

    0 means no limit. Leftovers of interrupted fetches are deleted after a day. Errors are only logged: a cache that
    cannot be cleaned up is larger than it needs to be, nothing more.
    """
    for what, chosen in due(cache, max_gb=max_gb, keep_days=keep_days):
        remove(cache, what, chosen)


def due(cache: Path, *, max_gb: float, keep_days: float) -> Iterator[tuple[str, list[Copy]]]:
    """Yield the files that ``evict`` deletes, in groups with the reason for each."""
    now = time.time()
    leftovers = [copy for copy in _copies(cache, ("incoming",), now) if now - copy.used > _DAY_SECONDS]
    drafts = [copy for copy in _copies(cache, _DRAFTS, now) if _is_draft(copy) and now - copy.used > _DAY_SECONDS]
    copies = sorted(_copies(cache, _COPIES, now)) if max_gb or keep_days else []
    old = [copy for copy in copies if keep_days and now - copy.used > keep_days * _DAY_SECONDS]
    over = _least_used(copies[len(old) :], max_gb * 1e9, now) if max_gb else []
    yield "left behind by interrupted fetches", leftovers
    yield "left behind by steps that were stopped while writing", drafts
    yield f"not used for {keep_days:g} days (TRAINER_CACHE_KEEP_DAYS)", old
    yield f"least recently used above {max_gb:g} GB (TRAINER_CACHE_MAX_GB)", over


def _is_draft(copy: Copy) -> bool:
    return os.path.basename(copy.path).startswith(".")


def _least_used(copies: list[Copy], max_bytes: float, now: float) -> list[Copy]:
    total, chosen = sum(copy.size for copy in copies), []
    for copy in copies:
        if total <= max_bytes or now - copy.used < _IN_USE_SECONDS:
            break
        chosen.append(copy)
        total -= copy.size
    return chosen


def _copies(cache: Path, folders: tuple[str, ...], now: float) -> Iterator[Copy]:
    for folder in folders:
        for copy in _files_below(str(cache / folder)):
            yield copy if copy.used - now < _IN_USE_SECONDS else _used_now(copy, now)


def _used_now(copy: Copy, now: float) -> Copy:
    """Set the last use of a copy to now if it lies in the future: the copy would stay until then."""
    with suppress(OSError):
        os.utime(copy.path, (now, now))
    return copy._replace(used=now)


def _files_below(folder: str) -> Iterator[Copy]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except FileNotFoundError:
        return
    except OSError as error:
        _log.warning("cannot list the dataset cache: %s", error)
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path)
        else:
            # Another step may just have deleted it.
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                yield Copy(status.st_mtime, status.st_size, entry.path)


def remove(cache: Path, what: str, copies: list[Copy]) -> None:
    """Delete files of the cache and log how many; skip those already deleted or impossible to delete."""
    removed = [copy.size for copy in copies if _is_removed(copy)]
    if removed:
        _log.info("cache %s: deleted %s files, %.3f GB, %s", cache, f"{len(removed):,}", sum(removed) / 1e9, what)


def _is_removed(copy: Copy) -> bool:
    try:
        os.unlink(copy.path)
    except FileNotFoundError:
        return False
    except OSError as error:
        _log.warning("cannot delete %s from the dataset cache: %s", copy.path, error)
        return False
    return True
