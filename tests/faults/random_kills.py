"""Faults at random moments of one DAG run after the other, and what must be true of all of them at the end."""

import os
import random
import time

import pytest

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

SEED = int(os.environ.get("FAULT_SEED", random.randrange(10**6)))
_KILLS_A_RUN = 4


def number_of_kills(default: int) -> int:
    return int(os.environ.get("FAULT_KILLS", default))


def survive_random_kills(stack: Stack, runtime: Runtime, kills: int, capsys: pytest.CaptureFixture[str]) -> None:
    """Let DAG runs meet that many faults; every run must end well, with nothing lost, doubled or left."""
    order = random.Random(SEED)
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    faults: list[Fault] = []
    states: dict[str, str] = {}
    while len(faults) < kills:
        name = f"night-{len(states)}"
        run_id = once_there(lambda name=name: stack.api.trigger(DAG_ID, {"seed": len(states)}, name))
        faults += _disturbed(stack, runtime, run_id, order, min(_KILLS_A_RUN, kills - len(faults)), len(faults))
        states[run_id] = end_of(stack, run_id)
    sweep(stack)
    found = violations(stack, "small", [stack.layout.password(), "of the tests"])
    lost = {run_id: epochs_lost(runtime.epochs(stack, DAG_ID, run_id)) for run_id in states}
    with capsys.disabled():
        print(_table(faults, states, lost, found))
    assert set(states.values()) == {"success"}
    assert found == []
    assert max((epochs for tries in lost.values() for epochs in tries), default=0) <= 1
    load_champion(stack)


def _disturbed(
    stack: Stack, runtime: Runtime, run_id: str, order: random.Random, count: int, number: int
) -> list[Fault]:
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
        fault = Fault(number + len(met) + 1, name, run_id, step_at_work(stack, DAG_ID, run_id))
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


def _table(faults: list[Fault], states: dict[str, str], lost: dict[str, list[int]], found: list[str]) -> str:
    lines = [f"\nseed {SEED}, {len(faults)} faults, {len(states)} runs"]
    lines += [f"{'fault':24}{'step':12}{'run':10}{'outcome':9}{'s to recover':>12}"]
    lines += [
        f"{fault.name:24}{fault.step:12}{fault.run_id:10}{states[fault.run_id]:9}{fault.seconds_to_recover:12.1f}"
        for fault in faults
    ]
    lines += [f"epochs lost by the tries of {run_id}: {tries}" for run_id, tries in lost.items() if tries]
    return "\n".join([*lines, f"violations: {found or 'none'}"])
