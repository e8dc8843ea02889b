"""Sweep pods on the stand-in of a cluster: those of unfinished tasks stay, those of finished tasks are removed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from include.pipelines.runtimes.kubernetes.sweep import sweep_pods
from include.pipelines.settings import read_settings
from tests.kubernetes_api.cluster import Cluster

from .steps import SUCCEED, Task, wait_for

pytestmark = pytest.mark.timeout(120)
WAIT = "print('ready', flush=True)\nuntil('never')"
FAIL = "sys.exit(70)"
SOON = timedelta(seconds=1)
TOMORROW = timedelta(hours=25)


class OneTask:
    """Stands in for Airflow's answers about the only task; None stands for a run that Airflow does not know."""

    def __init__(self, state: str | None) -> None:
        self.state = state

    def get_dr_count(self, dag_id: str, *, run_ids: list[str], states: list[str]) -> int:
        raise AssertionError("a pod belongs to a task, not to a DAG run")

    def get_ti_count(self, dag_id: str, *, task_ids: list[str] | None, run_ids: list[str], states: list[str]) -> int:
        assert (dag_id, task_ids) == ("train_digits", ["preprocess"])
        return int(self.state in states)


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWEEP_GRACE_MINUTES", "0")


def swept(in_time: timedelta, state: str | None, *, dry_run: bool = False) -> dict[str, int]:
    """Sweep some time from now; ``state`` is the task's in Airflow, None if Airflow does not know the run."""
    return sweep_pods(OneTask(state), datetime.now(UTC) + in_time, dry_run=dry_run)


@pytest.mark.parametrize("state", ["running", "up_for_retry", "queued"])
def test_a_pod_of_an_unfinished_task_stays(task: Callable[..., Task], cluster: Cluster, state: str) -> None:
    first = task(WAIT).start()
    wait_for(lambda: cluster.living() and cluster.pod().log.lines, "the step says nothing")
    assert swept(TOMORROW, state) == {}
    assert len(cluster.living()) == 1
    first.kill()
    first.ending()


@pytest.mark.parametrize("state", ["success", "failed", None])
def test_a_pod_without_its_task_is_stopped(task: Callable[..., Task], cluster: Cluster, state: str | None) -> None:
    first = task(WAIT).start()
    wait_for(lambda: cluster.living() and cluster.pod().log.lines, "the step says nothing")
    assert swept(SOON, state, dry_run=True) == {"stop": 1}
    assert len(cluster.living()) == 1
    assert swept(SOON, state) == {"stop": 1}
    wait_for(lambda: not cluster.living(), "the pod still runs")
    first.ending()


def test_a_failed_pod_is_kept_for_inspection_and_then_removed(task: Callable[..., Task], cluster: Cluster) -> None:
    assert task(FAIL).run()["kind"] == "bug"
    assert swept(SOON, "failed") == {}
    assert swept(TOMORROW, "failed") == {"remove": 1}
    wait_for(lambda: not cluster.living(), "the pod stays")


def test_pods_of_another_deployment_stay(
    task: Callable[..., Task], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert task(FAIL).run()["kind"] == "bug"
    monkeypatch.setenv("NIGHTSHIFT_STATE", "another")
    read_settings.cache_clear()
    assert swept(TOMORROW, None) == {}
    assert len(cluster.living()) == 1


def test_nothing_is_nothing_to_do(task: Callable[..., Task]) -> None:
    assert task(SUCCEED).run() == {"outcome": "done"}
    assert swept(TOMORROW, "success") == {}
