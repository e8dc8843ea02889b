"""Read the members of a .zip or .tar, which may be damaged or malicious.

No member is ever unpacked under a name that the archive chose. Names that lead out of the archive, links and devices
are still refused rather than skipped: they were packed on purpose, and a dataset cannot contain them.
"""

import errno
import lzma
import stat
import struct
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from trainer.errors import BadData

MAX_MEMBERS = 5_000_000
MAX_RATIO = 200
"""Unpacked bytes per packed byte; images hardly shrink, and label text shrinks to a twentieth."""
FREE_BYTES = 1 << 30
"""Unpacked size up to which any ratio is harmless."""

_ENCRYPTED = 0x1
_UTF8_NAME = 0x800
_BLOCK_BYTES = 512
_DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    UnicodeError,
    IndexError,
    OverflowError,
)


class Members(Protocol):
    """The files of an archive; safe to read from several threads."""

    sizes: dict[str, int]
    """Bytes of each file, by name."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's content."""
        ...


@contextmanager
def damage_as_bad_data(place: str) -> Iterator[None]:
    """Turn the errors of the archive libraries into BadData."""
    try:
        yield
    except _DAMAGES as error:
        raise _damage(place, error) from error
    except OSError as error:
        # gzip and bz2 raise OSError without a number; EINVAL means that the archive's own offsets are wrong.
        if error.errno not in (None, errno.EINVAL):
            raise
        raise _damage(place, error) from error


def _damage(place: str, error: Exception) -> BadData:
    return BadData(
        f"{place} is damaged or not an archive of that type ({type(error).__name__}: {error}); "
        "create or upload it again"
    )


def open_members(path: Path, place: str, max_bytes: int) -> Members:
    """Open a zip or an uncompressed tar; ``place`` is its name in messages, and its suffix decides between the two.

    Raises:
        BadData: it is damaged or encrypted, has members that a dataset cannot have, or unpacks to more than allowed.
        OSError: it cannot be read.
    """
    with damage_as_bad_data(place):
        members: Members = ZipMembers(path, place) if place.lower().endswith(".zip") else TarMembers(path, place)
    check_size(place, sum(members.sizes.values()), path.stat().st_size, max_bytes)
    return members


def check_size(place: str, unpacked: int, packed: int, max_bytes: int) -> None:
    """Refuse an archive that unpacks to more than ``max_bytes``, or to far more than its packed size.

    Raises:
        BadData: the archive is refused.
    """
    if unpacked > max_bytes:
        raise BadData(
            f"{place} unpacks to more than {max_bytes / 1e9:,.1f} GB; raise TRAINER_ARCHIVE_MAX_GB if that is intended"
        )
    if unpacked > max(FREE_BYTES, MAX_RATIO * packed):
        raise BadData(
            f"{place} has {packed:,} bytes and unpacks to {unpacked:,}, more than {MAX_RATIO} times as much, "
            "like a zip bomb; expected images and labels, which shrink less"
        )


class ZipMembers:
    """The files of a zip."""

    def __init__(self, path: Path, place: str) -> None:
        """Read the directory at the end of the archive."""
        self._zip = zipfile.ZipFile(path)
        self._place = place
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        for info in infos:
            _check_zip_member(info, place)
        names = _checked_names((_decoded(info, place) for info in infos), place)
        self._infos = {name: info for name, info in zip(names, infos, strict=True) if not _is_hidden(name)}
        self.sizes = {name: info.file_size for name, info in self._infos.items()}

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's content; its checksum is verified at the end."""
        with damage_as_bad_data(f"{self._place}: {name}"), self._zip.open(self._infos[name]) as content:
            yield from _chunks_of(content)


class TarMembers:
    """The files of an uncompressed tar."""

    def __init__(self, path: Path, place: str) -> None:
        """Read the headers of the whole archive."""
        self._lock = threading.Lock()
        self._place = place
        self._file = path.open("rb")
        with tarfile.open(fileobj=self._file, mode="r:") as archive:
            infos = [info for info in _at_most_max_members(archive, place) if not info.isdir()]
            end = archive.offset
        self._check_end(end, place)
        for info in infos:
            _check_tar_member(info, place)
        names = _checked_names((info.name for info in infos), place)
        found = {name: info for name, info in zip(names, infos, strict=True) if not _is_hidden(name)}
        self.sizes = {name: info.size for name, info in found.items()}
        self._offsets = {name: info.offset_data for name, info in found.items()}

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a file's content."""
        position, stop = self._offsets[name], self._offsets[name] + self.sizes[name]
        while position < stop:
            with self._lock:
                self._file.seek(position)
                chunk = self._file.read(min(1 << 20, stop - position))
            if not chunk:
                raise BadData(f"{self._place}: {name} ends too early; create or upload the archive again")
            yield chunk
            position += len(chunk)

    def _check_end(self, end: int, place: str) -> None:
        """Refuse an archive cut off between two members, which tarfile mistakes for its end."""
        self._file.seek(end)
        if self._file.read(_BLOCK_BYTES) != bytes(_BLOCK_BYTES):
            raise BadData(f"{place} has no end mark: it is damaged or was cut off; create or upload it again")


def _at_most_max_members(archive: tarfile.TarFile, place: str) -> Iterator[tarfile.TarInfo]:
    for count, info in enumerate(archive):
        if count >= MAX_MEMBERS:
            raise _too_many(place)
        yield info


def _chunks_of(content: IO[bytes]) -> Iterator[bytes]:
    while chunk := content.read(1 << 20):
        yield chunk


def _check_zip_member(info: zipfile.ZipInfo, place: str) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise BadData(f"{place}: {info.filename!r} is encrypted; expected an archive without a password")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        raise _not_a_plain_file(place, info.filename)


def _check_tar_member(info: tarfile.TarInfo, place: str) -> None:
    if not info.isreg() or info.issparse():
        raise _not_a_plain_file(place, info.name)


def _not_a_plain_file(place: str, name: str) -> BadData:
    return BadData(
        f"{place}: {name!r} is a link, a device or a sparse file; expected plain files and folders only, "
        "pack the files that the links point to (tar --dereference)"
    )


def _too_many(place: str) -> BadData:
    return BadData(f"{place} has more than {MAX_MEMBERS:,} members; split the archive")


def _decoded(info: zipfile.ZipInfo, place: str) -> str:
    """Return a member's name, which many tools write in UTF-8 without setting the flag for it."""
    if info.flag_bits & _UTF8_NAME or info.filename.isascii():
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        raise _not_utf8(info.filename, place) from None


def _not_utf8(name: str, place: str) -> BadData:
    return BadData(f"{place}: the name {name!r} is not UTF-8; pack the archive again with UTF-8 names")


def _checked_names(names: Iterable[str], place: str) -> list[str]:
    """Return the names without their ``.`` segments, each checked."""
    checked: dict[str, None] = {}
    for name in names:
        clean = _checked_name(name, place)
        if clean in checked:
            raise BadData(f"{place}: {clean!r} is there twice; expected each name once, pack the archive again")
        if len(checked) >= MAX_MEMBERS:
            raise _too_many(place)
        checked[clean] = None
    return list(checked)


def _checked_name(name: str, place: str) -> str:
    parts = [part for part in name.split("/") if part != "."]
    is_absolute = name.startswith("/") or (len(name) > 1 and name[1] == ":")
    if is_absolute or ".." in parts or "\\" in name or "\0" in name:
        raise BadData(
            f"{place}: {name!r} leads out of the archive; expected relative names with forward slashes and no '..', "
            "pack the archive again"
        )
    try:
        name.encode()
    except UnicodeEncodeError:  # tarfile decodes bytes that are not UTF-8 to surrogates
        raise _not_utf8(name, place) from None
    return "/".join(parts)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "__MACOSX/")) or "/." in name
