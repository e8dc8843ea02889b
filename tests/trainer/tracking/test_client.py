"""The client of MLflow against a real server behind a gate: which requests it repeats when their answer breaks off."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import requests
import sqlalchemy.exc
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST
from mlflow.tracking import MlflowClient

from tests.faults.gate import Gate, Mode
from trainer.errors import BadRequest, StepError, TryAgain
from trainer.tracking import RunRecord, connect, hurry, mlflow_errors

REPEATS = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
PAUSE_FACTOR = "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory, migrated_database: Path) -> Path:
    """The SQLite file of the module's server."""
    return Path(shutil.copy(migrated_database, tmp_path_factory.mktemp("server") / "mlflow.db"))


@pytest.fixture(scope="module")
def server_port(database: Path) -> Iterator[int]:
    """The port of an MLflow server of the module's own."""
    folder = database.parent
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        *(Path(sys.executable).with_name("mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db"),
        *("--artifacts-destination", folder / "artifacts"),
    ]
    variables = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        end = time.monotonic() + 120
        while not _answers(port):
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            assert time.monotonic() < end, "MLflow does not start"
            time.sleep(0.2)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.fixture
def gate(server_port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """An open gate before the server, for a client with short pauses."""
    monkeypatch.setenv(REPEATS, "4")
    monkeypatch.setenv(PAUSE_FACTOR, "1")
    gate = Gate()
    gate.target = server_port
    with closing(gate):
        yield gate


@pytest.fixture
def client(gate: Gate) -> MlflowClient:
    return connect(gate.address)


@pytest.fixture
def run_id(client: MlflowClient, request: pytest.FixtureRequest) -> str:
    """A run in an experiment of the test's own."""
    return str(client.create_run(client.create_experiment(request.node.name)).info.run_id)


def cut_off(gate: Gate, seconds: float) -> threading.Timer:
    """Let answers break off for that long."""
    gate.set(Mode.CUT)
    timer = threading.Timer(seconds, gate.set, [Mode.OPEN])
    timer.start()
    return timer


REQUESTS: dict[str, Callable[[MlflowClient, RunRecord, Path], object]] = {
    "read": lambda client, record, folder: client.get_run(record.run_id),
    "search": lambda client, record, folder: client.search_experiments(),
    "tag": lambda client, record, folder: client.set_tag(record.run_id, "a", "b"),
    "end": lambda client, record, folder: client.set_terminated(record.run_id),
    "list artifacts": lambda client, record, folder: record.artifacts(),
    "download": lambda client, record, folder: record.download("kept.json", folder),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_what_may_be_done_twice_is_repeated(
    gate: Gate, client: MlflowClient, run_id: str, tmp_path: Path, name: str
) -> None:
    record = RunRecord(client, run_id)
    record.log_json({}, "kept.json")
    timer = cut_off(gate, 1.0)
    REQUESTS[name](client, record, tmp_path)
    timer.join()
    assert gate.hits > 1


def test_what_creates_something_is_not_repeated(gate: Gate, client: MlflowClient) -> None:
    experiment = client.create_experiment("created once")
    gate.set(Mode.CUT)
    with pytest.raises(MlflowException, match="Connection broken"):
        client.create_run(experiment)
    gate.set(Mode.OPEN)
    assert len(client.search_runs([experiment])) == 1


def test_a_method_that_calls_others_is_repeated_as_often_as_they(
    gate: Gate, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PAUSE_FACTOR, "0")
    calls = []

    def broken(*_: object, **__: object) -> None:
        calls.append(1)
        raise MlflowException("Connection broken: IncompleteRead")

    # Our border: what the client's methods end in. A server cannot break off only an answer to the inner of two.
    monkeypatch.setattr(client._tracking_client, "log_artifact", broken)
    with pytest.raises(MlflowException, match="Connection broken"):
        client.log_dict("0" * 32, {}, "a.json")
    assert len(calls) == 1 + 4


@pytest.mark.parametrize("mode", [Mode.CUT, Mode.ERRORS, Mode.REFUSED])
def test_no_message_shows_the_password_of_the_servers_address(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, mode: Mode
) -> None:
    monkeypatch.setenv(REPEATS, "1")
    monkeypatch.setenv(PAUSE_FACTOR, "0")
    client = connect(gate.address.replace("http://", "http://someone:hid@den@"))
    gate.set(mode)
    with pytest.raises(TryAgain, match=r"^MLflow, read: .*is the tracking server up") as failed, mlflow_errors("read"):
        client.get_run("0" * 32)
    assert ("asking again" in caplog.text) == (mode is Mode.CUT)
    for text in (str(failed.value), caplog.text):
        assert "someone" not in text
        assert "den@" not in text


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (sqlalchemy.exc.TimeoutError("QueuePool limit of size 5 overflow 10 reached", code="3o7r"), TryAgain),
        (sqlalchemy.exc.InterfaceError("SELECT 1", {}, Exception("connection already closed")), TryAgain),
        (sqlalchemy.exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE constraint failed")), TryAgain),
        (sqlalchemy.exc.DataError("INSERT", {}, Exception("value too long")), BadRequest),
        (sqlalchemy.exc.ProgrammingError("SELECT", {}, Exception("no such table")), BadRequest),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_database_that_is_overloaded_is_no_bad_request(error: Exception, kind: type[StepError]) -> None:
    """As MLflow's ``store/db/utils.py`` passes them on."""
    with pytest.raises(kind), mlflow_errors("read the run"):
        raise MlflowException(message=error, error_code=BAD_REQUEST)


def test_a_refusal_is_not_repeated(client: MlflowClient, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(MlflowException, match="not found"):
        client.get_run("0" * 32)
    assert "asking again" not in caplog.text


def test_a_dataset_that_another_run_records_at_the_same_moment_is_recorded(
    client: MlflowClient, run_id: str, database: Path
) -> None:
    """The server looks for the dataset, finds none, and waits with its row behind another's, which is the same."""
    record = RunRecord(client, run_id)
    experiment = client.get_run(run_id).info.experiment_id
    with closing(sqlite3.connect(database)) as other:
        other.execute("BEGIN IMMEDIATE")
        row = ("another", experiment, "digits", "abc", "uri", "{}")
        columns = "dataset_uuid, experiment_id, name, digest, dataset_source_type, dataset_source"
        other.execute(f"INSERT INTO datasets ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)
        recording = threading.Thread(target=record.log_dataset, args=("digits", "abc", "s3://datasets/digits", {}))
        recording.start()
        time.sleep(1.0)
        other.commit()
        recording.join(60)
    assert [each.dataset.digest for each in client.get_run(run_id).inputs.dataset_inputs] == ["abc"]


def test_who_is_told_to_hurry_asks_once(
    gate: Gate, client: MlflowClient, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (REPEATS, "MLFLOW_HTTP_REQUEST_TIMEOUT", "AWS_MAX_ATTEMPTS"):
        monkeypatch.setenv(name, "4")
    monkeypatch.setenv(PAUSE_FACTOR, "60")
    gate.set(Mode.CUT)
    failed: list[str] = []

    def ask() -> None:
        try:
            client.get_run(run_id)
        except MlflowException as error:
            failed.append(str(error))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(2)
    assert asking.is_alive(), failed
    hurry()
    asking.join(30)
    assert ["Connection broken" in error for error in failed] == [True]
