"""Read datasets from local or mounted folders: ``file://``."""

import errno
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from blake3 import blake3

from trainer.errors import BadData, BadRequest, TryAgain

from .interface import NothingThere, StoredObject, new_file, readable
from .thread_pool import thread_count

_CHUNK_BYTES = 1 << 20
_LONGEST_NAME_BYTES = 255
_LONGEST_PATH_BYTES = 4095
_SHOWN = 200


class FileStorage:
    """Local or mounted folders."""

    def list_objects(self, uri: str, as_of: datetime | None = None) -> list[StoredObject]:
        """List all files below a folder, following links; hidden files and folders are left out."""
        root = folder_of(uri)
        _check_as_of(uri, as_of)
        if not root.is_dir():
            raise NothingThere(
                f"no dataset at {readable(uri)}: it is not a folder; expected a folder with images, check dataset.uri"
            )
        found = sorted(_walk(f"{root}", "", ()), key=lambda item: item.key)
        if not found:
            raise NothingThere(f"no dataset at {uri}: it is empty; expected a folder with images, check dataset.uri")
        return found

    def find_object(self, uri: str, key: str, as_of: datetime | None = None) -> StoredObject | None:
        """Return one file below a folder, None if it is not there."""
        path = folder_of(uri) / key
        _check_as_of(uri, as_of)
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise TryAgain(f"cannot look at {path}: {error}") from error
        return StoredObject(key, status.st_size, _etag(status)) if stat.S_ISREG(status.st_mode) else None

    def fetch(self, uri: str, item: StoredObject, target: Path) -> str:
        """Copy one file and return its BLAKE3."""
        source = folder_of(uri) / item.key
        digest = blake3()
        try:
            with new_file(target) as out, source.open("rb", buffering=0) as content:
                while chunk := content.read(_CHUNK_BYTES):
                    digest.update(chunk)
                    out.write(chunk)
        except FileNotFoundError as error:
            raise BadData(
                f"{readable(uri)}: {item.key} was deleted after the dataset was listed; run preprocess again"
            ) from error
        except OSError as error:
            raise TryAgain(f"{readable(uri)}: cannot copy {item.key} to {target.parent}: {error}") from error
        return digest.hexdigest()

    def threads(self, uri: str) -> int:
        """Return how many files are best copied at once."""
        return thread_count()


def folder_of(uri: str, field: str = "dataset.uri") -> Path:
    """Return the folder or file that a ``file://`` URI names; ``field`` is its name in messages.

    Raises:
        BadRequest: another scheme, a host, or a query (an unescaped ``?`` or ``#`` in a name).
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise _unreadable(uri, field) from error
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise _unreadable(uri, field)
    if parts.query or parts.fragment:
        raise BadRequest(f"{field} {uri!r} holds a bare ? or #; expected %3F or %23 in their place")
    path = unquote(parts.path)
    if not _may_exist(path):
        raise BadRequest(
            f"{field} {uri[:_SHOWN]!r} is not a possible path; expected names of at most "
            f"{_LONGEST_NAME_BYTES} bytes and {_LONGEST_PATH_BYTES:,} bytes in all, without zero bytes"
        )
    return Path(path)


def root_folder(dataset_root: str) -> Path | None:
    """Return the absolute folder that DATASET_ROOT names, None if it names no folder."""
    if not urlsplit(dataset_root).scheme:
        return Path(dataset_root).absolute()
    return folder_of(dataset_root) if dataset_root.startswith("file:") else None


def _unreadable(uri: str, field: str) -> BadRequest:
    return BadRequest(
        f"{field} {uri[:_SHOWN]!r} cannot be read; expected file:///absolute/path, s3://bucket/prefix "
        "or a path below DATASET_ROOT"
    )


def _may_exist(path: str) -> bool:
    names = os.fsencode(path).split(b"/")
    return b"\0" not in os.fsencode(path) and (
        max(map(len, names)) <= _LONGEST_NAME_BYTES and len(os.fsencode(path)) <= _LONGEST_PATH_BYTES
    )


def _check_as_of(uri: str, as_of: datetime | None) -> None:
    if as_of is not None:
        raise BadRequest(
            f"dataset.as_of is data_interval_end, but {readable(uri)} is a folder, without earlier versions; "
            "expected an s3:// bucket with versioning, or leave dataset.as_of out"
        )


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[StoredObject]:
    try:
        status = os.stat(folder)
        if (identity := (status.st_dev, status.st_ino)) in above:
            raise BadData(f"{folder} is a link to one of its own parent folders; remove the link")
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                key = prefix + entry.name
                if not entry.name.isascii():
                    _check_spelling(key)
                if entry.is_dir():
                    yield from _walk(entry.path, f"{key}/", (*above, identity))
                elif found := _object(entry, key):
                    yield found
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise BadData(f"{error.filename} is a link that points back to itself; remove the link") from error
        raise TryAgain(f"cannot list {folder}: {error}") from error


def _object(entry: os.DirEntry[str], key: str) -> StoredObject | None:
    """Return a file as an object; None for a pipe or device, or if the file was deleted during the listing."""
    try:
        status = entry.stat()
    except FileNotFoundError as error:
        if entry.is_symlink():
            raise BadData(
                f"{entry.path} is a link to a file that does not exist; remove the link or restore the file"
            ) from error
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return StoredObject(key, status.st_size, _etag(status))


def _etag(status: os.stat_result) -> str:
    # Includes the change time, so that a replacement that keeps the old modification time is noticed.
    return f"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"


def _check_spelling(key: str) -> None:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        name = os.fsencode(key)
        raise BadData(f"file name {name!r} is not UTF-8; rename it (convmv -f euc-kr -t utf-8, for example)") from error
