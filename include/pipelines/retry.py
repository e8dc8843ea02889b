"""Decide from a step's failure whether a retry can help."""

from typing import Any

from airflow.sdk import Context, RetryDecision, RetryPolicy

from include.step_contract.failure import FailureKind

from .errors import StepFailed

_HOPELESS = {
    FailureKind.BAD_REQUEST: "a retry would be refused the same way: change the catalog or the trigger form",
    FailureKind.BAD_DATA: "a retry would find the same data: fix the dataset",
    FailureKind.BUG: "a retry would meet the same bug: see the traceback in the log",
}


class StepRetryPolicy(RetryPolicy):
    """Fail at once where a retry cannot help; leave every other failure to the task's retries and backoff."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide by the failure kind that the step reported."""
        if isinstance(exception, StepFailed) and exception.kind in _HOPELESS:
            return RetryDecision.fail(_HOPELESS[exception.kind])
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return the policy's settings for Airflow to store: none."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "StepRetryPolicy":
        """Return the policy."""
        return cls()
