"""Folders, ports and environment of the local stack.

All state lies below one folder (``.local``, or another for tests); nothing is written elsewhere.
"""

import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[3]
STATE_VARIABLE = "NIGHTSHIFT_STATE"
"""Set for every process of a stack and inherited by its children, so that stopping finds them all."""

ADMIN = "admin"

_CONNECTION = "AIRFLOW_CONN_"
_NOT_INHERITED = ("AIRFLOW", "_AIRFLOW", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True)
class Layout:
    """The files of one stack."""

    state: Path

    @property
    def airflow_home(self) -> Path:
        """Airflow's own folder: configuration, database, task logs."""
        return self.state / "airflow"

    @property
    def logs(self) -> Path:
        """One log for each service."""
        return self.state / "logs"

    @property
    def store(self) -> Path:
        """The datasets: DATASET_ROOT."""
        return self.state / "store"

    @property
    def cache(self) -> Path:
        """The trainer's cache of datasets."""
        return self.state / "cache"

    @property
    def ports_file(self) -> Path:
        """The stack's ports, kept so that its addresses stay the same."""
        return self.state / "ports.json"

    @property
    def sessions_file(self) -> Path:
        """The sessions that the running services lead."""
        return self.state / "sessions"

    @property
    def docker_marker(self) -> Path:
        """A file that exists once the stack has run steps in containers."""
        return self.state / "uses_docker"

    @property
    def passwords_file(self) -> Path:
        """The file in which Airflow's simple auth manager keeps the generated password."""
        return self.airflow_home / "simple_auth_manager_passwords.json.generated"

    def create(self) -> None:
        """Make the folders that services expect."""
        for folder in (self.airflow_home, self.logs, self.store, self.cache, self.state / "artifacts"):
            folder.mkdir(parents=True, exist_ok=True)
        # Written here because Airflow would make it readable by every user.
        kept_secret(self.passwords_file, lambda: json.dumps({ADMIN: secrets.token_urlsafe(12)}))

    def password(self) -> str:
        """Return the admin's password, made with the stack."""
        passwords: dict[str, str] = json.loads(self.passwords_file.read_text())
        return passwords[ADMIN]


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the two web servers."""

    airflow: int
    mlflow: int

    @property
    def airflow_url(self) -> str:
        """Address of the Airflow UI and API."""
        return f"http://127.0.0.1:{self.airflow}"

    @property
    def mlflow_url(self) -> str:
        """Address of the MLflow UI and API."""
        return f"http://127.0.0.1:{self.mlflow}"


def choose_ports(layout: Layout) -> Ports:
    """Return the stack's earlier ports if free, else the first free ones from AIRFLOW_PORT and MLFLOW_PORT upward."""
    if layout.ports_file.exists():
        known = Ports(**json.loads(layout.ports_file.read_text()))
        if _is_free(known.airflow) and _is_free(known.mlflow):
            return known
    ports = Ports(
        airflow=next(free_ports(int(os.environ.get("AIRFLOW_PORT", "8080")))),
        mlflow=next(free_ports(int(os.environ.get("MLFLOW_PORT", "5000")))),
    )
    layout.ports_file.write_text(json.dumps({"airflow": ports.airflow, "mlflow": ports.mlflow}))
    return ports


def known_ports(layout: Layout) -> Ports | None:
    """Return the ports of a stack that was started before."""
    if not layout.ports_file.exists():
        return None
    return Ports(**json.loads(layout.ports_file.read_text()))


def free_ports(first: int) -> Iterator[int]:
    """Yield the free loopback ports from ``first`` upward."""
    return (port for port in range(first, 65536) if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0 and _can_bind(probe, port)


def _can_bind(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def environment(layout: Layout, ports: Ports, extra: dict[str, str] | None = None) -> dict[str, str]:
    """Return the environment of every process of the stack."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_CONNECTION) or not name.startswith(_NOT_INHERITED)
    }
    own = {STATE_VARIABLE: str(layout.state)} | _airflow_settings(layout, ports) | _step_settings(layout, ports)
    asked = inherited | own | (extra or {})
    return (_docker_settings(layout) if asked.get("TRAINING_RUNTIME") == "docker" else {}) | asked


def _airflow_settings(layout: Layout, ports: Ports) -> dict[str, str]:
    bundle = {
        "name": "nightshift",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(PROJECT_ROOT), "refresh_interval": 30},
    }
    return {
        "AIRFLOW_HOME": str(layout.airflow_home),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{ports.airflow_url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(layout.passwords_file),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{layout.airflow_home / 'airflow.db'}",
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([bundle]),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
        "AIRFLOW__API__PORT": str(ports.airflow),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__BASE_URL": ports.airflow_url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API_AUTH__JWT_SECRET": kept_secret(
            layout.airflow_home / "jwt_secret", partial(secrets.token_urlsafe, 48)
        ),
        "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
    }


def _step_settings(layout: Layout, ports: Ports) -> dict[str, str]:
    return {
        "MLFLOW_TRACKING_URI": ports.mlflow_url,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "DATASET_ROOT": str(layout.store),
        "TRAINER_WORK_DIR": str(layout.state / "work"),
        "TRAINER_CACHE_DIR": str(layout.cache),
        "TRAINER_COMMAND": str(PROJECT_ROOT / ".venv/trainer/bin/trainer"),
    }


def _docker_settings(layout: Layout) -> dict[str, str]:
    """Return the settings by which steps in containers reach MLflow, datasets and cache of a local stack."""
    return {
        "DOCKER_NETWORK": "host",
        "DOCKER_MOUNTS": f"{layout.store}:{layout.store}:ro",
        "DOCKER_CACHE_VOLUME": str(layout.cache),
        "DOCKER_USER": f"{os.getuid()}:{os.getgid()}",
    }


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret in a file, which is made at the first call and readable by its owner only."""
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(make())
    return path.read_text()
