"""Run the DAG with its steps as pods, through the real scheduler, on the tests' stand-in for a cluster.

The trainer is the real one, as a process in the place of a container; `make test-kubernetes` is the same on a cluster.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from include.pipelines.settings import BUNDLE_ROOT
from include.stacks.mlflow_api import champion_version
from tests.faults.invariants import violations
from tests.kubernetes_api.cluster import Cluster
from tests.kubernetes_api.server import serving
from tests.pipelines.runtimes.kubernetes.steps import kube_config_for

from .conftest import Stack
from .test_docker import kill_worker, tags
from .test_night import end_of, records, wait_for

STACK_ENVIRONMENT = {
    "TRAINING_RUNTIME": "kubernetes",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
}
DAG_ID = "train_small"
pytestmark = [pytest.mark.e2e, pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    made = Cluster(folder, [str(BUNDLE_ROOT / ".venv/trainer/bin/trainer")])
    with serving(made) as address:
        kube_config: Path = folder / "kube-config"
        kube_config.write_text(yaml.safe_dump(kube_config_for(address)))
        STACK_ENVIRONMENT["KUBECONFIG"] = str(kube_config)
        yield made
    assert made.unknown == []


def test_night_whose_worker_is_killed_trains_once_and_promotes(stack: Stack, cluster: Cluster) -> None:
    cluster.node.config_maps["nightshift-trainer"] = {
        "MLFLOW_TRACKING_URI": stack.ports.mlflow_url,
        "DATASET_ROOT": str(stack.layout.store),
        "TRAINER_DEVICE": "cpu",
    }
    cluster.node.secrets["nightshift-trainer"] = {"AWS_SECRET_ACCESS_KEY": "a-secret-of-the-cluster"}
    stack.api.wait_for_dag(DAG_ID)
    stack.api.unpause(DAG_ID)
    run_id = wait_for(lambda: stack.api.dag_runs(DAG_ID), 60)[0]["dag_run_id"]
    wait_for(lambda: "checkpoint" in tags(stack, run_id), 240)
    kill_worker(stack, run_id)
    assert end_of(stack, DAG_ID, run_id) == "success"

    tasks = stack.api.task_states(DAG_ID, run_id)
    assert tasks["train"]["try_number"] == 2
    result = json.loads(tags(stack, run_id)["step.train.result"])
    assert (result["outcome"]["resumed_from_epoch"], result["outcome"]["epochs_done"]) == (None, 4)
    assert (champion_version(stack.ports.mlflow_url, "small", "champion"), records(stack, "small")[run_id].version) == (
        "1",
        "1",
    )
    steps = ("preprocess", "train", "evaluate", "register", "promote")
    # At a full hour there are pods of the sweep, too.
    parts = [name for name in (name.split("-") for name in cluster.names) if name[2] in steps]
    assert [(name[2], name[-1]) for name in parts] == [(step, "1") for step in steps]
    wait_for(lambda: not cluster.living(), 30)
    seen = json.dumps(cluster.bodies)
    rendered = stack.api.call("GET", f"/api/v2/dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/train")["rendered_fields"]
    assert "a-secret-of-the-cluster" not in seen + json.dumps(rendered)
    assert violations(stack, "small", [stack.layout.password(), "a-secret-of-the-cluster"]) == []
