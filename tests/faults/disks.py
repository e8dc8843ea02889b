"""Make a disk full or read-only during each step of a DAG run."""

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from include.step_contract.order import Step
from tests.e2e.conftest import Stack

from .faults import DAG_ID, Runtime, end_of, epochs_lost, sweep
from .invariants import violations
from .services_away import ENDED, has_begun, state_of, until
from .table import Note, note_fault

TROUBLE_SECONDS = 12
TROUBLES = {"full": "No space left on device", "read-only": "Read-only file system"}
_MEGABYTES = 128


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a small disk of its own at a folder; skips the test where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={_MEGABYTES}m,mode=755", "nightshift-test"]
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"no disk can be mounted here, root may: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def trouble(folder: Path, what: str) -> Iterator[None]:
    """Fill the disk at a folder, or take away the right to write to it."""
    with _full(folder) if what == "full" else _read_only(folder):
        yield


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    filling = folder / "filling"
    try:
        with filling.open("wb", buffering=0) as out, suppress(OSError):
            while out.write(bytes(1 << 16)):
                pass
        yield
    finally:
        filling.unlink()


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    deadline = time.monotonic() + 30
    while not _remount(folder, "ro"):
        # Somebody has a file open for writing just now.
        assert time.monotonic() < deadline, f"{folder} is never at rest"
        time.sleep(0.05)
    try:
        yield
    finally:
        assert _remount(folder, "rw")


def _remount(folder: Path, how: str) -> bool:
    done = subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or os.strerror(errno.EBUSY).lower() in done.stderr.lower(), done.stderr
    return done.returncode == 0


def survive_disk_trouble(stack: Stack, runtime: Runtime, folder: Path, what: str, seed: int, note: Note) -> None:
    """Let a disk fail once in each step of a run, from the step's start; the run continues once it is repaired."""
    run_id = stack.api.trigger(DAG_ID, {"seed": seed}, f"{folder.name}-{what}")
    mended: dict[Step, float] = {}
    for step in Step:
        until(lambda step=step: has_begun(stack, runtime, run_id, step), f"{step} of {run_id} does not begin")
        with trouble(folder, what):
            time.sleep(TROUBLE_SECONDS)
        began = time.monotonic()
        until(lambda step=step: state_of(stack, run_id, step) in ENDED, f"{step} of {run_id} does not end")
        assert state_of(stack, run_id, step) == "success", f"{step} of {run_id} did not continue"
        mended[step] = time.monotonic() - began
    assert end_of(stack, run_id) == "success"
    sweep(stack)
    found = violations(stack, "small", [stack.layout.password()])
    lost = max(epochs_lost(runtime.epochs(stack, DAG_ID, run_id)), default=0)
    for step, seconds in mended.items():
        note_fault(
            note, f"{folder.name} {what}", step, run_id, "success", seconds=seconds, epochs_lost=lost, violations=found
        )
    logs = stack.layout.airflow_home / "logs" / f"dag_id={DAG_ID}" / f"run_id={run_id}"
    assert any(TROUBLES[what] in log.read_text(errors="replace") for log in logs.rglob("*.log"))
    assert found == []
