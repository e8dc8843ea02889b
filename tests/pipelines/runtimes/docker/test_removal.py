"""Removal of a container where the engine fails on its own files, as seen when two attempts removed one at once.

The client is a stand-in, because on a real engine this happens too rarely.
"""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from docker import APIClient
from docker.errors import APIError
from requests import Response

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.docker.engine import remove
from include.pipelines.runtimes.docker.sweep import sweep
from include.step_contract.failure import FailureKind

ID = "0123456789abcdef"


class StumblingClient:
    """Knows one old container, and answers 500 a number of times before it removes it."""

    def __init__(self, times: int, status: int = 500) -> None:
        self.left, self.status = times, status

    def remove_container(self, container: str, **_: Any) -> None:
        if self.left:
            self.left -= 1
            response = Response()
            response.status_code = self.status
            raise APIError("no", response=response, explanation=f"unable to remove filesystem for {container}")

    def containers(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Id": ID, "Names": [f"/small-failed-{ID[:8]}"]}]

    def inspect_container(self, _container: str) -> dict[str, Any]:
        long_ago = "2026-03-01T00:00:00.000000000Z"
        return {"Created": long_ago, "State": {"Status": "exited", "FinishedAt": long_ago}}


def test_a_container_is_removed_although_the_engine_fails_at_first() -> None:
    client = StumblingClient(times=2)
    remove(cast(APIClient, client), "a-container")
    assert client.left == 0


def test_a_container_that_cannot_be_removed_is_left_to_the_next_attempt() -> None:
    """If that passed silently, a later *Clear* would take its result: its name says that it has not been taken."""
    with pytest.raises(
        StepFailed, match="container a-container cannot be removed: unable to remove filesystem"
    ) as failed:
        remove(cast(APIClient, StumblingClient(times=100)), "a-container")
    assert failed.value.kind is FailureKind.TRY_AGAIN


def test_a_refusal_is_reported() -> None:
    with pytest.raises(APIError):
        remove(cast(APIClient, StumblingClient(times=100, status=403)), "a-container")


def test_an_old_container_that_cannot_be_removed_fails_no_step(caplog: pytest.LogCaptureFixture) -> None:
    sweep(cast(APIClient, StumblingClient(times=100, status=403)), datetime(2026, 3, 9, tzinfo=UTC), pipeline="small")
    assert "it stays until the next sweep" in caplog.text
