"""Read datasets from archives: ``dataset.uri`` names a .zip, .tar, .tar.gz or .tgz, or a folder inside it.

The archive is fetched once into the cache, under a name made of its URI and its ETag or version, and its members
are the dataset's objects. A member's ETag is the archive's ETag and size: enough to fetch the same archive again.
"""

import gzip
import hashlib
import re
import threading
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from blake3 import blake3

from trainer.errors import BadData, TryAgain

from .archive_members import Members, check_size, damage_as_bad_data, open_members
from .folders import folder_of
from .interface import NothingThere, Storage, StoredObject, new_file, readable, split_uri
from .object_cache import incoming_path, keep, mark_used
from .thread_pool import thread_count

_ARCHIVE = re.compile(r"((?:file://|s3://[^/]+)/.*?[^/]\.(?:zip|tar\.gz|tgz|tar))(?:/(.*))?", re.IGNORECASE | re.DOTALL)
_CHUNK_BYTES = 1 << 20


class Archive(NamedTuple):
    """The archive that a URI names, and the folder inside it."""

    uri: str
    folder: str
    """Empty, or with a slash at its end."""


def archive_in(uri: str) -> Archive | None:
    """Return the archive that a URI names, None if it names none: a folder may also be called ``x.zip``."""
    match = _ARCHIVE.fullmatch(uri)
    if match is None or (uri.startswith("file:") and folder_of(match[1]).is_dir()):
        return None
    folder = (match[2] or "").strip("/")
    folder = unquote(folder) if uri.startswith("file:") else folder
    return Archive(match[1], f"{folder}/" if folder else "")


class ArchiveStorage:
    """The members of archives that are kept in another storage."""

    def __init__(self, outside: Storage, cache: Path, max_gb: float) -> None:
        """Read archives from ``outside`` through a cache; refuse those above ``max_gb`` unpacked."""
        self._outside = outside
        self._cache = cache
        self._max_bytes = int(max_gb * 1e9)
        self._open: dict[Path, Members] = {}
        self._lock = threading.Lock()

    def list_objects(self, uri: str, as_of: datetime | None = None) -> list[StoredObject]:
        """List the members below a folder of an archive; hidden ones are left out."""
        archive = _archive_of(uri)
        item = self._outside.find_object(*split_uri(archive.uri), as_of)
        if item is None:
            raise NothingThere(f"no dataset at {readable(archive.uri)}: there is no such file; check dataset.uri")
        sizes = self._members(archive.uri, item).sizes
        etag = f"{item.etag}@{item.size}"
        below = sorted(name for name in sizes if name.startswith(archive.folder))
        if not below:
            raise NothingThere(f"no dataset at {readable(uri)}: the archive has no files there; check dataset.uri")
        skip = len(archive.folder)
        return [StoredObject(name[skip:], sizes[name], etag, item.version_id) for name in below]

    def find_object(self, uri: str, key: str, as_of: datetime | None = None) -> StoredObject | None:
        """Return one member below a folder of an archive, None if it is not there."""
        return next((item for item in self.list_objects(uri, as_of) if item.key == key), None)

    def fetch(self, uri: str, item: StoredObject, target: Path) -> str:
        """Copy one member to a local file and return its BLAKE3."""
        archive = _archive_of(uri)
        etag, _, size = item.etag.rpartition("@")
        _, name = split_uri(archive.uri)
        members = self._members(archive.uri, StoredObject(name, int(size), etag, item.version_id))
        member = archive.folder + item.key
        if member not in members.sizes:
            raise BadData(f"{readable(uri)}: {item.key} is no longer in the archive; run preprocess again")
        digest = blake3()
        try:
            with new_file(target) as out:
                for chunk in members.chunks(member):
                    digest.update(chunk)
                    out.write(chunk)
        except OSError as error:
            raise TryAgain(f"{readable(uri)}: cannot copy {item.key} to {target.parent}: {error}") from error
        return digest.hexdigest()

    def threads(self, uri: str) -> int:
        """Return how many members are best copied at once."""
        return thread_count()

    def _members(self, uri: str, item: StoredObject) -> Members:
        identity = hashlib.sha256("\n".join((uri, item.etag, item.version_id or "")).encode()).hexdigest()
        path = self._cache / "archives" / identity
        with self._lock:
            if path not in self._open:
                try:
                    self._open[path] = self._opened(path, uri, item)
                except OSError as error:
                    raise TryAgain(f"cannot read {readable(uri)} through its copy {path}: {error}") from error
            return self._open[path]

    def _opened(self, path: Path, uri: str, item: StoredObject) -> Members:
        if path.is_file():
            mark_used(path)
        else:
            self._fetch_archive(path, uri, item)
        try:
            return open_members(path, readable(uri), self._max_bytes)
        except BadData:
            # Perhaps only this copy is damaged; the next attempt fetches it again.
            path.unlink(missing_ok=True)
            raise

    def _fetch_archive(self, path: Path, uri: str, item: StoredObject) -> None:
        folder, _ = split_uri(uri)
        fetched = incoming_path(self._cache)
        self._outside.fetch(folder, item, fetched)
        if uri.lower().endswith((".gz", ".tgz")):
            packed, fetched = fetched, incoming_path(self._cache)
            try:
                self._unpack(packed, fetched, readable(uri))
            finally:
                packed.unlink()
        keep(fetched, path)

    def _unpack(self, packed: Path, target: Path, place: str) -> None:
        """Unpack gzip once: reading a member from it means unpacking everything before that member."""
        size, unpacked = packed.stat().st_size, 0
        with damage_as_bad_data(place), gzip.open(packed) as content, new_file(target) as out:
            while chunk := content.read(_CHUNK_BYTES):
                unpacked += len(chunk)
                check_size(place, unpacked, size, self._max_bytes)
                out.write(chunk)


def _archive_of(uri: str) -> Archive:
    archive = archive_in(uri)
    if archive is None:
        raise NothingThere(f"no dataset at {readable(uri)}: expected a .zip, .tar, .tar.gz or .tgz")
    return archive
