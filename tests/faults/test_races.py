"""50 DAG runs that register and promote at once on one model, in threads of ten processes, on a real MLflow server.

Then ten people take the champion back at once.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from include.stacks.local.layout import PROJECT_ROOT, Ports
from include.stacks.local.services import TRAINER_BIN
from tests.charts.pod_processes import eventually, free_port, postgresql
from tests.e2e.mlflow_calls import as_mapping, mlflow, registered_model, versions

from .invariants import alias_violations, version_violations

PROCESSES, THREADS = 10, 5
MODEL = "숫자"
PASSWORD = "a-password-of-the-tests"
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ports]:
    """An MLflow server on one kind of database."""
    if request.param == "sqlite":
        with mlflow_server(tmp_path, f"sqlite:///{tmp_path / 'mlflow.db'}") as ports:
            yield ports
        return
    make = "psql --username=postgres --command='CREATE DATABASE mlflow'"
    with (
        # Not below pytest's folder, which is root's own: PostgreSQL does not run as root.
        tempfile.TemporaryDirectory() as folder,
        postgresql(Path(folder), PASSWORD, make) as database,
        mlflow_server(tmp_path, f"postgresql+psycopg2://postgres:{PASSWORD}@127.0.0.1:{database.port}/mlflow") as ports,
    ):
        yield ports


@contextmanager
def mlflow_server(folder: Path, database: str) -> Iterator[Ports]:
    ports = Ports(airflow=0, mlflow=free_port())
    command = [
        *(str(TRAINER_BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(ports.mlflow), "--workers", "2"),
        *("--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts"), "--serve-artifacts"),
    ]
    with (folder / "mlflow.log").open("w") as log:
        variables = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        process = subprocess.Popen(command, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        eventually(lambda: answers(ports), "MLflow")
        yield ports
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(ports: Ports) -> bool:
    try:
        return "experiments" in mlflow(ports, "experiments/search", {"max_results": 1})
    except OSError:
        return False


def test_fifty_that_register_and_promote_at_once_leave_one_version_each_and_one_chain(server: Ports) -> None:
    run_at_once("promote", server, PROCESSES, THREADS)
    registered = versions(server, MODEL)
    assert len(registered) == PROCESSES * THREADS
    assert list(version_violations(registered)) == []
    assert list(alias_violations(server, MODEL)) == []
    champion = as_mapping(registered_model(server, MODEL)["aliases"])["champion"]
    (holder,) = (version for version in registered if str(version["version"]) == str(champion))
    newest = max(as_mapping(version["tags"])["data_interval_end"] for version in registered)
    assert as_mapping(holder["tags"])["data_interval_end"] == newest

    run_at_once("roll-back", server, PROCESSES // 2, 2)
    assert [line for line in alias_violations(server, MODEL) if " back to " not in line] == []
    restored = str(as_mapping(registered_model(server, MODEL)["aliases"])["champion"])
    bad = {str(item["version"]) for item in versions(server, MODEL) if as_mapping(item["tags"]).get("bad") == "true"}
    # Those that began before the first one had moved the alias have the same aim; who began later takes down the next.
    assert str(champion) in bad
    assert restored not in bad


def run_at_once(what: str, server: Ports, processes: int, threads: int) -> None:
    """Let processes with as many threads each do the same to one model."""
    command = [str(TRAINER_BIN / "python"), "-m", "tests.faults.racer", what, server.mlflow_url]
    racers = [
        subprocess.Popen(
            [*command, str(number * threads), str(threads)], cwd=PROJECT_ROOT, stderr=subprocess.PIPE, text=True
        )
        for number in range(processes)
    ]
    ended = [(racer.communicate(timeout=1000)[1], racer.returncode) for racer in racers]
    assert [code for _, code in ended] == [0] * processes, "\n".join(text[-2000:] for text, code in ended if code)
