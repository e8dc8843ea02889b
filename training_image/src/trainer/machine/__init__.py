"""Ask the machine: processors, memory, disk, fonts.

``environment`` counts processors and names the device of a step, ``kills_for_memory`` reads the kernel's OOM kills,
``full_disk_is_try_again`` turns a full disk into an error worth a retry, ``fonts`` finds fonts for pictures.

Knows nothing of MLflow, datasets or frameworks.
"""

from .full_disk import full_disk_error, full_disk_is_try_again, full_disk_said
from .host_memory import kills_for_memory

__all__ = [
    "environment",
    "fonts",
    "full_disk_error",
    "full_disk_is_try_again",
    "full_disk_said",
    "kills_for_memory",
]
