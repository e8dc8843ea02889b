"""Limit the retries of a request to an S3 store that fails for temporary reasons."""

import logging
import random
import time

from trainer.errors import TryAgain

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_WARN_AFTER = 5

_log = logging.getLogger(__name__)


class Interrupted(Exception):
    """A request was interrupted for a temporary reason, which the text names."""


class RetryBudget:
    """The failures of one request since it last made progress."""

    def __init__(self, attempts: int, action: str, place: str, endpoint: str) -> None:
        """Begin with all retries available."""
        self._attempts = attempts
        self._what = (action, place, endpoint)
        self._failures = 0

    def reset(self) -> None:
        """Make all retries available again: the request has made progress."""
        self._failures = 0

    def spend(self, interruption: Interrupted) -> None:
        """Count a failure and wait before the retry: longer each time, and for a different time in each thread.

        Raises:
            TryAgain: no retry is left.
        """
        self._failures += 1
        if self._failures >= self._attempts:
            raise TryAgain(unreachable(*self._what, f"{interruption}; {self._failures} attempts"))
        level = logging.WARNING if self._failures == _WARN_AFTER else logging.DEBUG
        _log.log(level, "%s %s: %s; retrying, at most %d attempts", *self._what[:2], interruption, self._attempts)
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**self._failures)
        time.sleep(random.uniform(0.8 * longest, longest))  # noqa: S311  # spreads retries, keeps no secret


def unreachable(action: str, place: str, endpoint: str, reason: str) -> str:
    """Return the message for a store that did not answer in any attempt."""
    return (
        f"cannot {action} {place}: no answer from {endpoint} ({reason}); "
        "is the store running, and is S3_ENDPOINT_URL its address and port?"
    )
