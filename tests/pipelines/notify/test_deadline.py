"""Deadlines of nightly runs, and the message about a late one."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from airflow.serialization.serialized_objects import DagSerialization
from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.notify import deadline
from include.pipelines.notify.deadline import deadline_alert, tell_late
from include.pipelines.settings import read_settings
from include.pipelines.training_dag import training_dag
from include.step_contract.catalog import RuntimeName
from nightshift import NextClockTime, next_clock_time
from tests.pipelines.conftest import make_pipeline
from tests.web_receiver import receiving

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    read_settings.cache_clear()
    yield
    read_settings.cache_clear()


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Airflow has loaded the plugin; tests/dags loads it really."""
    monkeypatch.setattr(deadline, "_reference_class", lambda: NextClockTime)


@pytest.mark.parametrize(
    ("due", "clock", "timezone", "expected"),
    [
        ("2026-03-01T17:00Z", "06:00", SEOUL, "2026-03-01T21:00Z"),  # due at 02:00, the same morning
        ("2026-03-01T21:00Z", "06:00", SEOUL, "2026-03-02T21:00Z"),  # due at the very time
        ("2026-03-01T14:59Z", "00:00", SEOUL, "2026-03-01T15:00Z"),
        ("2026-03-28T23:00Z", "06:00", BERLIN, "2026-03-29T04:00Z"),  # clocks go forward that night
        ("2026-10-24T22:00Z", "06:00", BERLIN, "2026-10-25T05:00Z"),  # and back
        ("2026-10-25T00:30Z", "02:45", BERLIN, "2026-10-25T00:45Z"),
    ],
)
def test_a_deadline_is_the_next_time_that_clocks_show(due: str, clock: str, timezone: ZoneInfo, expected: str) -> None:
    assert next_clock_time(datetime.fromisoformat(due), clock, timezone) == datetime.fromisoformat(expected)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    st.times(),
    st.sampled_from([SEOUL, BERLIN, ZoneInfo("America/St_Johns"), ZoneInfo("Australia/Lord_Howe")]),
)
def test_a_deadline_is_after_the_run_was_due_and_within_a_day(due: datetime, clock: Any, timezone: ZoneInfo) -> None:
    found = next_clock_time(due, f"{clock:%H:%M}", timezone)
    hour = timedelta(hours=1)  # by which clocks are changed
    assert due < found <= due + timedelta(days=1) + hour


@pytest.mark.usefixtures("registered")
def test_a_deadline_is_stored_with_the_dag_the_same_each_time() -> None:
    def stored() -> Any:
        pipeline = make_pipeline(execution={"deadline": "06:00"}, notify={"targets": ["ops"]})
        return DagSerialization.to_dict(training_dag(pipeline, RuntimeName.LOCAL, ""))["dag"]["deadline"]

    ((alert),) = stored()
    assert alert["reference"] == {
        "reference_type": "NextClockTime",
        "clock": "06:00",
        "timezone": "Asia/Seoul",
        "__class_path": "nightshift.NextClockTime",
    }
    assert stored() == stored()
    reference = NextClockTime("06:00", "Asia/Seoul")
    assert NextClockTime.deserialize_reference(reference.serialize_reference()) == reference


@pytest.mark.usefixtures("registered")
def test_there_is_no_deadline_unless_the_catalog_sets_one() -> None:
    assert deadline_alert(make_pipeline()) is None


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("queued", "is still waiting to start"),
        ("running", "is still running"),
        ("failed", "has failed"),
        ("success", "finished only at 2026-03-01T22:00:00Z"),
    ],
)
def test_a_late_message_says_how_the_run_stands(monkeypatch: pytest.MonkeyPatch, state: str, words: str) -> None:
    run = {
        "dag_id": "train_digits",
        "dag_run_id": "scheduled__1",
        "state": state,
        "end_date": "2026-03-01T22:00:00Z" if state == "success" else None,
    }
    with receiving() as chat:
        monkeypatch.setenv("AIRFLOW_CONN_OPS", chat.url)
        notify = {"targets": ["ops"], "events": None}
        tell_late("digits", "06:00 Asia/Seoul", notify, {"dag_run": run, "deadline": {}})
    (message,) = chat.events
    assert (message["event"], message["title"]) == ("late", "digits: not finished in time")
    assert message["reason"] == f"The run was due by 06:00 Asia/Seoul and {words}."
    assert message["links"]["Airflow run"].endswith("/dags/train_digits/runs/scheduled__1")
