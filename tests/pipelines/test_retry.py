"""Failures that are retried, and those that are not."""

import pytest
from airflow.sdk import RetryAction

from include.pipelines.errors import StepFailed, StepLost
from include.pipelines.retry import StepRetryPolicy
from include.step_contract.failure import FailureKind


@pytest.mark.parametrize("kind", [FailureKind.BAD_REQUEST, FailureKind.BAD_DATA, FailureKind.BUG])
def test_hopeless_failures_are_not_retried(kind: FailureKind) -> None:
    decision = StepRetryPolicy().evaluate(StepFailed("no", kind), try_number=1, max_tries=3)
    assert decision.action is RetryAction.FAIL
    assert decision.reason is not None
    assert decision.reason.startswith("a retry would")


@pytest.mark.parametrize(
    "error",
    [
        StepFailed("away", FailureKind.TRY_AGAIN),
        StepFailed("memory", FailureKind.OUT_OF_MEMORY),
        StepFailed("killed", FailureKind.TERMINATED),
        StepLost("gone"),
        ConnectionError("something of Airflow's own"),
    ],
)
def test_everything_else_is_left_to_the_tasks_retries(error: Exception) -> None:
    decision = StepRetryPolicy().evaluate(error, try_number=1, max_tries=3)
    assert decision.action is RetryAction.DEFAULT


def test_policy_survives_serialization() -> None:
    assert isinstance(StepRetryPolicy.deserialize(StepRetryPolicy().serialize()), StepRetryPolicy)
