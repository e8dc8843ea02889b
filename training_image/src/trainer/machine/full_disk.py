"""Turn a full disk into TryAgain: it is no bug, and the next attempt resumes once there is room."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trainer.errors import TryAgain

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


@contextmanager
def full_disk_is_try_again() -> Iterator[None]:
    """Turn any error that a full disk caused within the block into TryAgain.

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


def full_disk_error(error: BaseException, signs: Sequence[str] = ()) -> TryAgain | None:
    """Return the error to raise in place of an error that a full disk caused, directly or not.

    Args:
        error: the error; its causes and contexts count too.
        signs: texts by which a library reports a short write as a RuntimeError without the system's error number.
    """
    reason = _full_disk(error, signs)
    return None if reason is None else _no_room(reason)


def full_disk_said(text: str, signs: Sequence[str] = ()) -> TryAgain | None:
    """Return the error to raise if the text of an error in another process says that a disk is full."""
    if any(sign in text for sign in (*map(os.strerror, _FULL), *signs)):
        return _no_room(text.splitlines()[0])
    return None


def _no_room(reason: str) -> TryAgain:
    return TryAgain(
        f"{reason}; expected TRAINER_WORK_DIR and TRAINER_CACHE_DIR with room and on a disk that can be written, "
        "and resources.<step>.shm large enough"
    )


def _full_disk(error: BaseException | None, signs: Sequence[str]) -> str | None:
    while error is not None:
        if isinstance(error, OSError) and error.errno in _FULL:
            where = f": {error.filename}" if error.filename else ""
            return f"{os.strerror(error.errno)}{where}"
        if isinstance(error, RuntimeError) and any(sign in str(error) for sign in signs):
            return f"no room to write a checkpoint ({str(error).splitlines()[0]})"
        error = error.__cause__ or error.__context__
    return None
