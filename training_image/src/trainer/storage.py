"""Where datasets are read from: ``file://`` behind an interface small enough for an object store to follow.

A key is a path below a root with forward slashes, spelled exactly as the source spells it: composed and decomposed
Unicode (a Mac's ``한글``) are two keys, and whoever compares names normalises them first.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from .errors import BadData, BadRequest, TryAgain

_CHUNK_BYTES = 1 << 20


class NothingThere(BadData):
    """There is no folder at a URI, or no file below it."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing. ``etag`` changes whenever the content may have changed."""

    key: str
    size: int
    etag: str


class Storage(Protocol):
    """What a step needs from a store."""

    def list_objects(self, uri: str) -> list[StoredObject]:
        """List all objects below a URI, ordered by key; keys are relative to it.

        Raises:
            BadRequest: the URI cannot be understood.
            NothingThere: there is nothing at the URI.
            BadData: an object has a name that cannot be used.
            TryAgain: the store does not answer.
        """
        ...

    def fetch(self, uri: str, key: str, target: Path) -> str:
        """Copy one object to a local file, atomically, and return its SHA-256.

        Raises:
            BadData: the object is gone.
            TryAgain: the store does not answer.
        """
        ...


class FileStorage:
    """Folders of this machine, or mounted into it."""

    def list_objects(self, uri: str) -> list[StoredObject]:
        """List all files below a folder, through links too; hidden files and folders are left out."""
        root = folder_of(uri)
        if not root.is_dir():
            raise NothingThere(
                f"no dataset at {readable(uri)}: it is not a folder; expected a folder with images, check dataset.uri"
            )
        found = sorted(_walk(f"{root}", "", ()), key=lambda item: item.key)
        if not found:
            raise NothingThere(f"no dataset at {uri}: it is empty; expected a folder with images, check dataset.uri")
        return found

    def fetch(self, uri: str, key: str, target: Path) -> str:
        """Copy one file through a temporary name and return its SHA-256."""
        source = folder_of(uri) / key
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".fetch-")
        try:
            with os.fdopen(handle, "wb") as out, source.open("rb", buffering=0) as content:
                digest = hashlib.sha256()
                while chunk := content.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    out.write(chunk)
            os.replace(temporary, target)
        except FileNotFoundError as error:
            raise BadData(
                f"{readable(uri)}: {key} is gone; it was there when the dataset was listed, run preprocess again"
            ) from error
        except OSError as error:
            raise TryAgain(f"{readable(uri)}: cannot copy {key} to {target.parent}: {error}") from error
        finally:
            Path(temporary).unlink(missing_ok=True)
        return digest.hexdigest()


def folder_of(uri: str) -> Path:
    """Return the folder that a ``file://`` URI names.

    Raises:
        BadRequest: another scheme, a host, or a query (an unescaped ``?`` or ``#`` in a name).
    """
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise BadRequest(
            f"dataset.uri {uri!r} cannot be read; expected file:///absolute/path or a path below DATASET_ROOT"
        )
    if parts.query or parts.fragment:
        raise BadRequest(f"dataset.uri {uri!r} holds a bare ? or #; expected %3F or %23 in their place")
    return Path(unquote(parts.path))


def absolute_uri(uri: str, root: str) -> str:
    """Return a dataset's URI as it is if it has a scheme, else the one it names below the deployment's root.

    Raises:
        BadRequest: an absolute path, or one that leaves the root.
    """
    if "://" in uri:
        return uri.rstrip("/")
    if uri.startswith("/") or ".." in uri.split("/"):
        raise BadRequest(
            f"dataset.uri is {uri!r}; expected a path below DATASET_ROOT ({root}), or file:///absolute/path"
        )
    base = root if "://" in root else Path(root).absolute().as_uri()
    return uri_below(base, uri)


def uri_below(uri: str, path: str) -> str:
    """Return the URI of a folder below another; in a ``file://`` URI its name is escaped."""
    escaped = quote(path) if uri.startswith("file:") else path
    return f"{uri.rstrip('/')}/{escaped.strip('/')}"


def readable(uri: str) -> str:
    """Return a URI as a person writes it, for messages only."""
    return unquote(uri) if uri.startswith("file:") else uri


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[StoredObject]:
    try:
        status = os.stat(folder)
        if (identity := (status.st_dev, status.st_ino)) in above:
            raise BadData(f"{folder} is a link to a folder that it lies in; remove the link")
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                key = prefix + entry.name
                if entry.is_dir():
                    yield from _walk(entry.path, f"{key}/", (*above, identity))
                elif found := _object(entry, key):
                    yield found
    except OSError as error:
        raise TryAgain(f"cannot list {folder}: {error}") from error


def _object(entry: os.DirEntry[str], key: str) -> StoredObject | None:
    """Return a file as an object; None for a pipe or device, and for a file that was removed while listing."""
    try:
        status = entry.stat()
    except FileNotFoundError as error:
        if entry.is_symlink():
            raise BadData(
                f"{entry.path} is a link to a file that is not there; remove it or restore the file"
            ) from error
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    if not key.isascii():
        _check_spelling(key)
    # The change time too: a copy that keeps the old modification time is still noticed.
    return StoredObject(key, status.st_size, f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}")


def _check_spelling(key: str) -> None:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        name = os.fsencode(key)
        raise BadData(f"file name {name!r} is not UTF-8; rename it (convmv -f euc-kr -t utf-8, for example)") from error
