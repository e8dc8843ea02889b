"""The fields of DockerOperator on a step's task: what is set there is what the container gets and what the UI shows."""

import json
import textwrap
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.docker.operators.docker import DockerOperator

from include.pipelines.chore_task import chore_task
from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.docker.runtime import DockerStepOperator
from include.step_contract.catalog import RuntimeName
from include.step_contract.failure import FailureKind
from include.step_contract.order import Chore, Step, StepOrder, SurveyOrder
from tests.pipelines.conftest import RUN, make_pipeline

from .steps import IMAGE, SUCCEED, MakeTask, Task

CATALOG = """
version: 1
pipelines:
  digits:
    description: 손글씨
    task: detect
    dataset: {uri: digits}
    model: yolo11n.yaml
    registry: {model: digits}
    resources: {preprocess: {cpu: 1, memory: 256Mi, shm: 64Mi}}
"""
POLICY = """
from airflow.providers.docker.operators.docker import DockerOperator
from docker.types import DeviceRequest, Mount, Ulimit

def task_policy(task):
    if not isinstance(task, DockerOperator):
        return
    task.image = {image!r}
    task.environment = task.environment | {{"TEAM": "vision"}}
    task.mounts = [*task.mounts, Mount("/code", {folder!r}, type="bind")]
    task.network_mode = "none"
    task.user = "1234:5"
    task.mem_limit = "300m"
    task.cpus = 0.5
    task.shm_size = 32 << 20
    task.labels = {{"cost-center": "vision"}}
    task.extra_hosts = {{"mlflow.internal": "10.1.2.3"}}
    task.cap_add = ["NET_BIND_SERVICE"]
    task.ulimits = [Ulimit(name="nofile", soft=512, hard=512)]
    task.hostname = "step-of-vision"
    task.dns = ["10.1.2.4"]
    task.log_opts_max_size = "7m"
"""


@pytest.fixture
def step(tmp_path: Path, task: MakeTask) -> Task:
    """A step of dags/training.py under a cluster policy; its catalog and settings name an image that is not there."""
    made = task(f"print('team', os.environ['TEAM']); until('go'); {SUCCEED}")
    (made.folder / "catalog.yaml").write_text(CATALOG, encoding="utf-8")
    policies = tmp_path / "airflow/config/airflow_local_settings.py"
    policies.parent.mkdir(parents=True)
    policies.write_text(textwrap.dedent(POLICY.format(image=IMAGE, folder=str(made.folder))))
    made.environment |= {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "TRAINING_CATALOG": str(made.folder / "catalog.yaml"),
        "TRAINING_RUNTIME": "docker",
        "TRAINER_IMAGE": "no-such-image:1",
        "DOCKER_MOUNTS": "",
        "MLFLOW_TRACKING_PASSWORD": "very-secret-value",
    }
    return made


@pytest.mark.docker
@pytest.mark.timeout(120)
def test_what_a_cluster_policy_sets_is_what_the_container_gets_and_the_ui_shows(step: Task) -> None:
    attempt = step.start()
    step.wait_for_start()
    (container,) = step.containers()
    found = step.client.inspect_container(container["Id"])
    step.tell_step("go")
    assert attempt.ending() == {"outcome": "done"}

    host, config = found["HostConfig"], found["Config"]
    variables = dict(entry.split("=", 1) for entry in config["Env"])
    assert found["Image"] == step.client.inspect_image(IMAGE)["Id"]
    assert (variables["TEAM"], variables["TRAINER_IMAGE"], variables["TRAINER_CACHE_DIR"]) == (
        "vision",
        IMAGE,
        "/cache",
    )
    assert {mount["Destination"] for mount in found["Mounts"]} == {"/code", "/scratch", "/cache"}
    assert (host["NetworkMode"], config["User"]) == ("none", "1234:5")
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (300 << 20, 300 << 20, 5 * 10**8)
    assert host["ShmSize"] == 32 << 20
    assert config["Labels"]["cost-center"] == "vision"
    assert (host["ExtraHosts"], host["Dns"], config["Hostname"]) == (
        ["mlflow.internal:10.1.2.3"],
        ["10.1.2.4"],
        "step-of-vision",
    )
    assert [name.removeprefix("CAP_") for name in host["CapAdd"]] == ["NET_BIND_SERVICE"]
    assert [(limit["Name"], limit["Hard"]) for limit in host["Ulimits"]] == [("nofile", 512)]
    assert host["LogConfig"]["Config"]["max-size"] == "7m"
    # The policy leaves these alone: the runtime's own.
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["SecurityOpt"]) == (True, ["ALL"], ["no-new-privileges"])

    rendered = json.loads((step.folder / "rendered.json").read_text())
    assert rendered["image"] == IMAGE
    assert "vision" in str(rendered["environment"])
    assert rendered["container_name"] == found["Name"].lstrip("/")
    assert variables["MLFLOW_TRACKING_PASSWORD"] == variables["AWS_SECRET_ACCESS_KEY"] == "very-secret-value"
    assert "very-secret-value" not in json.dumps(rendered)


def make_operator(**options: Any) -> DockerStepOperator:
    request = StepOrder(step=Step.TRAIN, pipeline=make_pipeline())
    return DockerStepOperator(task_id="train", request=request, step_run=RUN, **options)


def test_steps_and_chores_are_docker_operators() -> None:
    assert isinstance(make_operator(), DockerOperator)
    chore = chore_task(Chore.SWEEP, RuntimeName.DOCKER, lambda _: SurveyOrder())
    assert isinstance(chore, DockerOperator)
    assert (chore.command, chore.mem_limit) == (["sweep"], 2 << 30)


@pytest.mark.parametrize(("name", "value"), [("auto_remove", "force"), ("tty", True), ("container_name", "mine")])
def test_a_field_that_a_container_cannot_honour_is_refused_by_its_name(name: str, value: Any) -> None:
    operator = make_operator()
    setattr(operator, name, value)
    with pytest.raises(StepFailed, match=f"the task has {name}={value!r}, which a step's container cannot") as refused:
        operator.execute({})
    assert refused.value.kind is FailureKind.BAD_REQUEST
