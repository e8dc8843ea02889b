"""How torch says that memory did not suffice or that a device or a worker was lost; and giving memory back."""

from collections.abc import Callable

import torch

from trainer.errors import with_causes

_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "is killed by signal: Killed",
    "is killed by signal: Bus error",
    "unable to allocate shared memory",
    # What ultralytics, too, takes for want of memory (``engine/trainer.py``).
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR",
    "unable to find an engine",
)
_LOST = ("CUDA error", "exited unexpectedly", "is killed by signal")
_OWN_FAULT = ("device-side assert", "no kernel image", "invalid device ordinal", "invalid argument", "not supported")
"""Errors of CUDA that come again in every try."""


def says_out_of_memory(text: str) -> bool:
    """Tell whether an error's text means that the memory did not suffice."""
    return any(sign in text for sign in _MEMORY)


def says_lost(text: str) -> bool:
    """Tell whether an error's text means that a device or a process that reads data is gone, through no own fault."""
    return any(sign in text for sign in _LOST) and not any(sign in text for sign in _OWN_FAULT)


def telling_line(text: str, says: Callable[[str], bool]) -> str:
    """Return the last line of an error's text that says something, for a person; the first if none does."""
    lines = text.splitlines() or [""]
    return next((line for line in reversed(lines) if says(line)), lines[0])[:300]


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that the memory did not suffice."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError | OSError) and says_out_of_memory(with_causes(error))


def free_device_memory() -> None:
    """Give back to the device what nothing holds any more; call it where no traceback of the failure is left."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
