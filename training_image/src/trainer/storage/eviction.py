"""Keep the cache of datasets within its limits: what was not used for longest goes first.

Safe beside running steps: they hold hard links to what they use, and fetch again what they find missing.
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
"""A step may be about to open what was touched this recently."""


class Copy(NamedTuple):
    """A file of the cache."""

    used: float
    size: int
    path: str


def evict_if_due(cache: Path, *, max_gb: float, keep_days: float) -> None:
    """Do what ``evict`` does, once an hour: more often there is little that was not in use."""
    stamp = cache / "evicted"
    try:
        # Of a stamp from the future nothing is known: the clock was wrong then, or is now.
        if abs(time.time() - stamp.stat().st_mtime) < _IN_USE_SECONDS:
            return
    except OSError:
        _log.debug("%s was not tidied up yet", cache)
    evict(cache, max_gb=max_gb, keep_days=keep_days)
    try:
        stamp.touch()
    except OSError as error:
        _log.warning("cannot write %s: %s; the cache is looked through each time", stamp, error)


def evict(cache: Path, *, max_gb: float, keep_days: float) -> None:
    """Remove copies that were not used for ``keep_days``, and the least recently used ones above ``max_gb``.

    0 means no limit. What broken-off fetches left behind goes after a day. A cache that cannot be tidied up is only
    larger than it need be.
    """
    for what, chosen in due(cache, max_gb=max_gb, keep_days=keep_days):
        remove(cache, what, chosen)


def due(cache: Path, *, max_gb: float, keep_days: float) -> Iterator[tuple[str, list[Copy]]]:
    """Choose what ``evict`` removes, as groups of files with what they are."""
    now = time.time()
    leftovers = [copy for copy in _copies(cache, ("incoming",), now) if now - copy.used > _DAY_SECONDS]
    drafts = [copy for copy in _copies(cache, _DRAFTS, now) if _is_draft(copy) and now - copy.used > _DAY_SECONDS]
    copies = sorted(_copies(cache, _COPIES, now)) if max_gb or keep_days else []
    old = [copy for copy in copies if keep_days and now - copy.used > keep_days * _DAY_SECONDS]
    over = _least_used(copies[len(old) :], max_gb * 1e9, now) if max_gb else []
    yield "left behind by fetches that broke off", leftovers
    yield "left behind by steps that were stopped while they wrote", drafts
    yield f"not used for {keep_days:g} days (TRAINER_CACHE_KEEP_DAYS)", old
    yield f"least recently used above {max_gb:g} GB (TRAINER_CACHE_MAX_GB)", over


def _is_draft(copy: Copy) -> bool:
    return os.path.basename(copy.path).startswith(".")


def _least_used(copies: list[Copy], most_bytes: float, now: float) -> list[Copy]:
    total, chosen = sum(copy.size for copy in copies), []
    for copy in copies:
        if total <= most_bytes or now - copy.used < _IN_USE_SECONDS:
            break
        chosen.append(copy)
        total -= copy.size
    return chosen


def _copies(cache: Path, folders: tuple[str, ...], now: float) -> Iterator[Copy]:
    for folder in folders:
        for copy in _files_below(str(cache / folder)):
            yield copy if copy.used - now < _IN_USE_SECONDS else _used_now(copy, now)


def _used_now(copy: Copy, now: float) -> Copy:
    """Begin to count anew for a copy whose last use lies in the future: it would stay until then."""
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
        _log.warning("cannot look into the cache of datasets: %s", error)
        return
    for entry in found:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path)
        else:
            # Another step may have removed it at this moment.
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                yield Copy(status.st_mtime, status.st_size, entry.path)


def remove(cache: Path, what: str, copies: list[Copy]) -> None:
    """Remove files of the cache and say so; one that is gone or cannot be removed is left out."""
    removed = [copy.size for copy in copies if _is_removed(copy)]
    if removed:
        _log.info("cache %s: removed %s files, %.3f GB, %s", cache, f"{len(removed):,}", sum(removed) / 1e9, what)


def _is_removed(copy: Copy) -> bool:
    try:
        os.unlink(copy.path)
    except FileNotFoundError:
        return False
    except OSError as error:
        _log.warning("cannot remove %s from the cache of datasets: %s", copy.path, error)
        return False
    return True
