"""Inject faults into a stack while a DAG run is under way, and read their effects."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Any

import psutil

from include.stacks.local.services import TRAINER_BIN, commands, processes, spawn
from include.step_contract.order import Step
from tests.e2e.conftest import Stack

DAG_ID = "train_small"
RUN_SECONDS = 600
SERVICES = ("scheduler", "dag-processor", "api-server", "mlflow")
_PROGRESS = "VTM_PROGRESS::"


@dataclass
class Fault:
    """One fault and what came of it, for the table."""

    name: str
    run_id: str
    step: str
    seconds_to_recover: float = 0.0


@dataclass(frozen=True)
class FaultKind:
    """What is done, and of what there must be another afterwards."""

    do: Callable[[Stack], None]
    seen: Callable[[Stack], set[Any]]
    kills_what_is_seen: bool = True
    weight: int = 1


@dataclass(frozen=True)
class Runtime:
    """What tests of random faults need to know of a runtime."""

    faults: dict[str, FaultKind]
    at_work: Callable[[Stack], set[Any]]
    """The steps that run now: process ids, or ids of containers."""
    epochs: Callable[[Stack, str, str], list[list[int]]]
    """The epochs that each start of a run's training reported, in order."""


def trainers(stack: Stack) -> list[psutil.Process]:
    """Return the processes of steps at work, with the worker processes of a training."""
    return [process for process in processes(stack.layout) if _is_trainer(process)]


def pids_of_steps(stack: Stack) -> set[int]:
    return {process.pid for process in trainers(stack)}


def kill_step(stack: Stack) -> None:
    """SIGKILL every process of the step, as the kernel does when memory ends."""
    _send(trainers(stack), SIGKILL)


def terminate_step(stack: Stack) -> None:
    """SIGTERM the step, as a machine that shuts down does."""
    _send(trainers(stack), SIGTERM)


def kill_task(stack: Stack) -> None:
    """SIGKILL the Airflow processes that look after the step: its ancestors below the scheduler."""
    services = leaders(stack)
    for step in trainers(stack):
        _send(list(takewhile(lambda process: process.pid not in services and process.pid > 1, step.parents())), SIGKILL)


def kill_service(name: str) -> Callable[[Stack], None]:
    """Return a fault that SIGKILLs a service, and starts it again after two seconds."""

    def kill(stack: Stack) -> None:
        found = [psutil.Process(pid) for pid, service in leaders(stack).items() if service == name]
        # What a web server's leader forked has the port; what the scheduler's executor forked has work to finish.
        children = [child for leader in found for child in leader.children(recursive=True)]
        _send(found if name == "scheduler" else [*found, *children], SIGKILL)
        time.sleep(2)
        spawn(name, commands(stack.layout, stack.ports)[name], stack.layout, stack.variables)

    return kill


def leaders(stack: Stack) -> dict[int, str]:
    """Return the process ids of the services that live, with their names."""
    lines = (line.split() for line in stack.layout.sessions_file.read_text().splitlines())
    recorded = {int(pid): name for pid, _started, name in lines}
    return {pid: name for pid, name in recorded.items() if psutil.pid_exists(pid) and _is_alive(psutil.Process(pid))}


def service_faults(at_work: Callable[[Stack], set[Any]]) -> dict[str, FaultKind]:
    return {f"SIGKILL {name}": FaultKind(kill_service(name), at_work, kills_what_is_seen=False) for name in SERVICES}


def step_at_work(stack: Stack, dag_id: str, run_id: str) -> str:
    """Return the first step that is not done."""
    tasks = once_there(lambda: stack.api.task_states(dag_id, run_id))
    return next((str(step) for step in Step if tasks[step]["state"] != "success"), "-")


def epochs_by_try(stack: Stack, dag_id: str, run_id: str) -> list[list[int]]:
    """Return the epochs that each attempt of the training reported in its log, in order of attempts."""
    return [epochs_in(events) for events in events_by_try(stack, dag_id, run_id)]


def events_by_try(stack: Stack, dag_id: str, run_id: str) -> list[list[str]]:
    """Return the log of each attempt of the training, in order of attempts."""
    folder = stack.layout.airflow_home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / "task_id=train"
    logs = sorted(folder.glob("attempt=*.log"), key=lambda path: int(path.stem.partition("=")[2]))
    return [_events(log) for log in logs]


def epochs_lost(attempts: list[list[int]]) -> list[int]:
    """Return for each attempt after the first how many finished epochs it repeated."""
    lost, done = [], 0
    for epochs in attempts:
        if epochs:
            lost.append(max(0, done - min(epochs) + 1))
            done = max(done, *epochs)
    return lost[1:]


def epochs_in(events: list[str]) -> list[int]:
    """Return the epochs that lines of a log report."""
    reported = [text for _, tag, text in (event.partition(_PROGRESS) for event in events) if tag]
    return [int(json.loads(text)["epoch"]) for text in reported]


def _events(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [str(json.loads(line).get("event", "")) for line in lines if line.startswith("{")]


def _is_trainer(process: psutil.Process) -> bool:
    try:
        command = process.cmdline()
        return str(TRAINER_BIN / "trainer") in command and command[-1] in set(Step)
    except psutil.Error:
        return False


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _send(found: list[psutil.Process], number: Signals) -> None:
    for process in found:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def is_over(stack: Stack, run_id: str) -> bool:
    try:
        return stack.api.dag_run(DAG_ID, run_id)["state"] in ("success", "failed")
    except OSError:  # the api-server is one of the victims
        return False


def end_of(stack: Stack, run_id: str) -> str:
    deadline = time.monotonic() + RUN_SECONDS
    while not is_over(stack, run_id):
        assert time.monotonic() < deadline, f"{run_id} does not end"
        time.sleep(0.5)
    return str(once_there(lambda: stack.api.dag_run(DAG_ID, run_id))["state"])


def once_there(ask: Callable[[], Any]) -> Any:
    """Return an answer of Airflow's, also if its api-server is one of the victims and just comes back."""
    deadline = time.monotonic() + RUN_SECONDS
    while True:
        try:
            return ask()
        except OSError:
            assert time.monotonic() < deadline, "the api-server does not come back"
            time.sleep(0.5)


def sweep(stack: Stack) -> str:
    """Let the sweeper remove what steps that were killed outright had no time to, and return the id of its run."""
    run_id = stack.api.trigger("sweep")
    deadline = time.monotonic() + RUN_SECONDS
    while (state := stack.api.dag_run("sweep", run_id)["state"]) not in ("success", "failed"):
        assert time.monotonic() < deadline, "the sweep does not end"
        time.sleep(0.5)
    assert state == "success"
    return run_id


def load_champion(stack: Stack) -> None:
    """Load what the champion alias names, in a process that knows nothing of this project."""
    code = "import mlflow; print(mlflow.pyfunc.load_model('models:/small@champion').metadata.signature)"
    variables = stack.variables | {"MLFLOW_TRACKING_URI": stack.ports.mlflow_url}
    subprocess.run([str(TRAINER_BIN / "python"), "-c", code], env=variables, check=True, timeout=120)


LOCAL = Runtime(
    faults={
        "SIGKILL step": FaultKind(kill_step, pids_of_steps, weight=6),
        "SIGTERM step": FaultKind(terminate_step, pids_of_steps, weight=3),
        "SIGKILL task": FaultKind(kill_task, pids_of_steps, weight=3),
        **service_faults(pids_of_steps),
    },
    at_work=pids_of_steps,
    epochs=epochs_by_try,
)
