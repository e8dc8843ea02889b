"""Tests that the check for two containers of one task, used during random kills, finds them on a real engine."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from docker import APIClient

from tests.e2e.conftest import Stack
from tests.pipelines.runtimes.docker.steps import IMAGE, build_image, engine, wait_for

from .docker_faults import containers_of_steps, doubled, kill_container, lives, remove_containers

pytestmark = [pytest.mark.faults, pytest.mark.docker, pytest.mark.timeout(120)]


@pytest.fixture
def client() -> APIClient:
    found = engine()
    build_image(found)
    return found


@pytest.fixture
def stack(client: APIClient) -> Iterator[Stack]:
    """No stack but its name, which is all that the engine knows of one."""
    named = cast(Stack, SimpleNamespace(layout=SimpleNamespace(state=Path(f"/test/{uuid.uuid4().hex}"))))
    yield named
    remove_containers(client, named)


def start_container(client: APIClient, stack: Stack, task: str, **labels: str) -> str:
    own = {"nightshift.stack": str(stack.layout.state), "nightshift.task": task, "nightshift.step": "train"}
    made: dict[str, Any] = client.create_container(IMAGE, entrypoint=["sleep", "100"], labels=own | labels)
    client.start(made["Id"])
    return str(made["Id"])


def test_two_containers_of_a_task_are_seen_only_if_they_run_at_once(stack: Stack, client: APIClient) -> None:
    with lives(stack) as noted:
        first = start_container(client, stack, "one task")
        assert containers_of_steps(stack) == {first}
        kill_container(stack)
        wait_for(lambda: not containers_of_steps(stack), "the container is not killed")
        second = start_container(client, stack, "one task")
        start_container(client, stack, "another task")
        wait_for(lambda: len(noted) == 4, "the engine tells less")
        assert doubled(noted) == []
        third = start_container(client, stack, "one task")
        wait_for(lambda: len(noted) == 5, "the engine tells less")
    (found,) = doubled(noted)
    assert found == f"3: container {third[:12]} of one task began beside {[second[:12]]}"
