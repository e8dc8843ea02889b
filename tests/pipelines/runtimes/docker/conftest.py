"""A step's task on the machine's engine, with a small program in the place of the trainer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from include.pipelines.runtimes.docker.engine import remove

from .steps import MakeTask, Task, build_image, engine, make_task


@pytest.fixture(scope="session")
def client() -> APIClient:
    """The engine, with the image of the small program."""
    found = engine()
    build_image(found)
    return found


@pytest.fixture
def task(tmp_path: Path, client: APIClient) -> Iterator[MakeTask]:
    """Return a function that makes a task; its containers are removed at the end."""
    made: list[Task] = []

    def make(code: str, **pipeline: Any) -> Task:
        made.append(make_task(tmp_path / f"task{len(made)}", client, code, **pipeline))
        return made[-1]

    yield make
    for each in made:
        for container in each.containers():
            remove(client, container["Id"])
