"""Ask the machine: processors, memory, devices, disk.

``environment`` counts processors and names the device of a step, ``kills_for_memory`` reads the kernel's OOM kills,
``full_disk_is_try_again`` turns a full disk into an error worth a retry, ``device_failures`` reads what a failed GPU
said (and is the module that imports torch here, so import it only where torch is loaded anyway).

Knows nothing of MLflow, datasets or frameworks.
"""

from .full_disk import full_disk_error, full_disk_is_try_again, full_disk_said
from .host_memory import kills_for_memory

__all__ = [
    "device_failures",
    "environment",
    "full_disk_error",
    "full_disk_is_try_again",
    "full_disk_said",
    "kills_for_memory",
]
