"""Read datasets from an S3 bucket: ``s3://bucket/prefix``.

A sync of small objects is limited by waiting for the network, not by the CPU, so far more objects are fetched at once
than there are cores. A very large object is fetched in parts, several at once. The ETag and size of each object are
compared with the listing, and an interrupted transfer resumes where it stopped.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from trainer.errors import BadRequest, TryAgain
from trainer.settings import Settings
from trainer.storage.interface import NothingThere, ObjectChanged, StoredObject, new_file
from trainer.storage.thread_pool import thread_count

from .client import S3Client, S3Object
from .listing import BucketListing
from .retry import Interrupted

_CHUNK_BYTES = 1 << 18
_LARGE_BYTES = 8 << 20
"""From this size on, writing and hashing keep a core busy: no more of these are fetched at once than cores allow."""
_PART_BYTES = 16 << 20
_PARTS_FROM_BYTES = 16 * _PART_BYTES
"""Below this, other objects keep the network busy."""


class _Place(NamedTuple):
    bucket: str
    prefix: str
    """Empty, or with a slash at its end."""


class S3Storage:
    """Buckets of one endpoint. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        """Prepare for requests; nothing is sent yet.

        Raises:
            BadRequest: the endpoint or region cannot be used.
        """
        self._client = S3Client(settings)
        self._threads = settings.s3_threads
        self._parts = ThreadPoolExecutor(thread_count(), thread_name_prefix="s3-part")
        self._large = threading.BoundedSemaphore(thread_count())
        self._versioning: dict[str, str] = {}

    def list_objects(self, uri: str, as_of: datetime | None = None) -> list[StoredObject]:
        """List all objects below a prefix; hidden ones and the folder markers of S3 consoles are left out."""
        bucket, prefix = _place_of(uri)
        listing = self._listing(bucket, as_of)
        below = (_relative(item, prefix) for item in listing.below(prefix, self._threads))
        found = sorted((item for item in below if _is_data(item.key)), key=lambda item: item.key)
        if not found:
            moment = f" at {as_of.isoformat()}, the end of the data interval" if as_of else ""
            raise NothingThere(
                f"no dataset at {uri}: no objects there{moment}; expected a prefix with images below it, "
                "check dataset.uri"
            )
        return found

    def find_object(self, uri: str, key: str, as_of: datetime | None = None) -> StoredObject | None:
        """Return one object below a prefix, None if it is not there."""
        bucket, prefix = _place_of(uri)
        found = self._listing(bucket, as_of).named(prefix + key)
        return found and _relative(found, prefix)

    def fetch(self, uri: str, item: StoredObject, target: Path) -> str:
        """Copy one object to a local file and return its BLAKE3."""
        bucket, prefix = _place_of(uri)
        source = S3Object(bucket, prefix + item.key, item.size, item.etag, item.version_id)
        turn = self._large if item.size >= _LARGE_BYTES else nullcontext()
        digest = blake3()
        try:
            with turn, new_file(target) as out:
                if item.size < _PARTS_FROM_BYTES:
                    self._copy(source, out.fileno(), 0, item.size, digest)
                else:
                    self._copy_parts(source, out.fileno(), digest)
        except OSError as error:
            raise TryAgain(f"cannot write {source.place} to {target.parent}: {error}") from error
        return digest.hexdigest()

    def threads(self, uri: str) -> int:
        """Return how many objects are fetched at once (S3_THREADS)."""
        return self._threads

    def _listing(self, bucket: str, as_of: datetime | None) -> BucketListing:
        versioning = self._versioning_of(bucket)
        if as_of is not None and versioning != "Enabled":
            raise BadRequest(
                f"dataset.as_of is data_interval_end, but versioning of bucket {bucket} is {versioning or 'off'}; "
                "expected Enabled since before the data interval's end, or leave dataset.as_of out"
            )
        return BucketListing(self._client, bucket, versions=bool(versioning), as_of=as_of)

    def _versioning_of(self, bucket: str) -> str:
        if bucket not in self._versioning:
            self._versioning[bucket] = self._client.versioning(bucket)
        return self._versioning[bucket]

    def _copy_parts(self, source: S3Object, descriptor: int, digest: blake3) -> None:
        """Fetch several parts at once, and hash them in order."""
        starts = range(0, source.size, _PART_BYTES)
        spans = [(start, min(start + _PART_BYTES, source.size)) for start in starts]
        parts = [self._parts.submit(self._copy, source, descriptor, *span) for span in spans]
        try:
            for part, (start, stop) in zip(parts, spans, strict=True):
                part.result()
                _hash_span(digest, descriptor, start, stop)
        finally:
            # No part may still be writing when the file is closed.
            for part in parts:
                part.cancel()
            wait(parts)

    def _copy(self, source: S3Object, descriptor: int, start: int, stop: int, digest: blake3 | None = None) -> None:
        """Write a part of an object to its place in the file, and hash it; resume interrupted transfers."""
        budget = self._client.retry_budget("fetch", source.place)
        position = start
        while position < stop:
            try:
                for chunk in self._client.read(source, position, stop):
                    if position + len(chunk) > stop:
                        raise ObjectChanged(f"{source.place} is larger than it was when it was listed")
                    os.pwrite(descriptor, chunk, position)
                    if digest is not None:
                        digest.update(chunk)
                    position += len(chunk)
                    budget.reset()
                if position < stop:
                    raise Interrupted(f"the answer ended after {position:,} of {stop:,} bytes")
            except Interrupted as interruption:
                budget.spend(interruption)


def _place_of(uri: str) -> _Place:
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket:
        raise BadRequest(f"dataset.uri {uri!r} has no bucket; expected s3://bucket/prefix")
    prefix = prefix.rstrip("/")
    return _Place(bucket, f"{prefix}/" if prefix else "")


def _relative(item: StoredObject, prefix: str) -> StoredObject:
    return StoredObject(item.key[len(prefix) :], item.size, item.etag, item.version_id)


def _is_data(key: str) -> bool:
    """Return whether a key is data: not hidden, and not the marker of a folder, the prefix's own included."""
    return bool(key) and not key.endswith("/") and not key.startswith(".") and "/." not in key


def _hash_span(digest: blake3, descriptor: int, start: int, stop: int) -> None:
    for position in range(start, stop, _CHUNK_BYTES):
        digest.update(os.pread(descriptor, min(_CHUNK_BYTES, stop - position), position))
