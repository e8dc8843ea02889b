"""Cache local copies of a dataset's objects, each named by the BLAKE3 of its content; processes may share a cache.

A copy appears complete under its final name or not at all, and is never written to again. Any copy may be deleted
at any time: objects are requested by digest, and a missing one is fetched again.
"""

import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from trainer.errors import BadData, TryAgain

from .content_hash import content_hash_of
from .interface import Storage, StoredObject, readable

_log = logging.getLogger(__name__)
_READ_ONLY = 0o444


def fetch_object(cache: Path, storage: Storage, uri: str, item: StoredObject) -> tuple[str, Path]:
    """Copy one object of a source into the cache, and return its BLAKE3 and its path there.

    Raises:
        BadData: the object was deleted.
        TryAgain: the store is unavailable, or the cache cannot be written.
    """
    incoming = incoming_path(cache)
    content_hash = storage.fetch(uri, item, incoming)
    target = _object_path(cache, item.key, content_hash)
    with _cache_errors(cache):
        keep(incoming, target)
    return content_hash, target


def read_object(cache: Path, storage: Storage, uri: str, item: StoredObject) -> tuple[str, bytes]:
    """Return the BLAKE3 and content of one object without keeping a copy. Raises as ``fetch_object`` does."""
    incoming = incoming_path(cache)
    content_hash = storage.fetch(uri, item, incoming)
    with _cache_errors(cache):
        try:
            return content_hash, incoming.read_bytes()
        finally:
            incoming.unlink(missing_ok=True)


def cached_object(cache: Path, storage: Storage, uri: str, item: StoredObject, content_hash: str) -> Path:
    """Return a copy whose content has the digest; fetch it if the cached copy is missing or damaged.

    Raises:
        BadData: the source no longer has that content.
        TryAgain: the store is unavailable, or the cache cannot be written.
    """
    path = _object_path(cache, item.key, content_hash)
    if _is_intact(path, content_hash, item.size):
        mark_used(path)
        return path
    found, path = fetch_object(cache, storage, uri, item)
    if found != content_hash:
        raise BadData(
            f"{readable(uri)}: {item.key} changed since preprocess recorded it (BLAKE3 was {content_hash[:12]}, "
            f"is {found[:12]}); run preprocess of this DAG run again, then train"
        )
    return path


def keep(incoming: Path, target: Path) -> None:
    """Give a complete copy its final name.

    Raises:
        OSError: the cache cannot be written.
    """
    # Read-only: every process that shares the cache reads this file, and trainings get hard links to it.
    incoming.chmod(_READ_ONLY)
    try:
        os.replace(incoming, target)
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(incoming, target)


@contextmanager
def _cache_errors(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TryAgain(f"cannot write the dataset cache {cache} (TRAINER_CACHE_DIR): {error}") from error


def mark_used(path: Path) -> None:
    """Set a copy's modification time to now, by which eviction finds the least recently used copies."""
    try:
        os.utime(path)
    except OSError:
        # Another user's copy, or a copy deleted meanwhile; the caller can read its content in both cases.
        _log.debug("cannot mark %s as used", path)


def incoming_path(cache: Path) -> Path:
    """Return a new path for a copy that is not complete yet; leftovers there are deleted after a day."""
    return cache / "incoming" / uuid.uuid4().hex


def _object_path(cache: Path, key: str, content_hash: str) -> Path:
    return cache / "objects" / content_hash[:2] / f"{content_hash}{PurePosixPath(key).suffix.lower()}"


def _is_intact(path: Path, content_hash: str, size: int) -> bool:
    try:
        if path.stat().st_size != size:
            return False
        return content_hash_of(path) == content_hash
    except OSError:
        return False
