"""Calls of an api-server with a busy SQLite, by a stand-in server with the answers that a real one gave."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from include.stacks.airflow_api import AirflowApi, ApiError

BUSY = {"detail": {"reason": "Database error", "message": "Serious error when handling your request."}}


@contextmanager
def api_server(*answers: tuple[int, object]) -> Iterator[tuple[str, list[str]]]:
    """Serve a login and then these answers, one a call; yield the address and the list of calls."""
    left = [(201, {"access_token": "of the tests"}), *answers]
    calls: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            calls.append(f"{self.command} {self.path}")
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = left.pop(0)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_POST = answer

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", calls
        finally:
            server.shutdown()


def test_a_repeatable_call_is_repeated_while_the_database_is_busy() -> None:
    with api_server((500, BUSY), (500, BUSY), (200, {"is_paused": False})) as (url, calls):
        AirflowApi(url, "admin", "secret").unpause("train_digits")
    assert calls[1:] == ["PATCH /api/v2/dags/train_digits"] * 3


def test_a_run_is_not_started_twice() -> None:
    with api_server((500, BUSY)) as (url, calls), pytest.raises(ApiError, match="HTTP 500"):
        AirflowApi(url, "admin", "secret").trigger("train_digits")
    assert len(calls) == 2


def test_a_trigger_with_a_run_id_is_repeated() -> None:
    with api_server((500, BUSY), (200, {"dag_run_id": "night"})) as (url, calls):
        assert AirflowApi(url, "admin", "secret").trigger("train_digits", run_id="night") == "night"
    assert len(calls) == 3


def test_a_run_that_the_failed_request_created_after_all_is_returned() -> None:
    with api_server((500, BUSY), (409, {"detail": "already exists"})) as (url, _):
        assert AirflowApi(url, "admin", "secret").trigger("train_digits", run_id="night") == "night"


def test_a_run_that_existed_before_is_an_error() -> None:
    with api_server((409, {"detail": "already exists"})) as (url, _), pytest.raises(ApiError, match="HTTP 409"):
        AirflowApi(url, "admin", "secret").trigger("train_digits", run_id="night")


def test_another_error_of_the_server_is_reported_at_once() -> None:
    with (
        api_server((500, {"detail": "Internal Server Error"})) as (url, calls),
        pytest.raises(ApiError, match="HTTP 500"),
    ):
        AirflowApi(url, "admin", "secret").dag_run("train_digits", "night")
    assert len(calls) == 2
