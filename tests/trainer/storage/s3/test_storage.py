"""Tests of listing and fetching below an ``s3://`` URI, over real HTTP; a proxy injects faults."""

import hashlib
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from tests.trainer.s3_store import KEY, SECRET, FaultyProxy, S3Store, s3_settings
from trainer.errors import BadData, BadRequest, StepError, TryAgain
from trainer.settings import Settings
from trainer.storage.interface import NothingThere, ObjectChanged, StoredObject
from trainer.storage.s3 import client as s3_client
from trainer.storage.s3 import listing as s3_listing
from trainer.storage.s3 import retry as s3_retry
from trainer.storage.s3 import storage as s3_storage
from trainer.storage.s3.storage import S3Storage

_READ_SECONDS = 3  # long enough for a busy machine, short enough to be waited for
BIG = os.urandom(1 << 20) * 5


@pytest.fixture
def storage(s3: S3Store) -> S3Storage:
    return S3Storage(s3_settings(s3.endpoint))


@pytest.fixture
def through_proxy(proxy: FaultyProxy, monkeypatch: pytest.MonkeyPatch) -> S3Storage:
    monkeypatch.setattr(s3_retry, "_FIRST_PAUSE_SECONDS", 0.001)
    return S3Storage(s3_settings(proxy.endpoint, s3_read_timeout_seconds=_READ_SECONDS))


def keys(storage: S3Storage, uri: str, as_of: datetime | None = None) -> list[str]:
    return [item.key for item in storage.list_objects(uri, as_of)]


def content_hash(content: bytes) -> str:
    return blake3(content).hexdigest()


def test_a_listing_is_ordered_recursive_and_leaves_hidden_objects_and_folder_markers_out(
    s3: S3Store, storage: S3Storage
) -> None:
    s3.put(
        s3.make_bucket("sets"), dict.fromkeys(("a/b/2.jpg", "a/b/1.jpg", "a/.x/1.jpg", "a/.y", "a/b/", "ab/3.jpg"), "x")
    )
    assert keys(storage, "s3://sets/a") == ["b/1.jpg", "b/2.jpg"]
    assert keys(storage, "s3://sets") == ["a/b/1.jpg", "a/b/2.jpg", "ab/3.jpg"]
    (first, _) = storage.list_objects("s3://sets/a/b")
    assert (first.size, first.version_id) == (1, None)
    assert first.etag == hashlib.md5(b"x").hexdigest()


@pytest.mark.parametrize(
    "key",
    ["한글 폴더/그림 1.jpg", "a+b&c=d?e#f%20g.jpg", "x" * 200 + "/" + "긴" * 270 + ".jpg", "a//b.jpg", 'it\'s "x".jpg'],
)
def test_any_name_is_listed_and_fetched(s3: S3Store, storage: S3Storage, tmp_path: Path, key: str) -> None:
    s3.put(s3.make_bucket("sets"), {f"앞 부분/{key}": b"content"})
    (item,) = storage.list_objects("s3://sets/앞 부분")
    assert item.key == key
    assert storage.fetch("s3://sets/앞 부분", item, tmp_path / "new" / "copy") == content_hash(b"content")
    assert (tmp_path / "new" / "copy").read_bytes() == b"content"
    assert len(list((tmp_path / "new").iterdir())) == 1


@pytest.mark.parametrize("versioning", [None, "Enabled"])
def test_large_listings_are_complete_for_any_folder_structure(
    s3: S3Store, storage: S3Storage, monkeypatch: pytest.MonkeyPatch, versioning: str | None
) -> None:
    bucket = s3.make_bucket("sets", versioning=versioning)
    names = [f"d/{top}/{sub}/{n}" for top in "ab" for sub in "xy" for n in range(5)]
    names += [f"d/{n}" for n in range(7)] + [f"d/many/{n}/1" for n in range(9)]
    s3.put(bucket, dict.fromkeys(names, "x"))
    monkeypatch.setattr(s3_listing, "_MAX_FOLDERS", 8)
    monkeypatch.setattr(s3_client, "_PAGE_OBJECTS", 12)
    assert keys(storage, "s3://sets/d") == sorted(name[2:] for name in names)


def test_an_empty_and_a_missing_prefix_have_no_dataset(s3: S3Store, storage: S3Storage) -> None:
    s3.put(s3.make_bucket("sets"), {"a/": ""})
    with pytest.raises(
        NothingThere, match=r"no dataset at s3://sets/a: no objects there; expected a prefix with images"
    ):
        keys(storage, "s3://sets/a")
    with pytest.raises(NothingThere, match="no dataset at s3://sets/none"):
        keys(storage, "s3://sets/none")


@pytest.mark.parametrize(
    ("size", "part"), [(0, 1000), (1, 1000), (3999, 1000), (4000, 1000), (4001, 1000), (len(BIG), 1 << 18)]
)
def test_objects_of_any_size_are_fetched_whole(
    s3: S3Store, storage: S3Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, part: int
) -> None:
    monkeypatch.setattr(s3_storage, "_PART_BYTES", part)
    monkeypatch.setattr(s3_storage, "_PARTS_FROM_BYTES", 4 * part)
    s3.put(s3.make_bucket("sets"), {"big": BIG[:size]})
    (item,) = storage.list_objects("s3://sets")
    assert storage.fetch("s3://sets", item, tmp_path / "copy") == content_hash(BIG[:size])
    assert (tmp_path / "copy").read_bytes() == BIG[:size]


# -- versions ---------------------------------------------------------------------------------------------------------


def test_the_version_that_was_listed_is_fetched_though_overwritten_or_deleted_since(
    s3: S3Store, storage: S3Storage, tmp_path: Path
) -> None:
    bucket = s3.make_bucket("sets", versioning="Enabled")
    s3.put(bucket, {"a.jpg": b"one", "b.jpg": b"two"})
    listed = storage.list_objects("s3://sets")
    s3.put(bucket, {"a.jpg": b"three"})
    s3.client.delete_object(Bucket=bucket, Key="b.jpg")
    assert [storage.fetch("s3://sets", item, tmp_path / "copy") for item in listed] == [
        content_hash(b"one"),
        content_hash(b"two"),
    ]
    assert listed[0].version_id == s3.versions(bucket, "a.jpg")[1]
    assert keys(storage, "s3://sets") == ["a.jpg"]


def test_a_permanently_deleted_version_is_bad_data(s3: S3Store, storage: S3Storage, tmp_path: Path) -> None:
    bucket = s3.make_bucket("sets", versioning="Enabled")
    s3.put(bucket, {"a.jpg": b"one"})
    (item,) = storage.list_objects("s3://sets")
    s3.client.delete_object(Bucket=bucket, Key="a.jpg", VersionId=item.version_id)
    with pytest.raises(BadData, match=rf"s3://sets/a\.jpg \(version {item.version_id}\) was deleted after the dataset"):
        storage.fetch("s3://sets", item, tmp_path / "copy")


def test_without_versions_a_changed_object_is_bad_data(s3: S3Store, storage: S3Storage, tmp_path: Path) -> None:
    s3.put(s3.make_bucket("sets"), {"a.jpg": b"one"})
    (item,) = storage.list_objects("s3://sets")
    s3.put("sets", {"a.jpg": b"two"})
    with pytest.raises(
        ObjectChanged, match=r"a\.jpg changed since it was listed, and the bucket keeps no versions; run"
    ):
        storage.fetch("s3://sets", item, tmp_path / "copy")
    s3.client.delete_object(Bucket="sets", Key="a.jpg")
    with pytest.raises(BadData, match=r"s3://sets/a\.jpg was deleted after the dataset was listed"):
        storage.fetch("s3://sets", item, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_listing_of_the_past_respects_overwriting_and_deleting(
    s3: S3Store, storage: S3Storage, tmp_path: Path
) -> None:
    bucket = s3.make_bucket("sets", versioning="Enabled")
    moments = []
    for change in (
        lambda: s3.put(bucket, {"a": b"a1", "b": b"b1"}),
        lambda: (s3.put(bucket, {"a": b"a2", "c": b"c1"}), s3.client.delete_object(Bucket=bucket, Key="b")),
        lambda: s3.put(bucket, {"b": b"b2", "a": b"a3"}),
    ):
        change()
        # The store counts whole seconds.
        moments.append(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1))
        time.sleep((moments[-1] - datetime.now(UTC)).total_seconds())

    def content(as_of: datetime | None) -> dict[str, bytes]:
        found = {}
        for item in storage.list_objects("s3://sets", as_of):
            storage.fetch("s3://sets", item, tmp_path / "copy")
            found[item.key] = (tmp_path / "copy").read_bytes()
        return found

    assert content(moments[0]) == {"a": b"a1", "b": b"b1"}
    assert content(moments[1]) == {"a": b"a2", "c": b"c1"}
    assert content(moments[2]) == content(None) == {"a": b"a3", "b": b"b2", "c": b"c1"}
    with pytest.raises(NothingThere, match=r"no objects there at .*, the end of the data interval"):
        content(moments[0] - timedelta(hours=1))


@pytest.mark.parametrize(("versioning", "said"), [(None, "off"), ("Suspended", "Suspended")])
def test_the_past_of_a_bucket_without_versions_is_refused(
    s3: S3Store, storage: S3Storage, versioning: str | None, said: str
) -> None:
    s3.put(s3.make_bucket("sets", versioning=versioning), {"a": "x"})
    with pytest.raises(
        BadRequest, match=f"versioning of bucket sets is {said}; expected Enabled since before the data"
    ):
        storage.list_objects("s3://sets", datetime.now(UTC))


# -- permanent failures -----------------------------------------------------------------------------------------------


def test_a_missing_bucket_is_named(s3: S3Store, storage: S3Storage) -> None:
    with pytest.raises(BadRequest, match=r"the bucket of s3://none does not exist at http://127.*; create it, or"):
        keys(storage, "s3://none/a")


@pytest.mark.parametrize("uri", ["s3://", "s3:///a"])
def test_a_uri_without_a_bucket_is_refused(storage: S3Storage, uri: str) -> None:
    with pytest.raises(BadRequest, match="has no bucket; expected s3://bucket/prefix"):
        keys(storage, uri)


def test_an_impossible_bucket_name_is_refused(storage: S3Storage) -> None:
    with pytest.raises(BadRequest, match=r"(?s)cannot ask for the versioning of s3://버킷: .*버킷"):
        keys(storage, "s3://버킷/a")


def test_missing_credentials_are_named(s3: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(
        BadRequest, match=r"no credentials to .* s3://sets; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    ):
        keys(S3Storage(s3_settings(s3.endpoint)), "s3://sets")


def test_an_endpoint_that_is_not_a_url_is_refused(s3: S3Store) -> None:
    with pytest.raises(BadRequest, match=r"cannot use S3: Invalid endpoint: seaweed:8333; check .*S3_ENDPOINT_URL"):
        S3Storage(s3_settings("seaweed:8333"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html><body>Welcome</body></html>", b"200 OK"),
        (b"<h1>Not found</h1>", b"404 Not Found"),
        (b"hello", b"200 OK"),
    ],
)
def test_an_endpoint_that_is_not_s3_is_named(proxy: FaultyProxy, body: bytes, kind: bytes) -> None:
    answer = b"HTTP/1.1 %s\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (kind, len(body), body)
    proxy.applies = lambda head: True
    proxy.faults = [lambda request, _: answer] * 20
    with pytest.raises(
        BadRequest, match=r"is not an S3 endpoint: it answered .*; expected S3's XML, correct S3_ENDPOINT_URL"
    ):
        keys(S3Storage(s3_settings(proxy.endpoint)), "s3://sets")


def test_an_endpoint_without_a_server_is_try_again(s3: S3Store) -> None:
    with pytest.raises(TryAgain, match=r"no answer from http://127\.0\.0\.1:\d+ \(.*refused.*\); is the store running"):
        keys(S3Storage(s3_settings("http://127.0.0.1:9", s3_attempts=1)), "s3://sets")


def xml(status: str, code: str, message: str) -> Callable[[bytes, bytes], bytes]:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return lambda request, answer: f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


REFUSALS = {
    ("403 Forbidden", "AccessDenied", "No."): (
        BadRequest,
        r"not allowed to \w.* s3://sets.*HTTP 403 AccessDenied: No\.",
    ),
    ("403 Forbidden", "RequestTimeTooSkewed", "Far."): (
        BadRequest,
        r"the clocks differ too much .*; set this machine's",
    ),
    ("403 Forbidden", "InvalidAccessKeyId", "Who?"): (
        BadRequest,
        "does not accept the credentials .*; correct AWS_ACC",
    ),
    ("403 Forbidden", "SignatureDoesNotMatch", "No."): (BadRequest, "does not accept the credentials"),
    ("301 Moved", "PermanentRedirect", "Go."): (BadRequest, "is in another region .*; set S3_REGION"),
    ("400 Bad Request", "Odd", "What?"): (BadRequest, "answered HTTP 400 Odd: What[?]"),
    ("503 Slow Down", "SlowDown", "Slow."): (TryAgain, "HTTP 503 SlowDown: Slow."),
}


FOLLOWED = [(("301 Moved", "PermanentRedirect", "Go."), "list")]
"""boto3 itself follows a listing to another region."""


@pytest.mark.parametrize(
    ("refusal", "what"), sorted(set(product(REFUSALS, ("list", "fetch"))) - set(FOLLOWED)), ids=str
)
def test_each_refusal_is_one_clear_sentence_without_secrets(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, tmp_path: Path, refusal: tuple[str, str, str], what: str
) -> None:
    kind, message = REFUSALS[refusal]
    s3.put(s3.make_bucket("sets"), {"a.jpg": b"x"})
    item = StoredObject("a.jpg", 1, hashlib.md5(b"x").hexdigest())
    proxy.applies = lambda head: what == "list" or b"If-Match" in head
    proxy.faults = [xml(*refusal)] * 9
    ask = {
        "list": lambda: through_proxy.list_objects("s3://sets"),
        "fetch": lambda: through_proxy.fetch("s3://sets", item, tmp_path / "copy"),
    }
    with pytest.raises(StepError, match=message) as caught:
        ask[what]()
    assert type(caught.value) is kind
    assert not any(word in str(caught.value) for word in (KEY, SECRET, "Signature=", "X-Amz"))
    assert "\n" not in str(caught.value)


def test_a_skewed_clock_is_distinguished_from_a_denial_when_a_url_is_signed(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, tmp_path: Path
) -> None:
    proxy.faults = [xml("403 Forbidden", "AccessDenied", "Request has expired")]
    with pytest.raises(BadRequest, match="the clocks differ too much"):
        through_proxy.fetch("s3://sets", StoredObject("a", 1, "e"), tmp_path / "copy")


def test_an_address_with_a_password_is_not_repeated() -> None:
    with pytest.raises(StepError) as caught:
        keys(S3Storage(s3_settings("http://me:hush@127.0.0.1:9", s3_attempts=1)), "s3://sets")
    assert "hush" not in str(caught.value)


# -- temporary failures -----------------------------------------------------------------------------------------------


def cut(keep: int) -> Callable[[bytes, bytes], bytes]:
    """Break the connection after some bytes of the body."""
    return lambda request, answer: answer[: answer.index(b"\r\n\r\n") + 4 + keep]


def drop(request: bytes, answer: bytes) -> None:
    return None


def delay(request: bytes, answer: bytes) -> bytes:
    time.sleep(_READ_SECONDS + 1)
    return answer


def end_early(request: bytes, answer: bytes) -> bytes:
    """Send a part of the object as if it were the whole."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
    return b"\r\n".join([*lines, b"Content-Length: 10", b"", body[:10]])


SLOW = xml("503 Slow Down", "SlowDown", "Reduce your request rate.")


@pytest.mark.parametrize(
    "faults", [[drop], [delay], [cut(0)], [cut(100_000)], [end_early], [SLOW, SLOW], [cut(9), cut(9), cut(9), cut(9)]]
)
def test_an_interrupted_transfer_resumes_where_it_stopped(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, tmp_path: Path, faults: list[Any]
) -> None:
    s3.put(s3.make_bucket("sets"), {"a.jpg": BIG[:200_000]})
    (item,) = through_proxy.list_objects("s3://sets")
    proxy.faults = list(faults)
    assert through_proxy.fetch("s3://sets", item, tmp_path / "copy") == content_hash(BIG[:200_000])
    assert (tmp_path / "copy").read_bytes() == BIG[:200_000]
    assert len(proxy.requests) == len(faults) + 1
    if faults[0] is end_early:
        assert b"Range: bytes=10-199999" in proxy.requests[1]


def test_parts_of_a_large_object_also_resume(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_storage, "_PART_BYTES", 1 << 20)
    monkeypatch.setattr(s3_storage, "_PARTS_FROM_BYTES", 1 << 21)
    s3.put(s3.make_bucket("sets"), {"big": BIG})
    (item,) = through_proxy.list_objects("s3://sets")
    proxy.faults = [drop, cut(300_000), SLOW]
    assert through_proxy.fetch("s3://sets", item, tmp_path / "copy") == content_hash(BIG)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (drop, "no answer from .*; 3 attempts"),
        (cut(0), "3 attempts"),
        (SLOW, r"HTTP 503 SlowDown: Reduce your request rate\.; 3 attempts"),
    ],
)
def test_a_transfer_that_stays_broken_is_try_again(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, tmp_path: Path, fault: Any, reason: str
) -> None:
    s3.put(s3.make_bucket("sets"), {"a.jpg": BIG[:2000]})
    (item,) = through_proxy.list_objects("s3://sets")
    proxy.faults = [fault] * 9
    with pytest.raises(TryAgain, match=rf"cannot fetch s3://sets/a\.jpg: .*{reason}") as caught:
        through_proxy.fetch("s3://sets", item, tmp_path / "copy")
    assert "X-Amz" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_ignores_conditions_is_noticed(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, tmp_path: Path
) -> None:
    s3.put(s3.make_bucket("sets"), {"a.jpg": b"two"})
    body = b'HTTP/1.1 200 OK\r\nETag: "new"\r\nContent-Length: 3\r\n\r\ntwo'
    proxy.faults = [lambda request, answer: body]
    with pytest.raises(ObjectChanged, match=r"a\.jpg changed since it was listed"):
        through_proxy.fetch("s3://sets", StoredObject("a.jpg", 3, "old"), tmp_path / "copy")


def half(request: bytes, answer: bytes) -> bytes:
    """End the answer in the middle of its body and drop its length header, as some proxies do."""
    body = answer[answer.index(b"\r\n\r\n") + 4 :]
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body[: len(body) // 2]


def nothing(request: bytes, answer: bytes) -> bytes:
    """End the answer before its body."""
    return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("asked", [b"?versioning", b"list-type=2"])
@pytest.mark.parametrize("fault", [half, nothing])
def test_a_truncated_answer_is_requested_again(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, fault: Any, asked: bytes
) -> None:
    s3.put(s3.make_bucket("sets"), {"a.jpg": b"x"})
    proxy.applies = lambda head: asked in head
    proxy.faults = [fault, fault]
    assert keys(through_proxy, "s3://sets") == ["a.jpg"]
    assert len(proxy.requests) == 3
    proxy.faults = [fault] * 20
    with pytest.raises(TryAgain, match=r"the answer was cut off.*; 3 attempts"):
        keys(S3Storage(s3_settings(proxy.endpoint)), "s3://sets")


@pytest.mark.parametrize("asked", [b"?versioning", b"list-type=2"])
def test_listing_is_retried(
    s3: S3Store, proxy: FaultyProxy, through_proxy: S3Storage, caplog: pytest.LogCaptureFixture, asked: bytes
) -> None:
    s3.put(s3.make_bucket("sets"), {"a.jpg": b"x"})
    proxy.applies = lambda head: asked in head
    proxy.faults = [SLOW, drop] if asked == b"?versioning" else [SLOW, cut(50)]
    with caplog.at_level(logging.DEBUG):
        assert keys(through_proxy, "s3://sets") == ["a.jpg"]
    assert SECRET not in caplog.text


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_a_store_may_be_unavailable_for_two_minutes(
    s3: S3Store, proxy: FaultyProxy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With as many attempts as in the default settings."""
    s3.make_bucket("sets")
    s3.put("sets", {"a.png": b"picture"})
    storage = S3Storage(s3_settings(proxy.endpoint, s3_attempts=Settings.model_fields["s3_attempts"].default))
    (item,) = storage.list_objects("s3://sets")
    proxy.faults = [lambda _request, _answer: None] * 10_000
    threading.Timer(120, proxy.faults.clear).start()
    assert storage.fetch("s3://sets", item, tmp_path / "a.png") == content_hash(b"picture")
    assert "retrying, at most 21 attempts" in caplog.text
