"""An engine that stumbles over its own files, as one did when two tries removed a container at once.

Its client is stood in for: on a real engine it happens too rarely.
"""

from typing import Any, cast

import pytest
from docker import APIClient
from docker.errors import APIError
from requests import Response

from include.pipelines.outcome import StepFailed
from include.pipelines.runtimes.docker_engine import remove
from include.step_contract.step import FailureKind


class StumblingClient:
    """Answers 500 so many times; then the container is gone."""

    def __init__(self, times: int, status: int = 500) -> None:
        self.left, self.status = times, status

    def remove_container(self, container: str, **_: Any) -> None:
        if self.left:
            self.left -= 1
            response = Response()
            response.status_code = self.status
            raise APIError("no", response=response, explanation=f"unable to remove filesystem for {container}")


def test_a_container_that_the_engine_stumbles_over_is_removed_all_the_same() -> None:
    client = StumblingClient(times=2)
    remove(cast(APIClient, client), "a-container")
    assert client.left == 0


def test_one_that_cannot_be_removed_is_left_to_the_next_try() -> None:
    """Left without a word, its result would be taken by a later *Clear*: its name says that nobody has taken it."""
    with pytest.raises(
        StepFailed, match="container a-container cannot be removed: unable to remove filesystem"
    ) as told:
        remove(cast(APIClient, StumblingClient(times=100)), "a-container")
    assert told.value.kind is FailureKind.TRY_AGAIN


def test_a_refusal_is_told() -> None:
    with pytest.raises(APIError):
        remove(cast(APIClient, StumblingClient(times=100, status=403)), "a-container")
