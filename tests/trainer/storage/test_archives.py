"""Tests of datasets in a .zip or .tar: listing, fetching and refusals."""

import gzip
import hashlib
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from blake3 import blake3

from tests.trainer.dataset_files import pipeline_over, write_yolo_pool
from tests.trainer.preprocessing import preprocessed
from trainer.datasets.manifest import load_manifest
from trainer.datasets.materialize import materialize_dataset
from trainer.errors import BadData, BadRequest
from trainer.job import Job
from trainer.settings import Settings
from trainer.storage import archive_members
from trainer.storage.archives import archive_in
from trainer.storage.by_uri import DatasetStorage
from trainer.storage.interface import NothingThere

MakeJob = Callable[..., Job]
FILES = {"images/한글 1.jpg": b"one", "images/2.jpg": b"two" * 100, "labels/2.txt": b""}
KINDS = ("zip", "tar", "tar.gz", "TGZ")


def pack(path: Path, files: Mapping[str, bytes]) -> Path:
    """Write an archive of the type given by its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w" if path.suffix == ".tar" else "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def tar_with(path: Path, info: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w") as archive:
        archive.addfile(info)
    return path


def storage_over(folder: Path, **overrides: float) -> DatasetStorage:
    return DatasetStorage(Settings(_env_file=None, trainer_cache_dir=folder / "cache", **overrides))


def refusal_of(path: Path, **overrides: float) -> str:
    """Return why an archive is refused."""
    with pytest.raises(BadData) as caught:
        storage_over(path.parent, **overrides).list_objects(path.as_uri())
    return str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_members_are_listed_and_fetched(tmp_path: Path, kind: str) -> None:
    extra = {"images/.hidden": b"", "__MACOSX/images/._2.jpg": b"", ".DS_Store": b""}
    uri = pack(
        tmp_path / "원 본" / f"set.{kind}", {f"./{key}": value for key, value in (FILES | extra).items()}
    ).as_uri()
    storage = storage_over(tmp_path)
    found = storage.list_objects(uri)
    assert [(item.key, item.size) for item in found] == sorted((key, len(value)) for key, value in FILES.items())
    # Another step, in another process, knows only the manifest.
    later = storage_over(tmp_path)
    for item in found:
        assert later.fetch(uri, item, tmp_path / "out") == blake3(FILES[item.key]).hexdigest()
        assert (tmp_path / "out").read_bytes() == FILES[item.key]


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_in_an_archive_is_a_dataset_too(tmp_path: Path, kind: str) -> None:
    uri = pack(tmp_path / f"set.{kind}", {f"하나/{key}": value for key, value in FILES.items()}).as_uri()
    storage = storage_over(tmp_path)
    assert [item.key for item in storage.list_objects(f"{uri}/하나/images")] == ["2.jpg", "한글 1.jpg"]
    with pytest.raises(NothingThere, match=r"/둘: the archive has no files there; check dataset\.uri"):
        storage.list_objects(f"{uri}/둘")


@pytest.mark.parametrize(
    ("uri", "archive", "folder"),
    [
        ("s3://b/x.zip", "s3://b/x.zip", ""),
        ("s3://b/a/x.tar.gz/in/side", "s3://b/a/x.tar.gz", "in/side/"),
        ("file:///a/x%20y.TAR/%ED%95%9C", "file:///a/x%20y.TAR", "한/"),
        ("s3://b/x.zip/y.zip", "s3://b/x.zip", "y.zip/"),
    ],
)
def test_a_uri_names_an_archive_by_its_suffix(uri: str, archive: str, folder: str) -> None:
    assert archive_in(uri) == (archive, folder)


@pytest.mark.parametrize("uri", ["s3://b.zip/x", "s3://b/x.zipper", "s3://b/zip", "s3://b/.zip", "file:///a/tar/b"])
def test_other_uris_name_no_archive(uri: str) -> None:
    assert archive_in(uri) is None


def test_a_folder_may_be_called_like_an_archive(tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "set.zip", images=1)
    assert len(storage_over(tmp_path).list_objects((tmp_path / "set.zip").as_uri())) == 3


def test_a_missing_archive_and_the_past_of_one_are_refused(tmp_path: Path) -> None:
    storage = storage_over(tmp_path)
    with pytest.raises(NothingThere, match=r"no dataset at .*/없음\.zip: there is no such file"):
        storage.list_objects((tmp_path / "없음.zip").as_uri())
    with pytest.raises(BadRequest, match="without earlier versions"):
        storage.list_objects(pack(tmp_path / "set.zip", FILES).as_uri(), datetime.now(UTC))


def test_the_archive_is_read_once_and_again_only_if_it_changed(tmp_path: Path) -> None:
    path = pack(tmp_path / "set.zip", FILES)
    (before, *_) = storage_over(tmp_path).list_objects(path.as_uri())
    pack(path, {"images/2.jpg": b"new"})
    (after,) = storage_over(tmp_path).list_objects(path.as_uri())
    assert (before.key, after.key) == ("images/2.jpg", "images/2.jpg")
    assert before.etag != after.etag
    storage = storage_over(tmp_path)
    assert storage.fetch(path.as_uri(), before, tmp_path / "out") == blake3(FILES[before.key]).hexdigest()
    assert storage.fetch(path.as_uri(), after, tmp_path / "out") == blake3(b"new").hexdigest()
    copies = list((tmp_path / "cache" / "archives").iterdir())
    assert [stat.S_IMODE(copy.stat().st_mode) for copy in copies] == [0o444, 0o444]


@pytest.mark.parametrize("kind", ["zip", pytest.param("tar.gz", marks=pytest.mark.faults)])
def test_preprocess_and_train_read_an_archive(make_job: MakeJob, tmp_path: Path, kind: str) -> None:
    pool = write_yolo_pool(tmp_path / "pool")
    files = {path.relative_to(pool).as_posix(): path.read_bytes() for path in pool.rglob("*.*")}
    pack(tmp_path / "store" / f"set.{kind}", files)
    job = make_job("preprocess", pipeline_over(f"set.{kind}"))
    result = preprocessed(job)
    assert sum(result.images.values()) == 24
    manifest = load_manifest(job.record, job.workspace)
    data = materialize_dataset(manifest, make_job("train"), tmp_path / "out")
    assert len(list((data.parent / "images").rglob("*.jpg"))) == 24


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../a.jpg", "a/../../b.jpg", "/etc/passwd", "C:/a.jpg", "a\\..\\b.jpg"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    message = refusal_of(pack(tmp_path / f"set.{kind}", {name: b"x"}))
    assert "leads out of the archive; expected relative names with forward slashes and no '..'" in message


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("a.jpg")
    info.type, info.linkname = kind, "/etc/passwd"
    message = refusal_of(tar_with(tmp_path / "set.tar", info))
    assert "set.tar: 'a.jpg' is a link, a device or a sparse file; expected plain files and folders only" in message


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a.jpg")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "'a.jpg' is a link" in refusal_of(tmp_path / "set.zip")


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "set.zip", {"a.jpg": b"x"})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "'a.jpg' is encrypted; expected an archive without a password" in refusal_of(path)


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "set.tar", "w") as archive:
        for name in ("a.jpg", "./a.jpg"):
            archive.addfile(tarfile.TarInfo(name))
    assert "'a.jpg' is there twice; expected each name once" in refusal_of(tmp_path / "set.tar")


def test_names_in_a_zip_must_be_utf8_with_or_without_the_flag(tmp_path: Path) -> None:
    def rename(name: bytes) -> Path:
        path = pack(tmp_path / "set.zip", {"x" * len(name): b"x"})
        path.write_bytes(path.read_bytes().replace(b"x" * len(name), name))
        return path

    uri = rename("한글.jpg".encode()).as_uri()
    assert [item.key for item in storage_over(tmp_path).list_objects(uri)] == ["한글.jpg"]
    assert "is not UTF-8; pack the archive again with UTF-8 names" in refusal_of(rename("한글.jpg".encode("cp949")))


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_unpacks_above_the_limit_is_refused(tmp_path: Path, kind: str) -> None:
    path = pack(tmp_path / f"set.{kind}", {"a.jpg": b"x" * 5_000})
    message = refusal_of(path, trainer_archive_max_gb=4e-6)
    assert "unpacks to more than 0.0 GB; raise TRAINER_ARCHIVE_MAX_GB if that is intended" in message
    assert not list((tmp_path / "cache" / "archives").glob("*"))


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_refused(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_members, "FREE_BYTES", 1000)
    path = pack(tmp_path / f"set.{kind}", {"a.jpg": bytes(2_000_000)})
    message = refusal_of(path)
    assert "more than 200 times as much, like a zip bomb; expected images and labels" in message


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_too_many_members_are_refused(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_members, "MAX_MEMBERS", 2)
    message = refusal_of(pack(tmp_path / f"set.{kind}", FILES))
    assert "has more than 2 members; split the archive" in message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("keep", [0, 40, 0.5])
def test_a_cut_archive_is_damaged(tmp_path: Path, kind: str, keep: float) -> None:
    path = pack(tmp_path / f"set.{kind}", {f"{n}.jpg": hashlib.sha256(b"%d" % n).digest() * 40 for n in range(20)})
    content = path.read_bytes()
    path.write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
    assert "create or upload it again" in refusal_of(path)


def test_a_tar_that_was_cut_between_two_members_is_damaged(tmp_path: Path) -> None:
    path = pack(tmp_path / "set.tar", {"a.jpg": b"x" * 512, "b.jpg": b"x" * 512})
    path.write_bytes(path.read_bytes()[:1024])
    assert "set.tar has no end mark: it is damaged or was cut off" in refusal_of(path)


def test_another_file_is_not_an_archive(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"hello" * 1000)
    assert "set.zip is damaged or not an archive of that type (BadZipFile: File is not a zip file)" in refusal_of(
        tmp_path / "set.zip"
    )
    (tmp_path / "set.tgz").write_bytes(gzip.compress(b"hello" * 1000))
    assert "set.tgz is damaged or not an archive of that type (ReadError" in refusal_of(tmp_path / "set.tgz")


def test_a_member_with_a_wrong_checksum_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.jpg", b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"CONTENT"))
    storage = storage_over(tmp_path)
    (item,) = storage.list_objects(path.as_uri())
    with pytest.raises(BadData, match=r"set\.zip: a\.jpg is damaged .*Bad CRC-32"):
        storage.fetch(path.as_uri(), item, tmp_path / "out")
    assert not (tmp_path / "out").exists()
