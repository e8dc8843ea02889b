"""Inject faults into the docker runtime, and read from its engine what happened to the containers."""

import re
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from signal import SIGKILL, SIGTERM, Signals
from typing import Any

import psutil
import pytest
from docker import APIClient
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from include.stacks.local.services import processes
from include.step_contract.order import Step
from tests.e2e.conftest import Stack
from tests.pipelines.runtimes.docker.steps import engine

from .faults import FaultKind, Runtime, epochs_in, events_by_try, service_faults

ON_DOCKER = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.docker, pytest.mark.usefixtures("tiny_model")]
"""Marks of the modules whose steps are containers."""

_TASK_RUNNER = re.compile(r"airflow worker -- [0-9a-f-]{36}")
_TASK_SUPERVISOR = re.compile(r"airflow worker -- LocalExecutor: .*[0-9a-f-]{36}")


def containers_of_steps(stack: Stack) -> set[str]:
    """Return the ids of the running containers of a stack's steps."""
    found = engine().containers(filters=_of(stack))
    return {item["Id"] for item in found if item["Labels"].get("nightshift.step") in set(Step)}


def pids_of_tasks(stack: Stack) -> set[int]:
    """Return the process ids of the Airflow tasks at work."""
    return {process.pid for process in _titled(stack, _TASK_RUNNER)}


def kill_container(stack: Stack) -> None:
    """SIGKILL all of the step, as the kernel does when the container's memory ends."""
    _send_to_containers(stack, SIGKILL)


def terminate_container(stack: Stack) -> None:
    """SIGTERM the step, as ``docker stop`` does."""
    _send_to_containers(stack, SIGTERM)


def kill_task(stack: Stack) -> None:
    """SIGKILL the Airflow task and its supervisor, as when a worker's machine is lost; the container keeps running."""
    for process in [*_titled(stack, _TASK_SUPERVISOR), *_titled(stack, _TASK_RUNNER)]:
        _send(process, SIGKILL)


def terminate_task(stack: Stack) -> None:
    """SIGTERM the Airflow task, as in an orderly shutdown of a worker; the container keeps running."""
    for process in _titled(stack, _TASK_RUNNER):
        _send(process, SIGTERM)


def epochs_by_container(stack: Stack, dag_id: str, run_id: str) -> list[list[int]]:
    """Return the epochs that each container of the training reported, to all attempts that attached to it."""
    found: list[list[int]] = []
    for events in events_by_try(stack, dag_id, run_id):
        is_new = any(event.startswith("started container") for event in events)
        if is_new or not found:
            found.append([])
        found[-1] += epochs_in(events)
    return found


DOCKER = Runtime(
    faults={
        "SIGKILL container": FaultKind(kill_container, containers_of_steps, weight=4),
        "SIGTERM container": FaultKind(terminate_container, containers_of_steps, weight=3),
        "SIGKILL task": FaultKind(kill_task, pids_of_tasks, weight=3),
        "SIGTERM task": FaultKind(terminate_task, pids_of_tasks, weight=2),
        **service_faults(containers_of_steps),
    },
    at_work=containers_of_steps,
    epochs=epochs_by_container,
)


# -- what the engine tells --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """A container of a task began, or ended."""

    task: str
    container: str
    began: bool


@contextmanager
def lives(stack: Stack) -> Iterator[list[Life]]:
    """Note from now on which containers of a stack's tasks begin and end, in the engine's own order."""
    noted: list[Life] = []
    stream = engine().events(decode=True, filters=_of(stack) | {"type": "container", "event": ["start", "die"]})

    def note() -> None:
        with suppress(DockerException, RequestException, OSError, ValueError):  # what a closed stream raises
            for event in stream:
                labels = event["Actor"]["Attributes"]
                if "nightshift.task" in labels:  # the container that closes a lost step's record is no task's
                    noted.append(Life(labels["nightshift.task"], event["Actor"]["ID"], event["Action"] == "start"))

    thread = threading.Thread(target=note, daemon=True)
    thread.start()
    try:
        yield noted
    finally:
        stream.close()
        thread.join(timeout=10)


def doubled(noted: Iterable[Life]) -> list[str]:
    """Say of which tasks two containers ran at once."""
    running: dict[str, set[str]] = defaultdict(set)
    found = []
    for life in noted:
        if not life.began:
            running[life.task].discard(life.container[:12])
            continue
        if running[life.task]:
            found.append(f"3: container {life.container[:12]} of {life.task} began beside {sorted(running[life.task])}")
        running[life.task].add(life.container[:12])
    return found


def remove_containers(client: APIClient, stack: Stack) -> None:
    """Remove the containers that are kept for inspection."""
    for container in client.containers(all=True, filters=_of(stack)):
        client.remove_container(container["Id"], v=True, force=True)


@pytest.fixture(autouse=True)
def nothing_kept(stack: Stack, client: APIClient) -> Iterator[None]:
    """Remove after each test what is kept for a look, in modules that import this."""
    yield
    remove_containers(client, stack)


@pytest.fixture
def noted(stack: Stack) -> Iterator[list[Life]]:
    """What the engine tells of the containers of this stack."""
    with lives(stack) as noted:
        yield noted


def _of(stack: Stack) -> dict[str, Any]:
    return {"label": f"nightshift.stack={stack.layout.state}"}


def _titled(stack: Stack, title: re.Pattern[str]) -> list[psutil.Process]:
    found = []
    for process in processes(stack.layout):
        with suppress(psutil.Error):
            if title.fullmatch(" ".join(process.cmdline()).strip()):
                found.append(process)
    return found


def _send(process: psutil.Process, number: Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _send_to_containers(stack: Stack, number: Signals) -> None:
    client = engine()
    for container in containers_of_steps(stack):
        with suppress(APIError):  # it has just ended
            client.kill(container, number.value)
