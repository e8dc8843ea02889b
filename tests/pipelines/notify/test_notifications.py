"""Delivery of messages to real web servers and a real mail server, good and bad; a run never fails because of it."""

import json
import logging
import socket
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from include.pipelines.notify import delivery
from include.pipelines.notify.delivery import deliver
from include.pipelines.notify.messages import Message
from include.pipelines.notify.notifications import PipelineNotifier
from include.pipelines.settings import read_settings, settings
from include.step_contract.catalog import NotifyEvent
from tests.pipelines.conftest import make_pipeline
from tests.web_receiver import HANG, Receiver, receiving

MESSAGE = Message(
    NotifyEvent.PROMOTED,
    "digits",
    "train_digits",
    "scheduled__2026-03-01",
    "version 7 <b>is</b> better & 더 좋다",
    "promote",
    1,
    {"Airflow log": "https://airflow.example.com/log"},
)

Connect = Callable[..., str]


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.INFO)
    monkeypatch.delenv("NOTIFY_TARGETS", raising=False)
    monkeypatch.setattr(delivery, "_PAUSES_SECONDS", (0.01, 0.02))
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()


@pytest.fixture
def chat() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Return a function that makes an Airflow connection and returns its id."""

    def make(conn_id: str, **fields: Any) -> str:
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))
        return conn_id

    return make


class Mailbox:
    """Keeps the mails that a server receives."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def mailbox(connect: Connect) -> Iterator[Mailbox]:
    """Start a mail server, with the connection ``mail`` to it."""
    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    extra = {"to": "night@example.com, ops@example.com", "from_email": "nightshift@example.com"}
    connect("mail", conn_type="smtp", host="127.0.0.1", port=port, extra=extra | {"disable_ssl": 1, "disable_tls": 1})
    yield mailbox
    server.stop()


def test_a_web_address_gets_json(chat: Receiver, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    deliver(MESSAGE, [connect("chat", conn_type="http", host=chat.url)])
    (post,) = chat.posts
    assert post.path == "/hook/secret-path"
    assert post.headers["Content-Type"] == "application/json"
    assert post.json == {
        "event": "promoted",
        "title": "digits: a new champion",
        "text": MESSAGE.text,
        "pipeline": "digits",
        "dag_id": "train_digits",
        "run_id": "scheduled__2026-03-01",
        "step": "promote",
        "try_number": 1,
        "reason": "version 7 <b>is</b> better & 더 좋다",
        "links": {"Airflow log": "https://airflow.example.com/log"},
    }
    assert "notified chat: digits: a new champion" in caplog.text


@pytest.mark.parametrize("kind", ["http", "webhook", "generic"])
def test_an_address_may_come_in_parts(chat: Receiver, connect: Connect, kind: str) -> None:
    parts = {"conn_type": kind, "host": "127.0.0.1", "port": chat.port, "schema": "http"}
    deliver(MESSAGE, [connect("chat", **parts)])
    assert [post.path for post in chat.posts] == ["/"]


def test_an_address_may_be_a_variable(chat: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CHAT", chat.url)
    deliver(MESSAGE, ["chat"])
    assert [post.path for post in chat.posts] == ["/hook/secret-path"]


def test_password_and_headers_go_along(chat: Receiver, connect: Connect) -> None:
    deliver(
        MESSAGE, [connect("token", conn_type="http", host=chat.url, password="t0ken", extra={"headers": {"X-A": 1}})]
    )
    deliver(MESSAGE, [connect("login", conn_type="http", host=chat.url, login="me", password="t0ken")])
    assert chat.posts[0].headers["Authorization"] == "Bearer t0ken"
    assert chat.posts[0].headers["X-A"] == "1"
    assert chat.posts[1].headers["Authorization"].startswith("Basic ")


def test_a_mail_goes_to_everybody(mailbox: Mailbox, caplog: pytest.LogCaptureFixture) -> None:
    deliver(MESSAGE, ["mail"])
    (envelope,) = mailbox.mails
    assert envelope.rcpt_tos == ["night@example.com", "ops@example.com"]
    mail = message_from_bytes(envelope.content)
    assert str(make_header(decode_header(mail["Subject"]))) == "digits: a new champion"
    assert mail["From"] == "nightshift@example.com"
    body = mail.get_payload(0).get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "version 7 &lt;b&gt;is&lt;/b&gt; better &amp; 더 좋다" in body
    assert "Airflow log: https://airflow.example.com/log" in body
    assert "notified mail" in caplog.text


def test_apprise_reaches_its_services(chat: Receiver, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("airflow.providers.apprise")
    config = {"config": {"path": f"json://127.0.0.1:{chat.port}/hook", "tag": "ops"}}
    deliver(MESSAGE, [connect("services", conn_type="apprise", extra=config)])
    (post,) = chat.posts
    assert post.json["title"] == "digits: a new champion"
    assert "version 7" in post.json["message"]
    chat.statuses.append(500)
    deliver(MESSAGE, ["services"])
    assert 'services was not notified of "digits: a new champion": not every service' in caplog.text


def test_a_temporary_fault_is_retried(chat: Receiver, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    chat.statuses.extend([500, 503])
    deliver(MESSAGE, [connect("chat", conn_type="http", host=chat.url)])
    assert len(chat.posts) == 3
    assert "notified chat" in caplog.text


@pytest.mark.parametrize(
    ("statuses", "posts", "why"),
    [
        ([500, 502, 503], 3, "the answer was HTTP 503"),
        ([404], 1, "the answer was HTTP 404; expected 2xx"),
        ([302], 1, "the answer was HTTP 302; expected 2xx"),
    ],
)
def test_an_undelivered_message_is_logged_without_the_address(
    chat: Receiver,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    statuses: list[int],
    posts: int,
    why: str,
) -> None:
    chat.statuses.extend(statuses)
    deliver(MESSAGE, [connect("chat", conn_type="http", host=chat.url)])
    assert len(chat.posts) == posts
    assert f'chat was not notified of "digits: a new champion": {why}' in caplog.text
    assert "secret-path" not in caplog.text


def test_an_address_where_no_server_listens(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        deliver(MESSAGE, [connect("chat", conn_type="http", host=f"http://127.0.0.1:{unused.getsockname()[1]}/secret")])
    assert 'chat was not notified of "digits: a new champion": the address cannot be reached' in caplog.text
    assert "/secret" not in caplog.text


@pytest.mark.timeout(60)
def test_a_target_that_never_answers_delays_no_other(
    chat: Receiver,
    connect: Connect,
    mailbox: Mailbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 3.0)
    chat.statuses.append(HANG)
    deliver(MESSAGE, [connect("chat", conn_type="http", host=chat.url), "mail", "mail"])
    assert len(mailbox.mails) == 1
    assert 'chat was not notified of "digits: a new champion": no answer within 3 s' in caplog.text


def test_a_mail_server_that_never_answers_is_abandoned(
    connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SECONDS", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        extra = {"to": "a@example.com", "from_email": "b@example.com", "disable_ssl": 1, "disable_tls": 1}
        deliver(MESSAGE, [connect("mail", conn_type="smtp", host="127.0.0.1", port=port, extra=extra)])
    assert 'mail was not notified of "digits: a new champion": no answer within 0.5 s' in caplog.text


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"conn_type": "smtp", "host": "127.0.0.1"}, "no recipient"),
        ({"conn_type": "postgres", "host": "db"}, "the connection is of type 'postgres'; expected one of http, https"),
        ({"conn_type": "http"}, "the connection has no host; expected an address such as https://"),
        ({"conn_type": "http", "host": "http://[half"}, "the connection's address or headers cannot be used"),
    ],
)
def test_an_unusable_connection_says_what_is_expected(
    connect: Connect, caplog: pytest.LogCaptureFixture, fields: dict[str, Any], why: str
) -> None:
    deliver(MESSAGE, [connect("target", **fields)])
    assert f'target was not notified of "digits: a new champion": {why}' in caplog.text


def test_a_missing_connection_is_named(caplog: pytest.LogCaptureFixture) -> None:
    deliver(MESSAGE, ["nowhere"])
    assert "nowhere was not notified of \"digits: a new champion\": Airflow has no connection 'nowhere'" in caplog.text


# -- the notifier -----------------------------------------------------------------------------------------------------


def notify(monkeypatch: pytest.MonkeyPatch, notify_fields: dict[str, Any], **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    read_settings.cache_clear()
    PipelineNotifier(make_pipeline(notify=notify_fields), lambda _name, _context: MESSAGE)({})


def test_the_deployments_targets_are_notified_unless_the_pipeline_has_its_own(
    chat: Receiver, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect("ops", conn_type="http", host=f"http://127.0.0.1:{chat.port}/ops")
    connect("team", conn_type="http", host=f"http://127.0.0.1:{chat.port}/team")
    notify(monkeypatch, {}, NOTIFY_TARGETS="ops, team")
    notify(monkeypatch, {"targets": ["team"]})
    notify(monkeypatch, {"targets": []})
    assert sorted(post.path for post in chat.posts[:2]) == ["/ops", "/team"]
    assert [post.path for post in chat.posts[2:]] == ["/team"]


def test_only_selected_events_are_reported(chat: Receiver, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    connect("ops", conn_type="http", host=chat.url)
    notify(monkeypatch, {}, NOTIFY_TARGETS="ops", NOTIFY_EVENTS="failed,late")
    notify(monkeypatch, {"events": ["refused"]})
    assert chat.posts == []
    notify(monkeypatch, {"events": ["promoted"]})
    assert len(chat.posts) == 1


def test_unknown_events_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_EVENTS", "failed, promotd")
    read_settings.cache_clear()
    with pytest.raises(
        ValueError, match="notify_events: got 'promotd'; expected some of failed, promoted, refused, kept"
    ):
        settings()


def test_a_notifier_that_breaks_is_logged_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    def describe(_name: str, _context: Any) -> Message:
        raise ZeroDivisionError("a bug")

    PipelineNotifier(make_pipeline(), describe)({})
    log = capsys.readouterr().out
    assert "no notification was sent" in log
    assert "ZeroDivisionError: a bug" in log
