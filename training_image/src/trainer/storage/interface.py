"""Define the interface through which steps read datasets, wherever these are kept.

A key is a path below a root with forward slashes, spelled exactly as the source spells it: composed and decomposed
Unicode (a Mac's ``한글``) are two keys, so code that compares names normalises them first. ``folders``, ``s3`` and
``archives`` implement the interface; ``by_uri`` chooses among them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.parse import quote, unquote

from trainer.errors import BadData, BadRequest


class NothingThere(BadData):
    """There is no folder at a URI, or no file below it."""


class ObjectChanged(BadData):
    """An object has changed since it was listed."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing. ``etag`` changes whenever the content may have changed."""

    key: str
    size: int
    etag: str
    version_id: str | None = None
    """The version that was listed, where the store keeps versions: it can be fetched even after it was replaced."""


class Storage(Protocol):
    """A store that datasets are read from."""

    def list_objects(self, uri: str, as_of: datetime | None = None) -> list[StoredObject]:
        """List all objects below a URI, ordered by key; keys are relative to it.

        With ``as_of``, return the listing as it was at that moment.

        Raises:
            BadRequest: the URI is not understood, or the store does not know what was there at ``as_of``.
            NothingThere: there is nothing at the URI.
            BadData: an object has a name that cannot be used.
            TryAgain: the store is unavailable.
        """
        ...

    def find_object(self, uri: str, key: str, as_of: datetime | None = None) -> StoredObject | None:
        """Return one object below a URI, None if it is not there. Raises as ``list_objects`` does."""
        ...

    def fetch(self, uri: str, item: StoredObject, target: Path) -> str:
        """Copy one object to a local file that no other process knows of yet, and return its BLAKE3.

        If copying fails, the file is deleted.

        Raises:
            ObjectChanged: it changed since it was listed, and the listed version was not kept.
            BadData: the object was deleted.
            TryAgain: the store is unavailable.
        """
        ...

    def threads(self, uri: str) -> int:
        """Return how many objects below a URI are best fetched at once."""
        ...


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file for writing and reading, with its folder if needed; delete it if writing fails."""
    try:
        out = path.open("w+b")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = path.open("w+b")
    try:
        with out:
            yield out
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def absolute_uri(uri: str, root: str) -> str:
    """Return a dataset's URI unchanged if it has a scheme, else resolve it below the deployment's root.

    Raises:
        BadRequest: an absolute path, or one that leaves the root.
    """
    if "://" in uri:
        return uri.rstrip("/")
    if uri.startswith("/") or ".." in uri.split("/"):
        raise BadRequest(
            f"dataset.uri is {uri!r}; expected a path below DATASET_ROOT ({root}), file:///absolute/path "
            "or s3://bucket/prefix"
        )
    base = root if "://" in root else Path(root).absolute().as_uri()
    return uri_below(base, uri)


def uri_below(uri: str, path: str) -> str:
    """Return the URI of a folder below another; in a ``file://`` URI its name is escaped."""
    escaped = quote(path) if uri.startswith("file:") else path
    return f"{uri.rstrip('/')}/{escaped.strip('/')}"


def split_uri(uri: str) -> tuple[str, str]:
    """Return the URI of the parent folder, and the name in it as a key spells it."""
    folder, _, name = uri.rpartition("/")
    return f"{folder}/", unquote(name) if uri.startswith("file:") else name


def readable(uri: str) -> str:
    """Return a URI as a person writes it, for messages only."""
    return unquote(uri) if uri.startswith("file:") else uri
