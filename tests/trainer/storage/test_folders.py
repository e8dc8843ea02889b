"""Tests of listing and fetching below a ``file://`` URI."""

import os
from pathlib import Path

import pytest
from blake3 import blake3

from tests.trainer.dataset_files import write
from trainer.errors import BadData, BadRequest, TryAgain
from trainer.storage.folders import FileStorage, folder_of
from trainer.storage.interface import NothingThere, StoredObject, absolute_uri, readable, uri_below


def keys(folder: Path) -> list[str]:
    return [item.key for item in FileStorage().list_objects(folder.as_uri())]


def stored(key: str) -> StoredObject:
    return StoredObject(key, 0, "etag")


def etag(path: Path) -> str:
    return FileStorage().list_objects(path.parent.as_uri())[0].etag


def test_a_listing_is_ordered_recursive_and_leaves_hidden_files_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"b/2.jpg": "2", "b/1.jpg": "1", "a.jpg": "a", ".hidden": "", ".tmp/x.jpg": "", "한글/그림 1.jpg": "k"},
    )
    assert keys(tmp_path) == ["a.jpg", "b/1.jpg", "b/2.jpg", "한글/그림 1.jpg"]


def test_the_etag_changes_with_the_content_even_if_size_and_modification_time_do_not(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.jpg": "one"}) / "a.jpg"
    before, moment = etag(path), path.stat().st_mtime_ns
    assert etag(path) == before
    (tmp_path / "new").write_text("two")
    os.utime(tmp_path / "new", ns=(moment, moment))
    os.replace(tmp_path / "new", path)
    assert path.stat().st_mtime_ns == moment
    assert etag(path) != before


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    write(tmp_path / "real", {"a.jpg": "a"})
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "folder").symlink_to(tmp_path / "real")
    (tmp_path / "set" / "file.jpg").symlink_to(tmp_path / "real" / "a.jpg")
    assert keys(tmp_path / "set") == ["file.jpg", "folder/a.jpg"]


def test_a_circular_link_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"a/b/x.jpg": "x"})
    (tmp_path / "a" / "b" / "loop").symlink_to(tmp_path / "a")
    with pytest.raises(BadData, match="loop is a link to one of its own parent folders; remove the link"):
        keys(tmp_path)


def test_a_broken_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadData, match=r"gone\.jpg is a link to a file that does not exist"):
        keys(tmp_path)


def test_pipes_are_not_objects(tmp_path: Path) -> None:
    write(tmp_path, {"a.jpg": "a"})
    os.mkfifo(tmp_path / "pipe")
    assert keys(tmp_path) == ["a.jpg"]


def test_a_name_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode("한글.jpg".encode("euc-kr"))).write_text("x")
    with pytest.raises(BadData, match="is not UTF-8; rename it"):
        keys(tmp_path)


def test_a_missing_and_an_empty_folder_have_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(NothingThere, match=r"no dataset at file://.*/없음: it is not a folder"):
        keys(tmp_path / "없음")
    with pytest.raises(NothingThere, match="it is empty; expected a folder with images"):
        keys(tmp_path)


def test_fetch_copies_and_returns_the_digest(tmp_path: Path) -> None:
    write(tmp_path / "원본", {"그림/a b.jpg": b"x" * 3_000_000})
    digest = FileStorage().fetch((tmp_path / "원본").as_uri(), stored("그림/a b.jpg"), tmp_path / "new" / "copy")
    assert (tmp_path / "new" / "copy").read_bytes() == b"x" * 3_000_000
    assert digest == blake3(b"x" * 3_000_000).hexdigest()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["copy"]


def test_fetch_of_a_deleted_object_is_bad_data(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"a\.jpg was deleted after the dataset was listed"):
        FileStorage().fetch(tmp_path.as_uri(), stored("a.jpg"), tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_fetch_that_fails_otherwise_is_try_again(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()
    with pytest.raises(TryAgain, match=r"cannot copy a\.jpg"):
        FileStorage().fetch(tmp_path.as_uri(), stored("a.jpg"), tmp_path / "copy")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("gs://bucket/x", "expected file:///absolute/path, s3://bucket/prefix or a path below DATASET_ROOT"),
        ("file://server/x", "expected file:///absolute/path"),
        ("file:x", "expected file:///absolute/path"),
        ("file:///data/a#b", "holds a bare [?] or #; expected %3F or %23"),
        ("file:///data/a?b", "holds a bare [?] or #"),
    ],
)
def test_a_uri_that_cannot_be_read_is_refused(uri: str, expected: str) -> None:
    with pytest.raises(BadRequest, match=expected):
        folder_of(uri)


@pytest.mark.parametrize("name", ["디지츠", "a b", "100%", "a#b?c"])
def test_any_name_below_a_root_survives_the_round_trip_through_a_uri(tmp_path: Path, name: str) -> None:
    uri = absolute_uri(name, str(tmp_path))
    assert folder_of(uri) == tmp_path / name
    assert folder_of(uri_below(uri, name)) == tmp_path / name / name
    assert readable(uri) == f"file://{tmp_path}/{name}"


def test_a_uri_with_a_scheme_is_used_as_it_is(tmp_path: Path) -> None:
    assert absolute_uri("s3://bucket/한글", "/data") == "s3://bucket/한글"
    assert absolute_uri("digits", "s3://bucket/sets/") == "s3://bucket/sets/digits"
    assert readable("s3://bucket/a%20b") == "s3://bucket/a%20b"


def test_a_relative_root_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute_uri("digits", ".local/store") == (tmp_path / ".local" / "store" / "digits").as_uri()


@pytest.mark.parametrize("uri", ["/etc", "../secret", "a/../../b"])
def test_a_path_that_leaves_the_root_is_refused(uri: str) -> None:
    with pytest.raises(BadRequest, match="expected a path below DATASET_ROOT"):
        absolute_uri(uri, "/data")
