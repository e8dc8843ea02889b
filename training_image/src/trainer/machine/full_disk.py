"""A disk that takes no more is nobody's bug: the step says so, and the next try goes on once there is room."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from trainer.errors import TryAgain

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_TORCH_SAYS = ("PytorchStreamWriter failed", "unexpected pos", "No space left on device")
"""torch.save reports a short write without the system's error number."""


@contextmanager
def full_disk_is_try_again() -> Iterator[None]:
    """Turn whatever a full disk brought about within the block into TryAgain.

    Raises:
        TryAgain: a disk or a quota is full, or a disk became read-only; the message names the file if the system did.
    """
    try:
        yield
    except TryAgain:
        raise
    except Exception as error:
        full = full_disk_error(error)
        if full is None:
            raise
        raise full from error


def full_disk_error(error: BaseException) -> TryAgain | None:
    """Return what to raise if an error, or one that led to it, comes from a full disk."""
    reason = _full_disk(error)
    if reason is None:
        return None
    return _no_room(reason)


def full_disk_said(text: str) -> TryAgain | None:
    """Return what to raise if the words of an error in another process come from a full disk."""
    if any(sign in text for sign in (*map(os.strerror, _FULL), *_TORCH_SAYS)):
        return _no_room(text.splitlines()[0])
    return None


def _no_room(reason: str) -> TryAgain:
    return TryAgain(
        f"{reason}; expected TRAINER_WORK_DIR and TRAINER_CACHE_DIR with room and on a disk that can be written, "
        "and resources.<step>.shm large enough"
    )


def _full_disk(error: BaseException | None) -> str | None:
    """Return what is full if an error, or one that led to it, comes from that."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            where = f": {error.filename}" if error.filename else ""
            return f"{os.strerror(error.errno)}{where}"
        if isinstance(error, RuntimeError) and any(text in str(error) for text in _TORCH_SAYS):
            return f"no room to write a checkpoint ({str(error).splitlines()[0]})"
        error = error.__cause__ or error.__context__
    return None
