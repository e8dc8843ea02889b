"""List a bucket: as it is, or as it was at a moment, several folders at once."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from .s3_client import Page, S3Client
from .storage import StoredObject

_DEEPEST = 3
"""Levels of folders that are looked into one by one."""
_MOST_FOLDERS = 64
"""A folder with more than these is listed as a whole: a request for each would take longer than they save."""

Entry = dict[str, Any]


class _Part(NamedTuple):
    """What a listing of one folder gave, and the folders below it that are still to be listed."""

    objects: list[StoredObject]
    folders: list[str]
    depth: int
    """How many levels of folders below these may be looked into one by one."""


class BucketListing:
    """The objects of a bucket, in full keys and in no order."""

    def __init__(self, client: S3Client, bucket: str, *, versions: bool, as_of: datetime | None = None) -> None:
        """Prepare to list; ``versions`` says that the bucket keeps them, ``as_of`` needs that it does."""
        self._client = client
        self._bucket = bucket
        self._versions = versions
        self._as_of = as_of

    def below(self, prefix: str, threads: int) -> Iterator[StoredObject]:
        """Yield all objects whose keys begin with a prefix; raises as ``S3Client.pages`` does."""
        with ThreadPoolExecutor(threads) as pool:
            pending = deque([pool.submit(self._part, prefix, _DEEPEST)])
            while pending:
                part = pending.popleft().result()
                yield from part.objects
                pending.extend(pool.submit(self._part, folder, part.depth) for folder in part.folders)

    def named(self, key: str) -> StoredObject | None:
        """Return the object of exactly that key."""
        return next((item for item in self._objects(self._pages(key)) if item.key == key), None)

    def _part(self, prefix: str, depth: int) -> _Part:
        flat = self._pages(prefix)
        first = next(flat)
        if first["IsTruncated"] and depth:
            direct = next(self._pages(prefix, delimiter="/"))
            folders = [str(folder["Prefix"]) for folder in direct.get("CommonPrefixes", ())]
            if not direct["IsTruncated"] and 1 < len(folders) <= _MOST_FOLDERS:
                return _Part(list(self._objects([direct])), folders, depth - 1)
        return _Part(list(self._objects(chain([first], flat))), [], 0)

    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[Page]:
        return self._client.pages(self._bucket, prefix, delimiter=delimiter, versions=self._versions)

    def _objects(self, pages: Iterable[Page]) -> Iterator[StoredObject]:
        if not self._versions:
            return (_object(entry) for page in pages for entry in page.get("Contents", ()))
        if self._as_of is None:
            versions = (entry for page in pages for entry in page.get("Versions", ()))
            return (_object(entry) for entry in versions if entry["IsLatest"])
        return _as_of(list(pages), self._as_of)


def _as_of(pages: Sequence[Page], moment: datetime) -> Iterator[StoredObject]:
    """Yield the versions that were the latest ones at a moment, unless the object was deleted by then."""
    versions = _newest((entry for page in pages for entry in page.get("Versions", ())), moment)
    markers = _newest((entry for page in pages for entry in page.get("DeleteMarkers", ())), moment)
    for key, version in versions.items():
        if key not in markers or _age(version) > _age(markers[key]):
            yield _object(version)


def _newest(entries: Iterator[Entry], moment: datetime) -> dict[str, Entry]:
    newest: dict[str, Entry] = {}
    for entry in entries:
        known = newest.get(entry["Key"])
        # Stores cut the time to seconds, and of two in the same second list the newer one first.
        if entry["LastModified"] < moment and (known is None or _age(entry) > _age(known)):
            newest[entry["Key"]] = entry
    return newest


def _age(entry: Entry) -> tuple[datetime, bool]:
    return entry["LastModified"], entry["IsLatest"]


def _object(entry: Entry) -> StoredObject:
    return StoredObject(entry["Key"], entry["Size"], entry["ETag"].strip('"'), entry.get("VersionId"))
