"""Inject faults at random moments into consecutive DAG runs, and state what must hold for all of them at the end."""

import os
import random
import time

from tests.e2e.conftest import Stack

from .faults import (
    DAG_ID,
    RUN_SECONDS,
    Fault,
    FaultKind,
    Runtime,
    end_of,
    epochs_lost,
    is_over,
    load_champion,
    once_there,
    step_at_work,
    sweep,
)
from .invariants import violations
from .table import Note, note_fault

SEED = int(os.environ.get("FAULT_SEED", random.randrange(10**6)))
KILLS_AT_ONCE = 10
_KILLS_A_RUN = 4


def kills_by_test(default: int) -> list[int]:
    """Return how many kills each test does: tests of ten show how far a long run of them has come."""
    whole, rest = divmod(int(os.environ.get("FAULT_KILLS", default)), KILLS_AT_ONCE)
    return [KILLS_AT_ONCE] * whole + [rest] * bool(rest)


def survive_random_kills(stack: Stack, runtime: Runtime, part: int, kills: int, note: Note) -> None:
    """Let DAG runs meet that many faults; every run must end well, with nothing lost, doubled or left.

    Parts are numbered: each has an order of faults and DAG runs of its own.
    """
    order = random.Random(f"{SEED} {part}")
    note("seed", SEED)
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    faults: list[Fault] = []
    states: dict[str, str] = {}
    while len(faults) < kills:
        name, seed = f"night-{part}-{len(states)}", part * KILLS_AT_ONCE + len(states)
        run_id = once_there(lambda name=name, seed=seed: stack.api.trigger(DAG_ID, {"seed": seed}, name))
        faults += _disturbed(stack, runtime, run_id, order, min(_KILLS_A_RUN, kills - len(faults)))
        states[run_id] = end_of(stack, run_id)
    sweep(stack)
    found = violations(stack, "small", [stack.layout.password(), "of the tests"])
    lost = {run_id: epochs_lost(runtime.epochs(stack, DAG_ID, run_id)) for run_id in states}
    for fault in faults:
        note_fault(
            note,
            fault.name,
            fault.step,
            fault.run_id,
            states[fault.run_id],
            seconds=fault.seconds_to_recover,
            epochs_lost=max(lost[fault.run_id], default=0),
            violations=found,
        )
    assert set(states.values()) == {"success"}
    assert found == []
    assert max((epochs for attempts in lost.values() for epochs in attempts), default=0) <= 1
    load_champion(stack)


def _disturbed(stack: Stack, runtime: Runtime, run_id: str, order: random.Random, count: int) -> list[Fault]:
    """Let a run meet some faults at random moments, as long as it lasts."""
    met: list[Fault] = []
    weights = [kind.weight for kind in runtime.faults.values()]
    deadline = time.monotonic() + RUN_SECONDS
    while len(met) < count:
        pause, (name,) = order.uniform(1, 20), order.choices(list(runtime.faults), weights)
        end = time.monotonic() + pause
        while time.monotonic() < end or not runtime.at_work(stack):
            if is_over(stack, run_id):
                return met
            assert time.monotonic() < deadline, f"seed {SEED}: {run_id} makes no progress after {met}"
            time.sleep(0.1)
        kind = runtime.faults[name]
        fault = Fault(name, run_id, step_at_work(stack, DAG_ID, run_id))
        before = kind.seen(stack) if kind.kills_what_is_seen else set()
        kind.do(stack)
        fault.seconds_to_recover = _until_at_work_again(stack, run_id, kind, before)
        met.append(fault)
    return met


def _until_at_work_again(stack: Stack, run_id: str, kind: FaultKind, before: set[object]) -> float:
    """Return the seconds until there is what was not there before, or the run is over."""
    began = time.monotonic()
    while time.monotonic() < began + RUN_SECONDS:
        if kind.seen(stack) - before or is_over(stack, run_id):
            return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError(f"seed {SEED}: nothing of {run_id} is at work {RUN_SECONDS} s after a fault")
