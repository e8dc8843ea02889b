"""Process many objects in threads: reading, hashing and decoding all release the interpreter lock."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_MAX_THREADS = 32


def map_in_threads(
    function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int | None = None
) -> list[_Result]:
    """Return the function's result for each item, in order; a stop or an error drops items not yet begun."""
    with ThreadPoolExecutor(threads or thread_count()) as pool:
        return list(pool.map(function, items))


def thread_count() -> int:
    """Return the number of cores this process may use, plus two for threads that wait for a disk."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(_MAX_THREADS, cores + 2)
