"""Read what torch says about memory, devices and disks, for every framework that is built on torch.

Importing this module does not import torch; some functions do when they are called.
"""

import importlib.util
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from trainer.errors import with_causes

FULL_DISK = ("PytorchStreamWriter failed", "unexpected pos", "No space left on device")
"""Texts by which torch.save reports a short write, without the system's error number."""

_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "not enough memory",
    "is killed by signal: Killed",
    "is killed by signal: Bus error",
    "unable to allocate shared memory",
    # Ultralytics also takes these for lack of memory (``engine/trainer.py``).
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_INTERNAL_ERROR",
    "unable to find an engine",
)
_LOST = ("CUDA error", "exited unexpectedly", "is killed by signal")
_OWN_FAULT = ("device-side assert", "no kernel image", "invalid device ordinal", "invalid argument", "not supported")
"""CUDA errors that come back in every attempt."""


def says_out_of_memory(text: str) -> bool:
    """Tell whether an error's text means that the memory did not suffice."""
    return any(sign in text for sign in _MEMORY)


def says_lost(text: str) -> bool:
    """Tell whether an error's text means that a device or a process that reads data was lost by no fault of its own."""
    return any(sign in text for sign in _LOST) and not any(sign in text for sign in _OWN_FAULT)


def telling_line(text: str, says: Callable[[str], bool]) -> str:
    """Return the last line of an error's text that ``says`` accepts, for people; the first line if there is none."""
    lines = text.splitlines() or [""]
    return next((line for line in reversed(lines) if says(line)), lines[0])[:300]


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that the memory did not suffice."""
    import torch

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError | OSError) and says_out_of_memory(with_causes(error))


def free_device_memory() -> None:
    """Return unused memory to the device; call it where no traceback of the failure is left."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def device_facts() -> dict[str, str]:
    """Return the GPUs of this machine and the CUDA version, both empty without a GPU."""
    import torch

    names = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
    return {"gpu": ", ".join(names), "cuda": (torch.version.cuda or "") if names else ""}


def versions() -> dict[str, str]:
    """Return the versions of torch, torchvision and the CUDA that torch was built for, without importing torch."""
    return {package: version(package) for package in ("torch", "torchvision")} | {"cuda": _cuda_version()}


def _cuda_version() -> str:
    specification = importlib.util.find_spec("torch")
    if specification is None or specification.origin is None:
        return ""
    text = Path(specification.origin).with_name("version.py").read_text(encoding="utf-8")
    match = re.search(r"^cuda\b[^=]*=\s*'([^']+)'", text, re.MULTILINE)
    return match[1] if match else ""
