"""Tests of events for the web UI over real HTTP: in order, signed, once each, and never delaying a step."""

import hashlib
import hmac
import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from step_contract.failure import ExitCode, FailureKind
from step_contract.order import Step, StepOrder
from step_contract.result import PreprocessResult, Result
from tests.trainer.conftest import make_pipeline, make_run
from tests.web_receiver import HANG, Post, Receiver
from trainer.errors import BadData, BadRequest, Superseded, Terminated
from trainer.handover import journal
from trainer.handover.journal import Entry, EntryKind
from trainer.settings import Settings, read_settings
from trainer.web_events import events as backend_callbacks
from trainer.web_events import outbox
from trainer.web_events.events import BackendCallbacks, events_for

SECRET = "a secret of the tests"
RESULT = Result(mlflow_run_id="abc", summary="100 images", outcome=PreprocessResult(dataset_digest="d", images={}))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(outbox, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(backend_callbacks, "_CLOSING_SECONDS", 30)


def settings_of(url: str) -> Settings:
    return Settings(_env_file=None, backend_callback_url=url, backend_callback_secret=SECRET)


@pytest.fixture
def tell(web_ui: Receiver) -> Callable[[], object]:
    """Return a function that begins a step that the web UI hears of."""
    return lambda: events_for(StepOrder(step=Step.TRAIN, pipeline=make_pipeline()), make_run(), settings_of(web_ui.url))


def types_of(web_ui: Receiver) -> list[str]:
    return [event["type"] for event in web_ui.events]


def epoch_entry(epoch: int, **metrics: float) -> Entry:
    return Entry(EntryKind.EPOCH, epoch, 3, "cpu", metrics or {"metrics/mAP50": 0.1 * epoch, "time/epoch_seconds": 1.0})


def _run_until(error: BaseException, tell: Callable, journal_folder: Path | None = None) -> None:
    """Begin a step, train a hundred epochs if there is a journal, and let it end with an error."""
    with tell() as backend:
        backend.running("abc")
        if journal_folder is not None:
            with backend.following(journal_folder):
                for epoch in range(1, 101):
                    journal.append(journal_folder, epoch_entry(epoch))
        raise error


def is_signed(post: Post) -> bool:
    """What docs/notifications.md tells a receiver to check."""
    moment, event_id = post.headers["X-Nightshift-Timestamp"], post.headers["X-Nightshift-Event-Id"]
    expected = hmac.new(SECRET.encode(), f"{moment}.{event_id}.".encode() + post.body, hashlib.sha256).hexdigest()
    is_fresh = abs(time.time() - int(moment)) < 300
    return is_fresh and hmac.compare_digest(post.headers["X-Nightshift-Signature"], f"sha256={expected}")


def test_a_training_is_reported_from_beginning_to_end(web_ui: Receiver, tell: Callable, tmp_path: Path) -> None:
    with tell() as backend:
        backend.running("abc")
        with backend.following(tmp_path):
            journal.append(tmp_path, Entry(EntryKind.START, 0, 3, "cpu"))
            for epoch in (1, 2):
                journal.append(tmp_path, epoch_entry(epoch))
                web_ui.wait_for(lambda events, epoch=epoch: events and events[-1].get("epoch") == epoch)
            journal.append(tmp_path, epoch_entry(3))
            journal.append(tmp_path, Entry(EntryKind.FINAL, 4, 3, "cpu", {"metrics/mAP50": 0.3}))
        backend.completed(RESULT, ExitCode.DONE)
    assert types_of(web_ui) == ["running", "epoch", "epoch", "epoch", "completed"]
    assert [event["sequence"] for event in web_ui.events] == [1, 2, 3, 4, 5]
    epoch = web_ui.events[1]
    assert (epoch["epoch"], epoch["total_epochs"], epoch["metrics"]) == (1, 3, {"mAP50": 0.1})
    run = make_run()
    for event in web_ui.events:
        assert (event["pipeline"], event["step"], event["try_number"]) == ("digits", "train", 1)
        assert (event["dag_id"], event["run_id"], event["run_key"]) == (run.dag_id, run.run_id, run.key)
        assert event["mlflow_run_id"] == "abc"
    assert web_ui.events[-1]["outcome"]["dataset_digest"] == "d"
    assert not web_ui.events[-1]["refused"]


def test_every_event_is_signed_and_has_an_id_of_its_own(web_ui: Receiver, tell: Callable) -> None:
    with tell() as backend:
        backend.running("abc")
        backend.completed(RESULT, ExitCode.REFUSED)
    assert [is_signed(post) for post in web_ui.posts] == [True, True]
    ids = [post.headers["X-Nightshift-Event-Id"] for post in web_ui.posts]
    assert ids == [event["id"] for event in web_ui.events]
    assert len(set(ids)) == 2
    forged = Post("/", web_ui.posts[0].headers, web_ui.posts[0].body.replace(b"running", b"failed!"))
    replayed = Post("/", web_ui.posts[0].headers | {"X-Nightshift-Event-Id": "another"}, web_ui.posts[0].body)
    assert not is_signed(forged)
    assert not is_signed(replayed)
    assert web_ui.events[1]["refused"]


@pytest.mark.parametrize(
    ("error", "event", "kind", "before"),
    [
        (BadData("no images 이미지"), "failed", "bad_data", ""),
        (MemoryError("too large"), "failed", "out_of_memory", "the host's memory did not suffice: "),
        (ZeroDivisionError("division by zero"), "failed", "bug", "ZeroDivisionError: "),
        (Terminated("told to stop by SIGTERM"), "cancelled", "terminated", ""),
        (BadData("a name that is no Unicode: \udcff"), "failed", "bad_data", ""),
    ],
)
def test_the_error_that_ends_a_step_is_reported_and_raised_unchanged(
    web_ui: Receiver, tell: Callable, error: BaseException, event: str, kind: str, before: str
) -> None:
    with pytest.raises(type(error)) as caught:
        _run_until(error, tell)
    assert caught.value is error
    assert types_of(web_ui) == ["running", event]
    assert web_ui.events[-1]["error"] == {"kind": kind, "message": f"{before}{error}"}


def test_a_try_that_was_taken_over_leaves_the_word_to_the_other(web_ui: Receiver, tell: Callable) -> None:
    with pytest.raises(Superseded):
        _run_until(Superseded("try 2 took over"), tell)
    assert types_of(web_ui) == ["running"]


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_passing_fault_is_tried_again_under_the_same_id_and_nothing_overtakes(
    web_ui: Receiver, tell: Callable, status: int
) -> None:
    web_ui.statuses.extend([status, status])
    with tell() as backend:
        backend.running("abc")
        backend.completed(RESULT, ExitCode.DONE)
    assert types_of(web_ui) == ["running", "running", "running", "completed"]
    assert len({event["id"] for event in web_ui.events}) == 2
    assert all(map(is_signed, web_ui.posts))


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_a_refused_event_is_dropped_and_the_next_is_sent(
    web_ui: Receiver, tell: Callable, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    web_ui.statuses.append(status)
    with tell() as backend:
        backend.running("abc")
        backend.completed(RESULT, ExitCode.DONE)
    assert types_of(web_ui) == ["running", "completed"]
    assert f"the web UI (127.0.0.1) refused an event (running): HTTP {status}" in caplog.text
    assert "1 events did not reach the web UI" in caplog.text


@pytest.mark.timeout(60)
def test_an_address_without_a_server_delays_the_end_of_a_step_by_a_moment(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(backend_callbacks, "_CLOSING_SECONDS", 0.5)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/secret-path"
        with events_for(StepOrder(step=Step.TRAIN, pipeline=make_pipeline()), make_run(), settings_of(url)) as backend:
            backend.running("abc")
            backend.completed(RESULT, ExitCode.DONE)
    assert "cannot reach the web UI (127.0.0.1), retrying: NewConnectionError; the step continues" in caplog.text
    assert "2 events did not reach the web UI" in caplog.text
    assert "secret-path" not in caplog.text


@pytest.mark.timeout(60)
def test_a_web_ui_that_never_answers_does_not_hold_a_training_or_its_stop(
    web_ui: Receiver, tell: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_REQUEST_SECONDS", 600)
    web_ui.statuses.extend([HANG] * 10)
    with pytest.raises(Terminated):
        _run_until(Terminated("told to stop by SIGTERM"), tell, tmp_path)
    assert types_of(web_ui) == ["running"]


def test_a_slow_web_ui_gets_all_epochs_in_order_and_the_training_does_not_wait(
    web_ui: Receiver, tell: Callable, tmp_path: Path
) -> None:
    web_ui.answer_seconds = 0.1
    with tell() as backend:
        with backend.following(tmp_path):
            for epoch in range(1, 21):
                journal.append(tmp_path, epoch_entry(epoch))
        assert len(web_ui.events) < 20
        backend.completed(RESULT, ExitCode.DONE)
    assert [event.get("epoch") for event in web_ui.events] == [*range(1, 21), None]


def test_of_too_many_events_the_oldest_epochs_go(
    web_ui: Receiver, tell: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "_MAX_WAITING", 5)
    monkeypatch.setattr(outbox, "_FIRST_PAUSE_SECONDS", 60)
    web_ui.statuses.append(500)
    with tell() as backend:
        backend.running("abc")
        web_ui.wait_for(len)
        with backend.following(tmp_path):
            for epoch in range(1, 11):
                journal.append(tmp_path, epoch_entry(epoch))
        backend.completed(RESULT, ExitCode.DONE)
    received = [(event["type"], event.get("epoch")) for event in web_ui.events[1:]]
    assert received == [("running", None), ("epoch", 8), ("epoch", 9), ("epoch", 10), ("completed", None)]
    assert "7 events did not reach the web UI" in caplog.text


def test_what_fails_while_the_step_ends_is_sent_again_at_once(
    web_ui: Receiver, tell: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "_FIRST_PAUSE_SECONDS", 60)
    web_ui.statuses.append(500)
    web_ui.answer_seconds = 0.5
    with tell() as backend:
        backend.running("abc")
        web_ui.wait_for(len)
        backend.completed(RESULT, ExitCode.DONE)
    assert types_of(web_ui) == ["running", "running", "completed"]


def test_metrics_that_are_no_numbers_are_left_out(web_ui: Receiver, tell: Callable, tmp_path: Path) -> None:
    with tell() as backend, backend.following(tmp_path):
        entry = epoch_entry(1, **{"metrics/mAP50": float("nan"), "val/box_loss": float("inf"), "lr/pg0": 0.01})
        journal.append(tmp_path, entry)
    assert web_ui.events[0]["metrics"] == {"lr/pg0": 0.01}


def test_a_journal_that_cannot_be_read_costs_epochs_only(web_ui: Receiver, tell: Callable, tmp_path: Path) -> None:
    with tell() as backend:
        backend.running("abc")
        with backend.following(tmp_path):
            (tmp_path / "journal.jsonl").write_text("no JSON\n")
            time.sleep(0.1)
        backend.completed(RESULT, ExitCode.DONE)
    assert types_of(web_ui) == ["running", "completed"]


def test_without_an_address_nothing_is_sent_and_no_thread_begins(tmp_path: Path) -> None:
    with events_for(
        StepOrder(step=Step.TRAIN, pipeline=make_pipeline()), make_run(), Settings(_env_file=None)
    ) as silent:
        silent.running("abc")
        with silent.following(tmp_path):
            journal.append(tmp_path, epoch_entry(1))
        silent.completed(RESULT, ExitCode.DONE)
    assert isinstance(silent, BackendCallbacks)
    assert silent._outbox is None


@pytest.mark.parametrize(
    ("url", "secret", "message"),
    [
        (
            "http://ui/hook/hidden",
            "",
            "BACKEND_CALLBACK_URL without BACKEND_CALLBACK_SECRET; expected both, or neither",
        ),
        ("ui:8000/hook/hidden", "hidden", "BACKEND_CALLBACK_URL is no web address; expected http://... or https://..."),
        ("http://[hidden", "hidden", "BACKEND_CALLBACK_URL is no web address; expected http://... or https://..."),
    ],
)
def test_half_a_setting_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, url: str, secret: str, message: str
) -> None:
    monkeypatch.setenv("BACKEND_CALLBACK_URL", url)
    monkeypatch.setenv("BACKEND_CALLBACK_SECRET", secret)
    with pytest.raises(BadRequest) as caught:
        read_settings()
    assert message in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_the_secret_is_in_no_text_of_the_settings_and_no_log(
    web_ui: Receiver, tell: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    web_ui.statuses.append(500)
    with tell() as backend:
        backend.running("abc")
        backend.failed(FailureKind.TRY_AGAIN, "lost")
    assert types_of(web_ui) == ["running", "running", "failed"]
    assert SECRET not in repr(settings_of(web_ui.url)) + caplog.text
