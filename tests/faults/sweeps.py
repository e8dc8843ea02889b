"""Run sweeps one after the other while trainings work, are killed and wait for their retry; none may be affected."""

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from include.stacks.airflow_api import ApiError
from include.step_contract.order import Step
from tests.e2e.conftest import Stack

from .conftest import CATALOG
from .faults import DAG_ID, FaultKind, Runtime, end_of, epochs_lost, sweep
from .invariants import violations
from .services_away import until
from .table import Note, note_fault
from .test_named_faults import tags

RUNS = 3
LONG_CATALOG = (
    CATALOG.replace("epochs: 20", "epochs: 60")
    .replace("max_active_runs: 1", f"max_active_runs: {RUNS}")
    # Long enough for a sweep to look, ask and remove while all of them wait.
    .replace("retry_delay_seconds: 1, maximum_retry_delay_seconds: 2", "retry_delay_seconds: 20")
)
SWEEP_AT_ONCE = {"AIRFLOW__CORE__PARALLELISM": str(2 * RUNS)}
"""So that sweeps need not wait for the trainings."""
_KILLS = ("SIGKILL", "SIGKILL task")
_REMOVED = re.compile(r"INFO removed: |^(stop|remove) container ")


def sweep_beside(stack: Stack, runtime: Runtime, note: Note) -> None:
    """Let runs train, lose their steps and lose their tasks, and sweep all the time."""
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    run_ids = [stack.api.trigger(DAG_ID, {"seed": number}, f"swept-{number}") for number in range(RUNS)]
    with _sweeping(stack) as swept:
        until(lambda: all("checkpoint" in tags(stack, run_id) for run_id in run_ids), "the runs do not train")
        _wait_for_a_sweep(swept)
        seconds = max(_kill(stack, kind) for kind in _kills(runtime))
        met = [line for name in swept for line in _log_of(stack, name)]
        states = {run_id: end_of(stack, run_id) for run_id in run_ids}
    sweep(stack)
    found = violations(stack, "small", [stack.layout.password(), "of the tests"])
    lost = {run_id: max(epochs_lost(runtime.epochs(stack, DAG_ID, run_id)), default=0) for run_id in run_ids}
    attempts = {run_id: _tries(stack, run_id) for run_id in run_ids}
    for run_id, state in states.items():
        fault = f"{len(swept)} sweeps, {len(_KILLS)} kills"
        note_fault(note, fault, "train", run_id, state, seconds=seconds, epochs_lost=lost[run_id], violations=found)
    # While all of them lived: each was looked at and left, and nothing at all was closed, stopped or removed.
    assert [run_id for run_id in run_ids if not any(_is_left(run_id, line) for line in met)] == []
    assert [line for line in met if _REMOVED.search(line)] == []
    assert set(states.values()) == {"success"}
    # No step was tried again but for the kills, which met the trainings.
    assert set(attempts.values()) == {(1, 1 + len(_KILLS), 1, 1, 1)}
    assert max(lost.values()) <= 1
    assert found == []


@contextmanager
def _sweeping(stack: Stack) -> Iterator[list[str]]:
    """Sweep without a pause; yield the ids of the sweeps that are done."""
    done: list[str] = []
    enough = threading.Event()

    def sweep_on() -> None:
        while not enough.is_set():
            # On SQLite the scheduler's writes get in the way now and then: no sweep was begun then.
            with suppress(ApiError):
                done.append(sweep(stack))

    with ThreadPoolExecutor(1) as pool:
        sweeping = pool.submit(sweep_on)
        try:
            yield done
        finally:
            enough.set()
        sweeping.result()


def _kills(runtime: Runtime) -> list[FaultKind]:
    return [next(kind for name, kind in runtime.faults.items() if name.startswith(begin)) for begin in _KILLS]


def _kill(stack: Stack, kind: FaultKind) -> float:
    """Kill something of every run and return the seconds until there is another."""
    before = kind.seen(stack)
    kind.do(stack)
    began = time.monotonic()
    until(lambda: len(kind.seen(stack) - before) >= RUNS, "the runs do not continue")
    return time.monotonic() - began


def _wait_for_a_sweep(swept: Sequence[str]) -> None:
    """Return when a sweep has begun and ended from now on."""
    enough = len(swept) + 2
    until(lambda: len(swept) >= enough, "no sweep ends")


def _log_of(stack: Stack, sweep_id: str) -> Iterator[str]:
    folder = stack.layout.airflow_home / "logs" / "dag_id=sweep" / f"run_id={sweep_id}"
    for log in sorted(folder.rglob("*.log")):
        for line in log.read_text(encoding="utf-8").splitlines():
            yield str(json.loads(line).get("event", "")) if line.startswith("{") else line


def _is_left(run_id: str, line: str) -> bool:
    return " INFO left: " in line and f" {run_id} " in line


def _tries(stack: Stack, run_id: str) -> tuple[int, ...]:
    tasks = stack.api.task_states(DAG_ID, run_id)
    return tuple(tasks[step]["try_number"] for step in Step)
