"""Airflow's task state store is unavailable, as its database is: only the log suffers."""

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time.comms import ErrorResponse

from include.pipelines.task_state import keep, known_positions


class AwayStore:
    """Answers as the API server does without its database."""

    def get(self, _key: str) -> Any:
        raise AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={"status_code": 500}))

    def set(self, key: str, _value: Any) -> None:
        self.get(key)


def test_a_position_that_cannot_be_stored_is_logged_and_costs_no_step(caplog: pytest.LogCaptureFixture) -> None:
    store: Any = AwayStore()
    keep(store, "log_position", {"a": "1"})
    assert known_positions(store, "log_position") == {}
    assert "cannot store log_position for the next attempt" in caplog.text
    assert "lines may be repeated" in caplog.text
