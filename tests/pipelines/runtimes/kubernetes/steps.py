"""What tests of the kubernetes runtime share: a stand-in cluster, and a task whose step is a small program."""

import json
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from include.pipelines.settings import BUNDLE_ROOT, read_settings
from include.step_contract import transport
from include.step_contract.order import Step, StepOrder
from tests.kubernetes_api.cluster import NAMESPACE, Cluster
from tests.kubernetes_api.server import serving
from tests.lifeline import lifeline
from tests.pipelines.conftest import RESULT, RUN, make_pipeline
from tests.pipelines.runtimes.docker.task import FileStore, TaskInstance

SUCCEED = f"print({transport.encode_result(RESULT)!r}, flush=True)"
_PRELUDE = """
import os, signal, sys, threading, time
folder = {folder!r}
command = sys.argv[1]
with open(folder + ('/starts' if command != 'close' else '/closes'), 'a') as starts:
    starts.write(' '.join(sys.argv[1:]) + '\\n')
if command == 'close':
    sys.exit()
def stopped(number, frame):
    print('step got', signal.Signals(number).name, flush=True)
    sys.exit(143)
signal.signal(signal.SIGTERM, stopped)
def until(name):
    while not os.path.exists(folder + '/' + name):
        time.sleep(0.02)
"""


@contextmanager
def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Serve a stand-in cluster and point this process's settings at it; it must have been asked nothing unknown."""
    folder.mkdir()
    cluster = Cluster(folder, [str(BUNDLE_ROOT / ".venv/trainer/bin/trainer")])
    cluster.node.config_maps["nightshift-trainer"] = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"}
    cluster.node.secrets["nightshift-trainer"] = {"AWS_SECRET_ACCESS_KEY": "very-secret-value"}
    with serving(cluster) as address:
        kube_config = folder / "kube-config"
        kube_config.write_text(yaml.safe_dump(kube_config_for(address)))
        monkeypatch.setenv("KUBECONFIG", str(kube_config))
        monkeypatch.setenv("TRAINER_IMAGE", "nightshift-trainer:test")
        read_settings.cache_clear()
        yield cluster
    read_settings.cache_clear()
    assert cluster.unknown == []


def kube_config_for(address: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": address}}],
        "users": [{"name": "test", "user": {"token": "a-token"}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": NAMESPACE}}],
    }


@dataclass
class Try:
    """One try of a task: the operator in a thread of this process, as Airflow's task runner would call it."""

    operator: KubernetesStepOperator
    thread: threading.Thread
    outcome: dict[str, str] = field(default_factory=dict)

    def ending(self, seconds: float = 30) -> dict[str, str]:
        self.thread.join(seconds)
        assert not self.thread.is_alive(), f"the task has not ended after {seconds:g} s"
        return self.outcome

    def kill(self) -> None:
        """Do what Airflow does to stop a task."""
        self.operator.on_kill()


@dataclass
class Task:
    """One task of one DAG run, whose step runs a small program."""

    folder: Path
    cluster: Any
    request: StepOrder
    run_fields: dict[str, Any]
    monkeypatch: pytest.MonkeyPatch

    def operator(self, try_number: int = 1, **options: Any) -> KubernetesStepOperator:
        self.set(KUBERNETES_POD_TEMPLATE=str(self.folder / "template.yaml"))
        run = json.dumps(self.run_fields | {"try_number": try_number})
        return KubernetesStepOperator(task_id="preprocess", request=self.request, step_run=run, **options)

    def set(self, **environment: str) -> None:
        for name, value in environment.items():
            self.monkeypatch.setenv(name, value)
        read_settings.cache_clear()

    @property
    def context(self) -> Any:
        return context_of(self.folder, self.run_fields)

    def start(
        self,
        try_number: int = 1,
        call: Callable[[KubernetesStepOperator], object] | None = None,
        operator: KubernetesStepOperator | None = None,
    ) -> Try:
        operator = operator or self.operator(try_number)
        act = call or (lambda operator: operator.execute(self.context))

        def work() -> None:
            started.outcome = ending_of(lambda: act(operator))

        started = Try(operator, threading.Thread(target=work, daemon=True))
        started.thread.start()
        return started

    def run(self, try_number: int = 1) -> dict[str, str]:
        return self.start(try_number).ending()

    def process(self, try_number: int = 1) -> "subprocess.Popen[bytes]":
        """Start an attempt as a separate process, so that it can be killed."""
        self.operator()
        command = [sys.executable, "-m", "tests.pipelines.runtimes.kubernetes.task", str(self.folder), str(try_number)]
        return subprocess.Popen(command, cwd=BUNDLE_ROOT, stdout=subprocess.DEVNULL)

    def starts(self) -> int:
        """Return how many pods ever started the step."""
        path = self.folder / "starts"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def closes(self) -> list[str]:
        path = self.folder / "closes"
        return path.read_text().splitlines() if path.exists() else []

    def wait_for_start(self) -> None:
        wait_for(lambda: self.starts() > 0, "the step has not begun")

    def tell_step(self, name: str) -> None:
        (self.folder / name).touch()

    def set_state(self, state: str) -> None:
        """Set the state that Airflow reports for the task."""
        (self.folder / "state").write_text(state)


def context_of(folder: Path, run: Mapping[str, Any], try_number: int = 1) -> Any:
    """Return what Airflow hands a task, as far as a pod is concerned."""
    ti: Any = TaskInstance(folder / "state")
    ti.dag_id, ti.task_id, ti.map_index, ti.try_number = run["dag_id"], run["task_id"], -1, try_number
    store = FileStore(folder / "store.json")
    return {"task_state_store": store, "ti": ti, "run_id": run["run_id"], "dag": SimpleNamespace()}


def make_task(
    folder: Path,
    cluster: Any,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    run_id: str = "",
    place: str = "",
    **pipeline: Any,
) -> Task:
    """Write a step's program into a pod template, its request and run into a folder.

    The step sees the folder under ``place``, or under its own path where pods are processes of this machine.
    """
    folder.mkdir()
    prelude = _PRELUDE.format(folder=place or str(folder))
    program = ("" if place else lifeline()) + prelude + textwrap.dedent(code)
    python = "python3" if place else sys.executable
    container = {"name": "base", "command": [python, "-u", "-c", program.replace("$", "$$")]}
    template = {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container]}}
    (folder / "template.yaml").write_text(yaml.safe_dump(template))
    resources = {"cpu": 1, "memory": "256Mi", "shm": "64Mi"}
    # A pod that no test ends any more ends by itself, 5 minutes later.
    execution = {"stop_grace_seconds": 10, "timeout_minutes": {"preprocess": 10}} | pipeline.pop("execution", {})
    fields = {"resources": {"preprocess": resources}, "execution": execution} | pipeline
    request = StepOrder(step=Step.PREPROCESS, pipeline=make_pipeline(**fields))
    run = json.loads(RUN) | {"run_id": run_id or f"manual__{folder.parent.name}", "task_id": "preprocess"}
    (folder / "request.json").write_text(request.model_dump_json())
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "state").write_text("running")
    return Task(folder, cluster, request, run, monkeypatch)


def ending_of(act: Callable[[], object]) -> dict[str, str]:
    """Carry out a task and return how it ended."""
    try:
        act()
    except AirflowSkipException as skip:
        return {"outcome": "skipped", "message": str(skip)}
    except StepFailed as failure:
        return {"outcome": type(failure).__name__, "kind": failure.kind.value, "message": str(failure)}
    except TaskDeferred as deferred:
        return {"outcome": "deferred", "message": deferred.trigger.pod_name}
    except BaseException as error:
        return {"outcome": type(error).__name__, "message": str(error)}
    return {"outcome": "done"}


def wait_for(found: Callable[[], Any], otherwise: str, seconds: float = 30) -> Any:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"{otherwise} after {seconds:g} s"
        time.sleep(0.02)
    return value
