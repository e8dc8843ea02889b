"""List a bucket as it is or as it was at a given time, several folders at once."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from trainer.storage.interface import StoredObject

from .answers import Entry, Page
from .client import S3Client

_MAX_DEPTH = 3
"""Levels of folders that are listed one by one."""
_MAX_FOLDERS = 64
"""A folder with more subfolders is listed as a whole: one request per subfolder would take longer."""


class _Part(NamedTuple):
    """The objects that a listing of one folder returned, and the folders below it that are still to be listed."""

    objects: list[StoredObject]
    folders: list[str]
    depth: int
    """How many more levels of folders may be listed one by one."""


class BucketListing:
    """The objects of a bucket, with full keys and in no particular order."""

    def __init__(self, client: S3Client, bucket: str, *, versions: bool, as_of: datetime | None = None) -> None:
        """Prepare to list; ``versions`` says whether the bucket keeps versions, which ``as_of`` requires."""
        self._client = client
        self._bucket = bucket
        self._versions = versions
        self._as_of = as_of

    def below(self, prefix: str, threads: int) -> Iterator[StoredObject]:
        """Yield all objects whose keys begin with a prefix; raises as ``S3Client.pages`` does."""
        with ThreadPoolExecutor(threads) as pool:
            pending = deque([pool.submit(self._part, prefix, _MAX_DEPTH)])
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
        if first.following and depth:
            direct = next(self._pages(prefix, delimiter="/"))
            if not direct.following and 1 < len(direct.folders) <= _MAX_FOLDERS:
                return _Part(list(self._objects([direct])), direct.folders, depth - 1)
        return _Part(list(self._objects(chain([first], flat))), [], 0)

    def _pages(self, prefix: str, delimiter: str = "") -> Iterator[Page]:
        return self._client.pages(self._bucket, prefix, delimiter=delimiter, versions=self._versions)

    def _objects(self, pages: Iterable[Page]) -> Iterator[StoredObject]:
        entries: Iterable[Entry] = chain.from_iterable(page.entries for page in pages)
        if self._as_of is not None:
            entries = _newest(entries, self._as_of)
        elif self._versions:
            entries = (entry for entry in entries if entry.is_latest)
        return (
            StoredObject(entry.key, entry.size, entry.etag, entry.version_id)
            for entry in entries
            if not entry.is_deletion
        )


def _newest(entries: Iterable[Entry], moment: datetime) -> Iterable[Entry]:
    """Return the entry of each key that was the latest at a given time: a version, or the mark of its deletion."""
    newest: dict[str, tuple[tuple[datetime, bool], Entry]] = {}
    for entry in entries:
        modified = datetime.fromisoformat(entry.modified)
        age = (modified, entry.is_latest)
        # Stores truncate the time to seconds, and list the newer of two entries of the same second first.
        if modified < moment and (entry.key not in newest or age > newest[entry.key][0]):
            newest[entry.key] = (age, entry)
    return [entry for _, entry in newest.values()]
