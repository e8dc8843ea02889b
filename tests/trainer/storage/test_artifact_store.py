"""Tests of a run's artifacts: how a store's failure ends a step, behind MLflow's server and without it."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from tests.trainer.mlflow_client import client_of
from tests.trainer.s3_store import FaultyProxy, S3Store
from trainer.errors import BadRequest, TryAgain
from trainer.job import Job
from trainer.settings import Settings
from trainer.tracking import RunRecord, connect

MakeJob = Callable[..., Job]
LISTS = "lists"


@pytest.fixture
def record(make_job: MakeJob, tmp_path: Path) -> RunRecord:
    """A run with one artifact, ``notes/a.txt``."""
    record = make_job("train").record
    record.log_artifact(_file(tmp_path / "a.txt"), "notes")
    return record


@pytest.fixture
def in_bucket(s3: S3Store, settings: Settings, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    """A run whose artifacts are in a bucket that the step itself reads and writes."""
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", s3.endpoint)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    s3.make_bucket("artifacts")
    connect(settings.mlflow_tracking_uri).create_experiment("digits", artifact_location="s3://artifacts/digits")
    return make_job("train").record


def test_a_file_is_read_back_and_deleted(record: RunRecord, tmp_path: Path) -> None:
    assert record.artifacts("notes") == ["notes/a.txt"]
    assert record.download("notes/a.txt", tmp_path / "back").read_text(encoding="utf-8") == "a note"
    record.delete_artifact("notes/a.txt")
    assert record.artifacts("notes") == []


@pytest.mark.parametrize("path", ["notes/b.txt", "b.txt", "nowhere/b.txt"])
def test_a_file_that_is_not_there_is_a_bad_request(record: RunRecord, tmp_path: Path, path: str) -> None:
    with pytest.raises(BadRequest, match=f"MLflow run {record.run_id} has no artifact {path}"):
        record.download(path, tmp_path / "back")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_download_without_room_is_try_again_and_names_the_disk(
    record: RunRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def no_room(self: ArtifactRepository, remote_file_path: str, local_path: str) -> None:
        raise OSError(number, os.strerror(number), local_path)

    monkeypatch.setattr(LocalArtifactRepository, "_download_file", no_room)
    with pytest.raises(TryAgain, match=rf"^{os.strerror(number)}; expected TRAINER_WORK_DIR .* with room"):
        record.download("notes/a.txt", tmp_path / "back")


def test_artifacts_in_a_bucket_are_stored_and_read_back(in_bucket: RunRecord, tmp_path: Path) -> None:
    in_bucket.log_artifact(_file(tmp_path / "a.txt"), "notes")
    assert in_bucket.artifacts("notes") == ["notes/a.txt"]
    assert in_bucket.download("notes/a.txt", tmp_path / "back").read_text(encoding="utf-8") == "a note"


def test_an_unavailable_or_failing_bucket_is_try_again(
    in_bucket: RunRecord, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_bucket.log_artifact(_file(tmp_path / "a.txt"), "notes")
    proxy.applies = lambda head: True
    proxy.faults = [lambda request, answer: b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"] * 100
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", proxy.endpoint)
    record = RunRecord(client_of(in_bucket), in_bucket.run_id)
    for read in (lambda: record.artifacts("notes"), lambda: record.download("notes/a.txt", tmp_path / "back")):
        with pytest.raises(TryAgain, match=r"MLflow, .*: .*(\(503\)|Service Unavailable).*; is the .* (running|up)\?"):
            read()
    monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    for use in _uses(RunRecord(client_of(in_bucket), in_bucket.run_id), tmp_path):
        with pytest.raises(TryAgain, match=r"MLflow, .*: .*127\.0\.0\.1:9/"):
            use()


def test_a_bucket_without_access_is_a_bad_request(in_bucket: RunRecord, s3: S3Store, tmp_path: Path) -> None:
    in_bucket.log_artifact(_file(tmp_path / "a.txt"), "notes")
    s3.client.delete_object(Bucket="artifacts", Key=s3.client.list_objects_v2(Bucket="artifacts")["Contents"][0]["Key"])
    s3.client.delete_bucket(Bucket="artifacts")
    for use in _uses(in_bucket, tmp_path):
        with pytest.raises(BadRequest, match=r"MLflow, .*: .*(NoSuchBucket|bucket does not exist)"):
            use()


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with one status, like a proxy before MLflow; may let lists of files through."""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_list = LISTS in vars(self.server) and "?path=" in self.path
        body = b'{"files": [{"path": "a.txt", "is_dir": false, "file_size": 6}]}' if is_list else b""
        self.send_response(200 if is_list else vars(self.server)["status"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def refuse(
    make_job: MakeJob, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., RunRecord]]:
    """Return a function that makes a run whose artifacts are behind a proxy that answers with a status.

    The rest of MLflow is behind it with ``everything``; lists of files get through with ``lists``.
    """
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://someone:hidden%40place@127.0.0.1:{server.server_port}"
    location = f"{address}/api/2.0/mlflow-artifacts/artifacts/digits"
    connect(settings.mlflow_tracking_uri).create_experiment("digits", artifact_location=location)

    def arrange(status: int, *, everything: bool = False, lists: bool = False) -> RunRecord:
        vars(server).update({"status": status} | ({LISTS: True} if lists else {}))
        record = make_job("train").record
        return RunRecord(connect(address), record.run_id) if everything else record

    yield arrange
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "; correct MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"),
        (403, "; give the account of MLFLOW_TRACKING_USERNAME the right to do this"),
        (413, r"; a proxy before MLflow limits the size .* \(nginx: client_max_body_size\)"),
    ],
)
def test_a_refusal_by_a_proxy_before_mlflow_is_a_bad_request(
    refuse: Callable[..., RunRecord], tmp_path: Path, status: int, advice: str
) -> None:
    _file(tmp_path / "a.txt")
    record = refuse(status)
    for use in _uses(record, tmp_path):
        with pytest.raises(BadRequest, match=rf"^MLflow, .*: {status} Client Error: .*{advice}$") as refused:
            use()
        assert "hidden" not in str(refused.value)
    with pytest.raises(BadRequest, match=rf"^MLflow, read the run: .*{status}") as refused:
        refuse(status, everything=True).tags()
    assert "hidden" not in str(refused.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_temporary_refusal_by_a_proxy_before_mlflow_is_try_again(
    refuse: Callable[..., RunRecord], tmp_path: Path, status: int
) -> None:
    _file(tmp_path / "a.txt")
    for use in _uses(refuse(status), tmp_path):
        with pytest.raises(TryAgain, match=r"^MLflow, .*is the tracking server up\?$") as failed:
            use()
        assert "hidden" not in str(failed.value)


def test_a_download_alone_that_is_refused_is_a_bad_request(refuse: Callable[..., RunRecord], tmp_path: Path) -> None:
    record = refuse(403, lists=True)
    assert record.artifacts("notes") == ["notes/a.txt"]
    with pytest.raises(BadRequest, match=r"^MLflow, download notes/a\.txt: 403 Client Error: .*; give the account"):
        record.download("notes/a.txt", tmp_path / "back")


def _uses(record: RunRecord, folder: Path) -> list[Callable[[], object]]:
    return [
        lambda: record.log_artifact(folder / "a.txt", "notes"),
        lambda: record.log_json({}, "report.json"),
        lambda: record.artifacts("notes"),
        lambda: record.download("notes/a.txt", folder / "back"),
    ]


def _file(path: Path) -> Path:
    path.write_text("a note", encoding="utf-8")
    return path
