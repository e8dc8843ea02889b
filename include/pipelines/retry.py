"""What a failure means for the next try."""

from typing import Any

from airflow.sdk import Context, RetryDecision, RetryPolicy

from include.step_contract.failure import FailureKind

from .errors import StepFailed

_HOPELESS = {
    FailureKind.BAD_REQUEST: "another try would be refused the same way: change the catalog or the trigger form",
    FailureKind.BAD_DATA: "another try would find the same data: mend the dataset",
    FailureKind.BUG: "another try would meet the same bug: see the traceback in the log",
}


class StepRetryPolicy(RetryPolicy):
    """Fail at once where another try cannot help; leave everything else to the task's retries and backoff."""

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide by the failure kind that the step reported."""
        if isinstance(exception, StepFailed) and exception.kind in _HOPELESS:
            return RetryDecision.fail(_HOPELESS[exception.kind])
        return RetryDecision.default()

    def serialize(self) -> dict[str, Any]:
        """Return what Airflow stores of the policy; it has no settings."""
        return {}

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> "StepRetryPolicy":
        """Return the policy."""
        return cls()
