"""Inject one fault into every step of a DAG run while the step works, which random moments hit only by chance."""

import time

from include.step_contract.order import Step
from tests.e2e.conftest import Stack

from .faults import DAG_ID, FaultKind, Runtime, end_of, epochs_lost, sweep
from .gate import Gate, Mode
from .invariants import violations
from .services_away import state_of, until
from .table import Note, note_fault
from .test_named_faults import tags, task_log

FAULTS = ("SIGKILL", "SIGTERM", "SIGKILL task")
"""Their names in a runtime's table begin like this, the first of each."""

_SAID = {"SIGKILL": "ended by SIGKILL (out of memory, or killed from outside)", "SIGTERM": "told to stop by SIGTERM"}
"""The failure that the attempt reports; a killed task reports none."""


def stop_each_step(stack: Stack, runtime: Runtime, gate: Gate, fault: str, note: Note) -> None:
    """Stop every step of a run once in the middle of its work; each is tried once more, and nothing is lost or left."""
    name = next(name for name in runtime.faults if name.startswith(fault))
    gate.target = stack.ports.mlflow
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    run_id = stack.api.trigger(DAG_ID, {"seed": FAULTS.index(fault)}, f"each-{fault.replace(' ', '-')}")
    seconds = {step: _stop(stack, runtime, gate, runtime.faults[name], run_id, step) for step in Step}
    assert end_of(stack, run_id) == "success"
    sweep(stack)
    found = violations(stack, "small", [stack.layout.password(), "of the tests"])
    epochs = runtime.epochs(stack, DAG_ID, run_id)
    lost = max(epochs_lost(epochs), default=0)
    tasks = stack.api.task_states(DAG_ID, run_id)
    for step in Step:
        outcome = tasks[step]["state"]
        note_fault(note, name, step, run_id, outcome, seconds=seconds[step], epochs_lost=lost, violations=found)
    assert {step: task["try_number"] for step, task in tasks.items()} == dict.fromkeys(Step, 2)
    assert [step for step in Step if _SAID.get(fault, "") not in task_log(stack, run_id, step)] == []
    # A container outlives its task: the next attempt attaches to it, and nothing is resumed.
    is_resumed = '"resumed_from_epoch":null' not in tags(stack, run_id)["step.train.result"]
    assert is_resumed == (len(epochs) > 1)
    assert lost <= 1
    assert found == []


def _stop(stack: Stack, runtime: Runtime, gate: Gate, kind: FaultKind, run_id: str, step: Step) -> float:
    """Give a step the fault and return the seconds until it is at work again."""
    until(
        lambda: state_of(stack, run_id, step) == "running" and bool(runtime.at_work(stack)),
        f"{step} of {run_id} does not begin",
    )
    if step is not Step.TRAIN:  # the others are over within seconds
        gate.set(Mode.SLOW)
    until(lambda: _is_in_the_middle(stack, run_id, step), f"{step} of {run_id} does not work")
    before = kind.seen(stack)
    kind.do(stack)
    gate.set(Mode.OPEN)
    began = time.monotonic()
    until(lambda: bool(kind.seen(stack) - before), f"{step} of {run_id} is not tried again")
    return time.monotonic() - began


def _is_in_the_middle(stack: Stack, run_id: str, step: Step) -> bool:
    """Return whether a step has begun its work; for the training, whether it has a checkpoint to resume from."""
    found = tags(stack, run_id)
    return "checkpoint" in found if step is Step.TRAIN else found.get(f"step.{step}") == "running"
