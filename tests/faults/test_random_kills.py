"""Kills at random moments through the real scheduler, with real trainings: every run ends well, and nothing is left.

``FAULT_KILLS`` says how many (``make faults``: 100, ``make faults-sample``: 8) and ``FAULT_SEED`` repeats a run's order
of faults and waits; what is under way at that moment depends on the machine.
"""

import os
import random
import time

import pytest

from tests.e2e.conftest import Stack

from .faults import (
    DAG_ID,
    FAULTS,
    RUN_SECONDS,
    Fault,
    end_of,
    epochs_by_try,
    epochs_lost,
    is_over,
    load_champion,
    once_there,
    step_at_work,
    sweep,
    trainers,
)
from .invariants import violations

KILLS = int(os.environ.get("FAULT_KILLS", "8"))
SEED = int(os.environ.get("FAULT_SEED", random.randrange(10**6)))
KILLS_A_RUN = 4
WEIGHTS = {"SIGKILL step": 6, "SIGTERM step": 3, "SIGKILL task": 3}
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.faults,
    pytest.mark.usefixtures("tiny_model"),
    pytest.mark.timeout(300 + 90 * KILLS),
]


def test_random_kills_lose_nothing_and_double_nothing(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    order = random.Random(SEED)
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    faults: list[Fault] = []
    states: dict[str, str] = {}
    while len(faults) < KILLS:
        name = f"night-{len(states)}"
        run_id = once_there(lambda name=name: stack.api.trigger(DAG_ID, {"seed": len(states)}, name))
        faults += disturbed(stack, run_id, order, min(KILLS_A_RUN, KILLS - len(faults)), len(faults))
        states[run_id] = end_of(stack, run_id)
    sweep(stack)
    found = violations(stack, "small", [stack.layout.password(), "of the tests"])
    lost = {run_id: epochs_lost(epochs_by_try(stack, DAG_ID, run_id)) for run_id in states}
    with capsys.disabled():
        print(table(faults, states, lost, found))
    assert set(states.values()) == {"success"}
    assert found == []
    assert max((epochs for tries in lost.values() for epochs in tries), default=0) <= 1
    load_champion(stack)


def disturbed(stack: Stack, run_id: str, order: random.Random, count: int, number: int) -> list[Fault]:
    """Let a run meet some faults at random moments, as long as it lasts."""
    met: list[Fault] = []
    names = list(FAULTS)
    weights = [WEIGHTS.get(name, 1) for name in names]
    deadline = time.monotonic() + RUN_SECONDS
    while len(met) < count:
        pause, (name,) = order.uniform(1, 20), order.choices(names, weights)
        end = time.monotonic() + pause
        while time.monotonic() < end or not trainers(stack):
            if is_over(stack, run_id):
                return met
            assert time.monotonic() < deadline, f"seed {SEED}: {run_id} makes no progress after {met}"
            time.sleep(0.1)
        fault = Fault(number + len(met) + 1, name, run_id, step_at_work(stack, DAG_ID, run_id))
        before = {process.pid for process in trainers(stack)}
        FAULTS[name](stack)
        fault.seconds_to_recover = until_at_work_again(stack, run_id, before if name in WEIGHTS else set())
        met.append(fault)
    return met


def until_at_work_again(stack: Stack, run_id: str, before: set[int]) -> float:
    """Return the seconds until a step of the run is at work that was not, or the run is over."""
    began = time.monotonic()
    while time.monotonic() < began + RUN_SECONDS:
        now = {process.pid for process in trainers(stack)}
        if now - before or is_over(stack, run_id):
            return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError(f"seed {SEED}: nothing of {run_id} is at work {RUN_SECONDS} s after a fault")


def table(faults: list[Fault], states: dict[str, str], lost: dict[str, list[int]], found: list[str]) -> str:
    lines = [f"\nseed {SEED}, {len(faults)} faults, {len(states)} runs"]
    lines += [f"{'fault':24}{'step':12}{'run':8}{'outcome':9}{'s to recover':>12}"]
    lines += [
        f"{fault.name:24}{fault.step:12}{fault.run_id:8}{states[fault.run_id]:9}{fault.seconds_to_recover:12.1f}"
        for fault in faults
    ]
    lines += [f"epochs lost by the tries of {run_id}: {tries}" for run_id, tries in lost.items() if tries]
    return "\n".join([*lines, f"violations: {found or 'none'}"])
