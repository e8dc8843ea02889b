"""Python's cyclic garbage collector, kept from looking for garbage where there is none.

A parse of a hundred pipelines makes some hundred thousand objects that all stay. They set off full collections, each of
which walks through everything that Airflow has imported: half of the time that a parse took (measured).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collector() -> Iterator[None]:
    """Collect nothing within the block; what was on is on again after it, whatever happened."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
