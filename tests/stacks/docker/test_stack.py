"""The stack of docker-compose.airflow.yml for real: a night in containers whose scheduler is killed, then what may
happen to a stack afterwards.

Our images are built by `make image stack-images`. Where a third party's image cannot be pulled, `.ci/stack-images` puts
a stand-in in its place (`.ci/stand-ins/Dockerfile` says what); the tests do not know the difference.
"""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from include.stacks.docker.backup import back_up, restore
from include.stacks.docker.compose import StackError, compose, docker, start
from include.stacks.docker.demo import PIPELINE, champion, write_sample_data
from include.step_contract import transport
from include.step_contract.catalog import Registry
from tests.e2e.test_night import wait_for

from .conftest import RunningStack

DAG_ID = f"train_{PIPELINE}"
STEPS = ["preprocess", "train", "evaluate", "register", "promote"]
REGISTRY = Registry(model=PIPELINE)
pytestmark = [pytest.mark.stack, pytest.mark.timeout(1800)]

_ASK_PROXY = """
import json, sys, urllib.error, urllib.request
answers = []
for method, path, body in json.load(sys.stdin):
    text = json.dumps(body, ensure_ascii=False) if isinstance(body, dict) else body
    data = None if text is None else text.encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request("http://docker-proxy:2375" + path, data=data, headers=headers, method=method)
    try:
        answers.append(urllib.request.urlopen(request).status)
    except urllib.error.HTTPError as error:
        answers.append(error.code)
print(json.dumps(answers))
"""
_LIST_STORE = """
import boto3, json
s3 = boto3.client("s3", endpoint_url="http://s3:8333")
def versions(bucket):
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for found in page.get("Versions", []):
            yield [found["Key"], found["VersionId"], found["ETag"], str(found["LastModified"])]
print(json.dumps({bucket: sorted(versions(bucket)) for bucket in ("datasets", "mlflow")}))
"""


@dataclass(frozen=True)
class Night:
    """One night of the sample pipeline, and observations made while it ran."""

    run_id: str
    tasks: dict[str, dict[str, Any]]
    training: list[str]
    """The containers that were ever made for the train step."""
    inspected: str
    """What the engine tells of the training's container."""


def a_night_that_trains(running: RunningStack) -> tuple[str, str]:
    """Start a night and return its run id and the container of its training, which has finished an epoch."""
    write_sample_data(date.today())
    running.api.wait_for_dag(DAG_ID)
    running.api.unpause(DAG_ID)
    run_id = wait_for(lambda: running.api.dag_runs(DAG_ID), 60)[0]["dag_run_id"]
    (training,) = wait_for(lambda: containers(run_id, "train"), 300)
    wait_for(lambda: transport.PROGRESS_TAG in docker("logs", training), 300)
    return run_id, training


@pytest.fixture(scope="module")
def night(running: RunningStack) -> Night:
    """Run a night and kill the scheduler's container while it trains."""
    run_id, training = a_night_that_trains(running)
    inspected = docker("inspect", training)
    docker("kill", "--signal=KILL", running.container("scheduler"))
    assert containers(run_id, "train", "--filter=status=running") == [training]
    docker("start", running.container("scheduler"))
    seen = {training}
    ended = wait_for(lambda: seen.update(containers(run_id, "train")) or end_of(running, run_id), 900)
    assert ended == "success"
    return Night(run_id, running.api.task_states(DAG_ID, run_id), sorted(seen), inspected)


def test_night_survives_its_scheduler_trains_once_and_promotes(running: RunningStack, night: Night) -> None:
    assert {name: task["state"] for name, task in night.tasks.items()} == dict.fromkeys(STEPS, "success")
    assert night.tasks["train"]["try_number"] == 2
    assert len(night.training) == 1
    assert containers(night.run_id, "train") == []
    assert champion(running.stack, REGISTRY) == "1"
    path = f"/api/v2/dags/{DAG_ID}/dagRuns/{night.run_id}/taskInstances/train/logs/2"
    container = json.loads(night.inspected)[0]["Id"]
    assert container[:12] in json.dumps(running.api.call("GET", path))


def test_secrets_are_only_where_they_are_needed(running: RunningStack, night: Night) -> None:
    needed = {
        "postgres": {"POSTGRES_PASSWORD", "AIRFLOW_DB_PASSWORD", "MLFLOW_DB_PASSWORD"},
        "mlflow": {"MLFLOW_DB_PASSWORD", "MLFLOW_SECRET_KEY", "S3_ACCESS_KEY", "S3_SECRET_KEY"},
        "s3-init": {"S3_ACCESS_KEY", "S3_SECRET_KEY"},
        "s3": set(),
        "docker-proxy": set(),
        "step": {"S3_ACCESS_KEY", "S3_SECRET_KEY", "MLFLOW_ADMIN_PASSWORD"},
    }
    airflow = {"AIRFLOW_DB_PASSWORD", "AIRFLOW_FERNET_KEY", "AIRFLOW_JWT_SECRET", "AIRFLOW_API_SECRET"}
    needed |= dict.fromkeys(("api-server", "dag-processor", "triggerer"), airflow)
    needed["airflow-init"] = airflow | {"AIRFLOW_ADMIN_PASSWORD"}
    needed["scheduler"] = airflow | needed["step"]
    inspected = {name: docker("inspect", running.container(name)) for name in needed if name != "step"}
    inspected["step"] = night.inspected
    assert {name: secrets_in(text, running) for name, text in inspected.items()} == needed


def test_no_secret_is_in_logs_rendered_fields_or_xcoms(running: RunningStack, night: Night) -> None:
    assert night.run_id in running.run_in("scheduler", "find", "/opt/airflow/logs", "-path", "*task_id=train*")
    logs = running.run_in("scheduler", "bash", "-c", "find /opt/airflow/logs -type f -print0 | xargs -0 cat")
    assert secrets_in(logs, running) == set()
    for service in running.stack.config["services"]:
        assert secrets_in(compose("logs", "--no-color", service), running) == set(), service
    for table in ("rendered_task_instance_fields", "xcom", "task_state_store"):
        rows = running.run_in("postgres", "pg_dump", "--username=postgres", f"--table={table}", "--inserts", "airflow")
        assert secrets_in(rows, running) == set(), table


def test_proxy_allows_only_the_calls_that_steps_need(running: RunningStack) -> None:
    network = f"{running.stack.project}-training"
    good: dict[str, Any] = {
        "Image": "no-such-image:1",
        "Env": ['A={"privileged": true, "binds": ["/"]}', "B=권한"],
        "HostConfig": {"NetworkMode": network, "Mounts": [{"Type": "volume", "Source": "cache", "Target": "/cache"}]},
    }
    create = "/v1.41/containers/create?name=x"
    allowed = [("GET", "/_ping", None), ("GET", "/v1.41/containers/json", None), ("GET", "/version", None)]
    assert ask_proxy(running, allowed) == [200] * len(allowed)
    # The call reaches the engine, which has no such image.
    assert ask_proxy(running, [("POST", create, good)]) == [404]
    hosts: list[dict[str, Any]] = [
        {"Privileged": True},
        {"priVileged": True},
        {"Binds": ["/:/host"]},
        {"Bind\u017f": ["/:/host"]},
        {"Mounts": [{"Type": "bind", "Source": "/", "Target": "/host"}]},
        {"Mounts": [{"Type": "volume", "Source": f"{running.stack.project}_postgres", "Target": "/host"}]},
        {"Mounts": [{"Type": "volume", "VolumeOptions": {"DriverConfig": {"Options": {"device": "/"}}}}]},
        {"VolumesFrom": ["postgres"]},
        {"NetworkMode": "host"},
        {"NetworkMode": f"{running.stack.project}_backend"},
        {"CapAdd": ["SYS_ADMIN"]},
        {"PidMode": "host"},
        {"Devices": [{"PathOnHost": "/dev/sda"}]},
        {"SecurityOpt": ["seccomp=unconfined"]},
    ]
    bodies = [good | {"HostConfig": good["HostConfig"] | host} for host in hosts]
    bodies.append(good | {"NetworkingConfig": {"EndpointsConfig": {f"{running.stack.project}_backend": {}}}})
    refused: list[tuple[str, str, Any]] = [("POST", create, body) for body in bodies]
    refused.append(("POST", create, r'{"Image": "x", "HostConfig": {"\u0050rivileged": true}}'))
    refused.append(("POST", create, json.dumps(good | {"Labels": {"long": "x" * 1_000_000}})))
    refused += [
        ("POST", "/v1.41/build", {}),
        ("POST", "/v1.41/containers/x/exec", {"Cmd": ["id"]}),
        ("GET", "/v1.41/containers/x/archive?path=/", None),
        ("GET", "/v1.41/secrets", None),
        ("GET", "/v1.41/volumes", None),
        ("POST", "/v1.41/volumes/create", {}),
        ("POST", "/v1.41/containers/prune", {}),
        ("DELETE", "/v1.41/images/python", None),
        ("PUT", "/v1.41/containers/x/archive?path=/", {}),
    ]
    answers = ask_proxy(running, refused)
    assert [(call, status) for call, status in zip(refused, answers, strict=True) if status != 403] == []


def test_every_ui_requires_a_login(running: RunningStack) -> None:
    for service, path in (
        ("api-server", "/api/v2/dags"),
        ("mlflow", "/api/2.0/mlflow/experiments/search?max_results=1"),
    ):
        with pytest.raises(urllib.request.HTTPError) as refusal:
            urllib.request.urlopen(f"{running.stack.url(service)}{path}", timeout=30)
        assert refusal.value.code == 401, service


def test_down_and_up_keep_the_data(running: RunningStack, night: Night) -> None:
    before = kept(running, night)
    compose("down")
    start()
    assert kept(running, night) == before


def test_a_failed_preparation_ends_the_start_with_its_last_log_lines(
    running: RunningStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text("services: {s3-init: {command: [sh, -c, 'echo the store is full; exit 3']}}")
    compose("down")
    with monkeypatch.context() as patch:
        patch.setenv("COMPOSE_FILE", f"docker-compose.airflow.yml:{broken}")
        with pytest.raises(StackError, match=r"s3-init(?s:.)*the store is full"):
            start()
    start()


def test_backup_brings_back_what_was_lost_with_all_volumes(running: RunningStack, night: Night, tmp_path: Path) -> None:
    before = kept(running, night)
    backup = back_up(tmp_path, print)
    assert kept(running, night) == before
    with pytest.raises(StackError, match="already has data"):
        restore(backup, print)
    compose("down", "--volumes")
    restore(backup, print)
    assert kept(running, night) == before
    restore(backup, print, replace=True)
    assert kept(running, night) == before


def containers(run_id: str, step: str, *options: str) -> list[str]:
    labels = [f"--filter=label=nightshift.{name}" for name in (f"run_id={run_id}", f"step={step}")]
    names = docker("ps", "--all", "--format={{.Names}}", *labels, *options).split()
    return sorted(name for name in names if not name.endswith("-close"))


def end_of(running: RunningStack, run_id: str) -> str | None:
    state = str(running.api.dag_run(DAG_ID, run_id)["state"])
    return state if state in ("success", "failed") else None


def secrets_in(text: str, running: RunningStack) -> set[str]:
    return {name for name, value in running.secrets.items() if value in text}


def ask_proxy(running: RunningStack, calls: list[tuple[str, str, Any]]) -> list[int]:
    """Make calls to the engine from the scheduler's container and return their HTTP statuses."""
    script = running.run_in("scheduler", "python", "-c", _ASK_PROXY, text=json.dumps(calls))
    return [int(status) for status in json.loads(script)]


def kept(running: RunningStack, night: Night) -> dict[str, Any]:
    """Return the data that must be the same before and after."""
    wait_for(until_answers(lambda: running.api.dag_run(DAG_ID, night.run_id)), 120)
    return {
        "run": {key: running.api.dag_run(DAG_ID, night.run_id)[key] for key in ("state", "start_date", "end_date")},
        "champion": champion(running.stack, REGISTRY),
        "store": json.loads(running.run_in("mlflow", "python", "-c", _LIST_STORE)),
    }


def until_answers(call: Callable[[], Any]) -> Callable[[], Any]:
    def answer() -> Any:
        try:
            return call()
        except OSError:
            return None

    return answer
