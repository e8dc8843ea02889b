"""How long to go on with a request to an S3 store that keeps failing for reasons that may pass."""

import logging
import random
import time

from trainer.errors import TryAgain

_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 10.0
_SAID_AFTER = 5

_log = logging.getLogger(__name__)


class Interrupted(Exception):
    """A request broke off for a reason that may be gone in a moment; says which."""


class Patience:
    """Counts the failures of one request that came to nothing since it last got on."""

    def __init__(self, attempts: int, action: str, place: str, endpoint: str) -> None:
        """Begin with all the patience there is."""
        self._attempts = attempts
        self._what = (action, place, endpoint)
        self._failures = 0

    def reward(self) -> None:
        """Begin anew: the request got on."""
        self._failures = 0

    def wait(self, interruption: Interrupted) -> None:
        """Wait, longer each time, and never as long as other threads do.

        Raises:
            TryAgain: it failed often enough.
        """
        self._failures += 1
        if self._failures >= self._attempts:
            raise TryAgain(unreachable(*self._what, f"{interruption}; tried {self._failures} times"))
        level = logging.WARNING if self._failures == _SAID_AFTER else logging.DEBUG
        _log.log(level, "%s %s: %s; trying up to %d times", *self._what[:2], interruption, self._attempts)
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**self._failures)
        time.sleep(random.uniform(0.8 * longest, longest))  # noqa: S311  # spreads retries, keeps no secret


def unreachable(action: str, place: str, endpoint: str, reason: str) -> str:
    """Return what to say when a store did not answer over all retries."""
    return (
        f"cannot {action} {place}: no answer from {endpoint} ({reason}); "
        "is the store running, and is S3_ENDPOINT_URL its address and port?"
    )
