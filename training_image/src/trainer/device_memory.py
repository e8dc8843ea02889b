"""How torch says that the memory of device or host does not suffice, and giving back what a failed attempt held."""

import torch

_SIGNS = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "is killed by signal: Killed",
    "is killed by signal: Bus error",
    "unable to allocate shared memory",
)


def says_out_of_memory(text: str) -> bool:
    """Tell whether an error's text means that the memory did not suffice."""
    return any(sign in text for sign in _SIGNS)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that the memory did not suffice."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError | OSError) and says_out_of_memory(str(error))


def free_device_memory() -> None:
    """Give back to the device what nothing holds any more; call it where no traceback of the failure is left."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
