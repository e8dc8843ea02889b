"""Start, watch and stop the processes of a local stack.

Each service leads its own session, so a Ctrl-C reaches only the command that a person runs. Stopping finds processes
by two marks, since neither is enough: the session, which a step leaves, and an environment variable that every process
inherits, but that a process hides when it renames itself.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from docker import APIClient
from docker.errors import DockerException

from include.pipelines.runtimes.docker.settings import docker_settings
from include.stacks.airflow_api import AirflowApi

from .layout import ADMIN, PROJECT_ROOT, STATE_VARIABLE, Layout, Ports, environment

AIRFLOW_BIN = PROJECT_ROOT / ".venv/airflow/bin"
TRAINER_BIN = PROJECT_ROOT / ".venv/trainer/bin"
GPU_POOL = "gpu"
"""Same as in ``include/pipelines/training_dag.py``, which is not imported because it imports Airflow."""

START_SECONDS = 120
STOP_SECONDS = 15


class StackError(RuntimeError):
    """The stack could not be started; the message says which service and where its log is."""


def commands(layout: Layout, ports: Ports) -> dict[str, list[str]]:
    """Return the command of each service."""
    airflow = str(AIRFLOW_BIN / "airflow")
    mlflow = [
        *(str(TRAINER_BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(ports.mlflow), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{layout.state / 'mlflow.db'}"),
        *("--artifacts-destination", str(layout.state / "artifacts"), "--serve-artifacts"),
    ]
    return {
        "mlflow": mlflow,
        "api-server": [airflow, "api-server", "--host", "127.0.0.1", "--port", str(ports.airflow)],
        "scheduler": [airflow, "scheduler"],
        "dag-processor": [airflow, "dag-processor"],
    }


def start(layout: Layout, ports: Ports, say: Callable[[str], None], extra: dict[str, str] | None = None) -> None:
    """Start all services and wait until Airflow and MLflow answer.

    Raises:
        StackError: a service ended, or did not answer in time.
    """
    variables = environment(layout, ports, extra)
    if variables.get("TRAINING_RUNTIME") == "docker":
        layout.docker_marker.touch()
    say("migrating Airflow's database")
    _migrate(layout, variables)
    say("starting MLflow, api-server, scheduler, dag-processor")
    started = {name: spawn(name, command, layout, variables) for name, command in commands(layout, ports).items()}
    _wait_until(lambda: _answers(f"{ports.mlflow_url}/health"), "mlflow", started, layout)
    _wait_until(lambda: _answers(f"{ports.airflow_url}/api/v2/version"), "api-server", started, layout)
    _make_gpu_pool(AirflowApi(ports.airflow_url, ADMIN, layout.password()), variables)
    say(f"Airflow {ports.airflow_url}  MLflow {ports.mlflow_url}")


def _make_gpu_pool(api: AirflowApi, variables: dict[str, str]) -> None:
    """Create the pool with a slot for each GPU of the steps; Airflow starts no task whose pool does not exist."""
    devices = [device for device in variables.get("DOCKER_GPUS", "").split(",") if device.strip()]
    pool = {"name": GPU_POOL, "slots": len(devices) or 1, "description": "GPUs of the Docker host"}
    # One call that is safe to repeat: on SQLite the scheduler's first writes sometimes lock the database.
    action = {"action": "create", "action_on_existence": "overwrite", "entities": [pool]}
    done = api.call("PATCH", "/api/v2/pools", {"actions": [action]})
    if errors := done["create"]["errors"]:
        raise StackError(f"Airflow cannot make the pool {GPU_POOL!r}: {errors}")


def _migrate(layout: Layout, variables: dict[str, str]) -> None:
    with (layout.logs / "migrate.log").open("ab") as log:
        command = [str(AIRFLOW_BIN / "airflow"), "db", "migrate"]
        code = subprocess.run(
            command, env=variables, stdout=log, stderr=log, stdin=subprocess.DEVNULL, check=False
        ).returncode
    if code != 0:
        raise StackError(f"`airflow db migrate` failed with exit code {code}; see {layout.logs / 'migrate.log'}")


def spawn(name: str, command: list[str], layout: Layout, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a service, for the first time or after it died."""
    with (layout.logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    with layout.sessions_file.open("a") as sessions:
        sessions.write(f"{process.pid} {psutil.Process(process.pid).create_time()} {name}\n")
    return process


def _wait_until(
    ready: Callable[[], bool], what: str, started: dict[str, subprocess.Popen[bytes]], layout: Layout
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        for name, process in started.items():
            if process.poll() is not None:
                raise StackError(
                    f"{name} ended with exit code {process.returncode}:\n{_tail(layout.logs / f'{name}.log')}"
                )
        if time.monotonic() > deadline:
            raise StackError(f"{what} does not answer after {START_SECONDS} s; see {layout.logs / f'{what}.log'}")
        time.sleep(0.3)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def processes(layout: Layout) -> list[psutil.Process]:
    """Return every living process of the stack except this one, no matter which command started it."""
    return list(_living(layout))


def _living(layout: Layout) -> Iterator[psutil.Process]:
    sessions = _sessions(layout)
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            started = sessions.get(os.getsid(process.pid))
            in_session = started is not None and process.create_time() >= started
            if in_session or process.environ().get(STATE_VARIABLE) == str(layout.state):
                yield process
        except (psutil.AccessDenied, psutil.NoSuchProcess, psutil.ZombieProcess, ProcessLookupError, PermissionError):
            continue


def _sessions(layout: Layout) -> dict[int, float]:
    """Return the start of each session that a service leads; sessions whose number was reused are left out."""
    if not layout.sessions_file.exists():
        return {}
    recorded = {}
    for line in layout.sessions_file.read_text().splitlines():
        leader, started, *_ = line.split()  # an older version wrote no name
        if not psutil.pid_exists(int(leader)) or psutil.Process(int(leader)).create_time() == float(started):
            recorded[int(leader)] = float(started)
    return recorded


def stop(layout: Layout) -> int:
    """Stop every process and container of the stack, gently first, and return how many processes there were."""
    found = processes(layout)
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        for process in processes(layout):
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        deadline = time.monotonic() + seconds
        while processes(layout) and time.monotonic() < deadline:
            _reap()
            time.sleep(0.2)
    layout.sessions_file.unlink(missing_ok=True)
    stop_containers(layout)
    return len(found)


def containers(layout: Layout) -> list[str]:
    """Return the ids of the stack's running containers; a stack that never used Docker has none."""
    if not layout.docker_marker.exists():
        return []
    found = _engine().containers(filters={"label": f"nightshift.stack={layout.state}"})
    return [container["Id"] for container in found]


def stop_containers(layout: Layout) -> None:
    """Stop the steps that run in containers; after the next start of the stack they resume from their checkpoints."""
    try:
        for container in containers(layout):
            _engine().stop(container, timeout=STOP_SECONDS)
    except DockerException as error:
        print(f"containers of this stack may still run: {error}", file=sys.stderr)


def _engine() -> APIClient:
    return APIClient(base_url=docker_settings().docker_host)


def _reap() -> None:
    """Reap the children of this process that have ended."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                return
        except ChildProcessError:
            return
