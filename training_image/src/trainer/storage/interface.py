"""What the steps need from a place where datasets lie, whatever kind of place it is.

A key is a path below a root with forward slashes, spelled exactly as the source spells it: composed and decomposed
Unicode (a Mac's ``한글``) are two keys, and whoever compares names normalises them first. ``file_storage``,
``s3_storage`` and ``archive_storage`` implement the interface; ``dataset_storage`` chooses among them by the URI.
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
    """An object is no longer what it was when it was listed."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing. ``etag`` changes whenever the content may have changed."""

    key: str
    size: int
    etag: str
    version_id: str | None = None
    """Where the store keeps versions: the one that was listed, to be had even if another took its place."""


class Storage(Protocol):
    """What a step needs from a store."""

    def list_objects(self, uri: str, as_of: datetime | None = None) -> list[StoredObject]:
        """List all objects below a URI, ordered by key; keys are relative to it.

        With ``as_of``, the listing is the one that this moment would have given.

        Raises:
            BadRequest: the URI cannot be understood, or the store cannot tell what was there at ``as_of``.
            NothingThere: there is nothing at the URI.
            BadData: an object has a name that cannot be used.
            TryAgain: the store does not answer.
        """
        ...

    def find_object(self, uri: str, key: str, as_of: datetime | None = None) -> StoredObject | None:
        """Return one object below a URI, None if it is not there. Raises as ``list_objects`` does."""
        ...

    def fetch(self, uri: str, item: StoredObject, target: Path) -> str:
        """Copy one object to a local file that nobody else knows of yet, and return its BLAKE3.

        A copy that fails is removed.

        Raises:
            ObjectChanged: it is not what it was when it was listed, and no version of it was kept.
            BadData: the object is gone.
            TryAgain: the store does not answer.
        """
        ...

    def threads(self, uri: str) -> int:
        """Return how many objects below a URI are best fetched at once."""
        ...


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing and reading, in a new folder if need be; it is removed if writing it fails."""
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
    """Return a dataset's URI as it is if it has a scheme, else the one it names below the deployment's root.

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
    """Return the URI of the folder that something lies in and its name there, as a key spells it."""
    folder, _, name = uri.rpartition("/")
    return f"{folder}/", unquote(name) if uri.startswith("file:") else name


def readable(uri: str) -> str:
    """Return a URI as a person writes it, for messages only."""
    return unquote(uri) if uri.startswith("file:") else uri
