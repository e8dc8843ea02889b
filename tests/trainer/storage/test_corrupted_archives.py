"""Tests of truncated, changed and malicious archives: always bad data, and never a retry that cannot help."""

import gzip
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step_contract.failure import FailureKind
from tests.trainer.command_outcomes import Preprocess, check_accepted, check_refused
from tests.trainer.dataset_files import BOX, image_bytes
from trainer.errors import BadData
from trainer.settings import Settings
from trainer.storage import archive_members
from trainer.storage.by_uri import DatasetStorage

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

FILES: dict[str, bytes] = {"data.yaml": b"names: [cat]"}
for _number in range(6):
    FILES[f"images/{_number}.jpg"] = image_bytes(_number)
    FILES[f"labels/{_number}.txt"] = BOX.encode()


def zip_of(method: int = zipfile.ZIP_DEFLATED, *extra: tuple[zipfile.ZipInfo | str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in (*FILES.items(), *extra):
            archive.writestr(name, content)
    return out.getvalue()


def tar_of(*extra: tarfile.TarInfo, encoding: str = "utf-8") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding=encoding) as archive:
        for name, content in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return out.getvalue()


def member(kind: bytes = tarfile.REGTYPE, name: str = "images/x.jpg", link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def linked_zip() -> bytes:
    info = zipfile.ZipInfo("images/x.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zip_of(zipfile.ZIP_STORED, (info, b"/etc/passwd"))


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    assert content.count(old)
    return content.replace(old, new)


def at(content: bytes, place: int, new: bytes) -> bytes:
    place %= len(content)
    return content[:place] + new + content[place + len(new) :]


def encrypted_zip() -> bytes:
    content = zip_of()
    return at(content, content.index(b"PK\x01\x02") + 8, b"\x01")


def zip_without_a_name() -> bytes:
    content = zip_of(zipfile.ZIP_DEFLATED, ("q", b""))
    # A name of no bytes, and an extra field of one.
    return at(content, content.rindex(b"PK\x01\x02") + 28, b"\0\0\x01\0")


def zip_of_a_damaged_member(method: int) -> bytes:
    content = zip_of(method)
    return at(content, content.index(b"images/3.jpg") + 200, b"\xff" * 8)


def nested_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("set.zip", zip_of())
    return out.getvalue()


def tar_claiming(size: int) -> bytes:
    """Return a tar whose last member claims to be larger than the archive."""
    info = member()
    info.size = size
    return tar_of()[: -tarfile.RECORDSIZE] + info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


Case = tuple[str, Callable[[], bytes], str]
BAD_ARCHIVES: dict[str, Case] = {
    "zip: no bytes": ("set.zip", lambda: b"", "set.zip is damaged or not an archive of that type (BadZipFile"),
    "zip: a web page": (
        "set.zip",
        lambda: b"<html>404</html>",
        "set.zip is damaged or not an archive of that type (BadZipFile",
    ),
    "zip: cut in half": (
        "set.zip",
        lambda: zip_of()[:2000],
        "set.zip is damaged or not an archive of that type (BadZipFile",
    ),
    "zip: its beginning lost": ("set.zip", lambda: zip_of()[500:], "set.zip"),
    "zip: deflate damaged": ("set.zip", lambda: zip_of_a_damaged_member(zipfile.ZIP_DEFLATED), "is damaged"),
    "zip: bz2 damaged": ("set.zip", lambda: zip_of_a_damaged_member(zipfile.ZIP_BZIP2), "is damaged"),
    "zip: lzma damaged": ("set.zip", lambda: zip_of_a_damaged_member(zipfile.ZIP_LZMA), "is damaged"),
    "zip: stored and damaged": ("set.zip", lambda: zip_of_a_damaged_member(zipfile.ZIP_STORED), "Bad CRC-32"),
    "zip: names that are not in the encoding they declare": (
        "set.zip",
        lambda: changed(zip_of(zipfile.ZIP_STORED, ("images/한.jpg", b"")), "한".encode(), b"\xff\xff\xff"),
        "set.zip is damaged or not an archive of that type (UnicodeDecodeError",
    ),
    "zip: a member without a name": ("set.zip", zip_without_a_name, "set.zip"),
    "zip: encrypted": ("set.zip", encrypted_zip, "'data.yaml' is encrypted; expected an archive without a password"),
    "zip: a link": ("set.zip", linked_zip, "'images/x.jpg' is a link, a device or a sparse file; expected plain files"),
    "zip: a name that leads out of the archive": (
        "set.zip",
        lambda: zip_of(zipfile.ZIP_STORED, ("../../x.jpg", b"")),
        "'../../x.jpg' leads out of the archive; expected relative names",
    ),
    "zip: a name twice": (
        "set.zip",
        lambda: zip_of(zipfile.ZIP_STORED, ("./images/0.jpg", b"")),
        "'images/0.jpg' is there twice; expected each name once",
    ),
    "zip: in a zip": ("set.zip", nested_zip, "no data.yaml at its root or one folder below"),
    "tar: no bytes": ("set.tar", lambda: b"", "set.tar is damaged or not an archive of that type (ReadError"),
    "tar: a zip": ("set.tar", zip_of, "set.tar is damaged or not an archive of that type (ReadError"),
    "tar: cut in half": ("set.tar", lambda: tar_of()[:5000], "set.tar"),
    "tar: a device": ("set.tar", lambda: tar_of(member(tarfile.CHRTYPE)), "'images/x.jpg' is a link, a device"),
    "tar: a pipe": ("set.tar", lambda: tar_of(member(tarfile.FIFOTYPE)), "'images/x.jpg' is a link, a device"),
    "tar: an absolute link": (
        "set.tar",
        lambda: tar_of(member(tarfile.SYMTYPE, link="/etc/passwd")),
        "'images/x.jpg' is a link, a device or a sparse file; expected plain files and folders only",
    ),
    "tar: an absolute name": (
        "set.tar",
        lambda: tar_of(member(name="/etc/cron.d/x")),
        "'/etc/cron.d/x' leads out of the archive; expected relative names",
    ),
    "tar: names in another encoding": (
        "set.tar",
        lambda: tar_of(member(name="images/한글.jpg"), encoding="cp949"),
        "is not UTF-8; pack the archive again with UTF-8 names",
    ),
    "tar: a size that is not a number": ("set.tar", lambda: at(tar_of(), 124, b"zzzzzzzzzzz\0"), "set.tar"),
    "tar: larger than the file": ("set.tar", lambda: tar_claiming(1 << 33), "set.tar"),
    "tar.gz: a web page": (
        "set.tar.gz",
        lambda: b"<html>404</html>",
        "is damaged or not an archive of that type (BadGzipFile",
    ),
    "tar.gz: not packed": ("set.tar.gz", tar_of, "set.tar.gz is damaged or not an archive of that type (BadGzipFile"),
    "tar.gz: cut in half": ("set.tgz", lambda: gzip.compress(tar_of())[:3000], "not an archive of that type (EOFError"),
    "tar.gz: another checksum": (
        "set.tgz",
        lambda: at(gzip.compress(tar_of()), -8, b"abcd"),
        "set.tgz is damaged or not an archive of that type (BadGzipFile: CRC check failed",
    ),
    "tar.gz: flipped bits": ("set.tgz", lambda: at(gzip.compress(tar_of()), 3000, b"\xff" * 9), "set.tgz is damaged"),
    "tar.gz: no tar in it": (
        "set.tgz",
        lambda: gzip.compress(b"hello" * 1000),
        "set.tgz is damaged or not an archive of that type",
    ),
}


@pytest.mark.parametrize(("name", "make", "expected"), BAD_ARCHIVES.values(), ids=BAD_ARCHIVES.keys())
def test_a_bad_archive_is_bad_data_by_its_name(
    name: str, make: Callable[[], bytes], expected: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / name).write_bytes(make())
    check_refused(preprocess(uri=name), FailureKind.BAD_DATA, f"{tmp_path}/store/{name}", expected)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_may_be_packed_in_any_way_with_any_names(method: int, preprocess: Preprocess, tmp_path: Path) -> None:
    long = "가" * 80
    extra = (f"images/{long}.jpg", image_bytes(50)), (f"labels/{long}.txt", BOX.encode())
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "set.zip").write_bytes(zip_of(method, *extra))
    check_accepted(preprocess(uri="set.zip"), images=7)


@pytest.mark.parametrize("name", ["set.zip", "set.tgz"])
def test_a_bomb_is_refused_before_it_is_unpacked(
    name: str, preprocess: Preprocess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_members, "FREE_BYTES", 1000)
    (tmp_path / "store").mkdir()
    content = zip_of(zipfile.ZIP_DEFLATED, ("images/x.jpg", bytes(20_000_000)))
    (tmp_path / "store" / name).write_bytes(content if name == "set.zip" else gzip.compress(bytes(20_000_000)))
    check_refused(preprocess(uri=name), FailureKind.BAD_DATA, name, "more than 200 times as much, like a zip bomb")


SOURCES = {
    "deflate.zip": zip_of(),
    "bzip2.zip": zip_of(zipfile.ZIP_BZIP2),
    "lzma.zip": zip_of(zipfile.ZIP_LZMA),
    "plain.tar": tar_of(),
    "packed.tar.gz": gzip.compress(tar_of(), mtime=0),
}
EDITS = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(sorted(SOURCES)), edits=EDITS, keep=st.integers(1, 1 << 20) | st.none())
def test_no_damage_is_anything_but_bad_data(
    name: str, edits: list[tuple[int, bytes]], keep: int | None, tmp_path: Path
) -> None:
    content = SOURCES[name]
    for place, new in edits:
        content = at(content, place, new)
    path = tmp_path / name
    path.write_bytes(content[: keep % len(content) if keep else None])
    refusal = refusal_of(path)
    assert refusal is None or name in refusal


def refusal_of(path: Path) -> str | None:
    """Return why an archive cannot be read to its end, if it cannot."""
    storage = DatasetStorage(Settings(_env_file=None, trainer_cache_dir=path.parent / "cache"))
    try:
        for item in storage.list_objects(path.as_uri()):
            storage.fetch(path.as_uri(), item, path.parent / "out")
    except BadData as error:
        return str(error)
    return None
