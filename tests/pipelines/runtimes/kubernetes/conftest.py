"""Clusters of the tests, a stand-in or a namespace of a real one, and tasks whose step is a small program."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.pipelines.settings import read_settings
from tests.kubernetes_api.cluster import Cluster

from .lab import Lab, laboratory, point_at
from .steps import Task, make_task, stand_in, wait_for

MakeTask = Callable[..., Task]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Return a stand-in of a cluster, to which the settings point."""
    with stand_in(tmp_path / "cluster", monkeypatch) as made:
        yield made


@pytest.fixture
def task(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> MakeTask:
    """Return a function that makes the test's task on the stand-in from its step's program."""

    def make(code: str, **pipeline: Any) -> Task:
        return make_task(tmp_path / "task", cluster, monkeypatch, code, **pipeline)

    return make


@pytest.fixture(scope="module")
def module_lab() -> Iterator[Lab]:
    with laboratory() as made:
        yield made


@pytest.fixture
def lab(module_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The namespace, empty of pods."""
    point_at(module_lab, tmp_path, monkeypatch)
    yield module_lab
    read_settings.cache_clear()
    module_lab.remove_pods()
    wait_for(lambda: not module_lab.pods(), "pods are left", seconds=60)
