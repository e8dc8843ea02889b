"""Sweeping containers on a real engine: what a task still owns stays, what is over goes."""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from include.pipelines.airflow_state import Airflow
from include.pipelines.errors import StepLost
from include.pipelines.runtimes.docker.container import close_config
from include.pipelines.runtimes.docker.engine import remove, state_of
from include.pipelines.runtimes.docker.identity import identity_of
from include.pipelines.runtimes.docker.sweep import sweep as sweep_containers
from include.pipelines.settings import read_settings
from include.step_contract import transport
from tests.pipelines.conftest import RUN

from .steps import IMAGE, engine, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]
MakeContainer = Callable[..., str]
STARTED = "open('/code/started', 'w').close()"
SLEEP = f"""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
{STARTED}
time.sleep(90)
"""


class States:
    """Stands in for Airflow's answers about tasks; a DAG run that is not in it was forgotten."""

    def __init__(self, **states: str) -> None:
        self.states = states

    def get_dr_count(self, dag_id: str, *, run_ids: list[str], states: list[str]) -> int:
        raise AssertionError("a container belongs to a task, not to a DAG run")

    def get_ti_count(self, dag_id: str, *, task_ids: list[str] | None, run_ids: list[str], states: list[str]) -> int:
        return sum(self.states.get(run_id) in states for run_id in run_ids) if task_ids == ["train"] else 0


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, client: APIClient) -> Iterator[APIClient]:
    """The engine, and a stack of the test's own on it."""
    monkeypatch.setenv("NIGHTSHIFT_STATE", f"/test/{uuid.uuid4().hex}")
    monkeypatch.setenv("SWEEP_GRACE_MINUTES", "0")
    read_settings.cache_clear()
    yield client
    for container in client.containers(
        all=True, filters={"label": f"nightshift.stack={os.environ['NIGHTSHIFT_STATE']}"}
    ):
        remove(client, container["Id"])
    read_settings.cache_clear()


@pytest.fixture
def container(client: APIClient, tmp_path: Path) -> MakeContainer:
    """Return a function that makes the container of a task: ``container("run", "sleep")`` and returns its name."""

    def make(run_id: str, code: str = SLEEP, *, start: bool = True, closes: bool = False) -> str:
        folder = tmp_path / run_id
        folder.mkdir()
        (folder / "step.py").write_text(code)
        run = transport.decode_run(json.dumps(json.loads(RUN) | {"run_id": run_id, "task_id": "train"}))
        identity = identity_of(run, "train", "digits")
        labels = dict(identity.labels)
        if closes:
            labels = close_config({}, identity, StepLost("killed"))["labels"]
        host = client.create_host_config(binds=[f"{folder}:/code"])
        made = client.create_container(IMAGE, name=identity.name, labels=labels, host_config=host, command=["train"])
        if start:
            client.start(made["Id"])
            wait_for((folder / "started").exists, "the container does not start")
        return identity.name

    return make


def sweep(airflow: Airflow, later: float = 1, **options: Any) -> dict[str, int]:
    """Sweep as some hours later."""
    now = datetime.now(UTC) + timedelta(hours=later)
    return sweep_containers(engine(), now, airflow=airflow, **options)


def test_a_running_container_is_stopped_only_if_its_task_is_over(client: APIClient, container: MakeContainer) -> None:
    living, waiting, over = (container(name) for name in ("living", "waiting", "over"))
    forgotten = container("forgotten")
    airflow = States(living="running", waiting="up_for_retry", over="failed")
    assert sweep(airflow, dry_run=True) == {"stop": 2}
    assert all(is_running(client, name) for name in (living, waiting, over, forgotten))
    assert sweep(airflow) == {"stop": 2}
    for name in (over, forgotten):
        assert state_of(client, name) is None  # renamed, so that no try attaches to it
    wait_for(lambda: len(running(client)) == 2, "the swept containers do not end")
    assert is_running(client, living)
    assert is_running(client, waiting)


def test_what_closes_the_record_of_a_lost_step_is_left_alone_while_its_task_waits_for_it(
    client: APIClient, container: MakeContainer
) -> None:
    living, over = (container(name, closes=True) for name in ("living", "over"))
    assert sweep(States(living="running", over="failed")) == {"stop": 1}
    wait_for(lambda: len(running(client)) == 1, "the swept container does not end")
    assert is_running(client, living)
    assert state_of(client, over) is None


def test_an_ended_container_is_kept_for_inspection_and_never_taken_from_its_next_attempt(
    client: APIClient, container: MakeContainer
) -> None:
    waiting, over = (container(name, STARTED) for name in ("waiting", "over"))
    wait_for(lambda: not running(client), "the containers do not end")
    airflow = States(waiting="up_for_retry", over="failed")
    assert sweep(airflow, later=23) == {}
    assert sweep(airflow, later=25) == {"remove": 1}
    assert (state_of(client, over), state_of(client, waiting) is not None) == (None, True)


def test_a_container_that_was_never_started_goes_with_its_task(client: APIClient, container: MakeContainer) -> None:
    waiting, over = (container(name, start=False) for name in ("waiting", "over"))
    assert sweep(States(waiting="queued", over="failed")) == {"remove": 1}
    assert (state_of(client, over), state_of(client, waiting) is not None) == (None, True)


def test_what_is_young_or_of_another_stack_is_left(
    client: APIClient, container: MakeContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = container("over")
    monkeypatch.setenv("SWEEP_GRACE_MINUTES", "90")
    read_settings.cache_clear()
    assert sweep(States(over="failed")) == {}
    monkeypatch.setenv("SWEEP_GRACE_MINUTES", "0")
    with monkeypatch.context() as other:
        other.setenv("NIGHTSHIFT_STATE", f"/test/{uuid.uuid4().hex}")
        read_settings.cache_clear()
        assert sweep(States(over="failed")) == {}
    assert is_running(client, name)
    read_settings.cache_clear()


def running(client: APIClient) -> list[str]:
    filters = {"label": f"nightshift.stack={os.environ['NIGHTSHIFT_STATE']}", "status": "running"}
    return [item["Names"][0] for item in client.containers(filters=filters)]


def is_running(client: APIClient, name: str) -> bool:
    state = state_of(client, name)
    return state is not None and state.is_running
