"""Backup and restore where they must refuse or clean up, with a fake Docker that records its calls."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from include.stacks.docker.__main__ import main
from include.stacks.docker.backup import back_up, restore
from include.stacks.docker.compose import StackError, docker, read_stack

pytestmark = pytest.mark.faults
CONFIG = {
    "name": "night",
    "services": {
        "postgres": {"image": "postgres:1"},
        "mlflow": {"image": "mlflow:1", "ports": [{"host_ip": "127.0.0.1", "published": "5001"}]},
        "api-server": {"ports": [{"host_ip": "0.0.0.0", "published": "8081"}]},
        "scheduler": {"environment": {"AIRFLOW__CORE__FERNET_KEY": "a$$b", "MLFLOW_TRACKING_PASSWORD": "word"}},
    },
    "volumes": {"postgres": {"name": "night_postgres"}, "s3": {"name": "night_s3"}},
}
ANSWERS = {
    "compose config": json.dumps(CONFIG),
    "compose ps": "postgres\nscheduler\nmlflow\n",
    "compose exec": "a dump",
    "volume ls": "night_postgres\n",
    "run": "an archive",
}
_DOCKER = """#!/usr/bin/env python3
import json, sys
from pathlib import Path
folder = Path(__file__).parent
line = " ".join(sys.argv[1:])
with (folder / "calls").open("a") as calls:
    calls.write(line + "\\n")
for beginning, answer in json.loads((folder / "answers.json").read_text()).items():
    if line.startswith(beginning):
        if answer.startswith("!"):
            sys.exit(answer)
        sys.stdout.write(answer)
"""


class Engine:
    """The fake Docker: its answers and the calls it received."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.command = folder / "docker"
        self.command.write_text(_DOCKER)
        self.command.chmod(0o755)
        self.answers = dict(ANSWERS)

    def answer(self, **changes: str) -> None:
        self.answers |= {name.replace("_", " "): text for name, text in changes.items()}
        (self.folder / "answers.json").write_text(json.dumps(self.answers))

    def calls(self, beginning: str) -> list[str]:
        lines = (self.folder / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith(beginning)]


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    made = Engine(tmp_path)
    made.answer()
    monkeypatch.setenv("DOCKER", str(made.command))
    return made


@pytest.fixture
def backup(engine: Engine, tmp_path: Path) -> Path:
    made = back_up(tmp_path / "backups", print)
    (engine.folder / "calls").unlink()
    return made


def test_addresses_and_values_are_composes(engine: Engine) -> None:
    stack = read_stack()
    assert (stack.url("mlflow"), stack.url("api-server")) == ("http://127.0.0.1:5001", "http://127.0.0.1:8081")
    assert stack.value("scheduler", "AIRFLOW__CORE__FERNET_KEY") == "a$b"


def test_backup_has_both_databases_and_the_store_and_is_its_owners_only(engine: Engine, tmp_path: Path) -> None:
    made = back_up(tmp_path / "backups", print)
    assert sorted(path.name for path in made.iterdir()) == ["airflow.dump", "backup.json", "mlflow.dump", "s3.tar"]
    assert (made / "airflow.dump").read_text() == "a dump"
    assert (made / "s3.tar").read_text() == "an archive"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert "a$b" not in (made / "backup.json").read_text()
    assert engine.calls("compose stop") == ["compose stop scheduler mlflow"]
    assert engine.calls("compose start") == ["compose start scheduler mlflow"]


def test_backup_that_fails_starts_the_stack_again_and_leaves_no_backup(engine: Engine, tmp_path: Path) -> None:
    engine.answer(compose_exec="!disk full")
    with pytest.raises(StackError, match=r"docker compose exec --no-TTY postgres pg_dump ended with 1: !disk full"):
        back_up(tmp_path / "backups", print)
    assert engine.calls("compose start") == ["compose start scheduler mlflow"]
    assert [path.name for path in (tmp_path / "backups").iterdir() if not path.name.startswith(".")] == []


def test_backup_of_a_stack_that_is_down_leaves_it_down(engine: Engine, tmp_path: Path) -> None:
    engine.answer(compose_ps="")
    back_up(tmp_path / "backups", print)
    assert engine.calls("compose start") == []
    assert engine.calls("compose stop") == ["compose stop postgres"]


def test_backup_is_refused_while_steps_run_and_stops_none(engine: Engine, tmp_path: Path) -> None:
    engine.answer(ps="nightshift-1-train\n")
    with pytest.raises(StackError, match=r"steps are running \(nightshift-1-train\) .* wait until they have ended"):
        back_up(tmp_path / "backups", print)
    assert engine.calls("compose stop") == []


def test_backup_without_data_is_refused(engine: Engine, tmp_path: Path) -> None:
    engine.answer(volume_ls="night_postgres_old\n")
    with pytest.raises(StackError, match="nothing to back up: there is no volume night_postgres; `make stack-up`"):
        back_up(tmp_path / "backups", print)


def test_restore_of_an_empty_stack_brings_back_store_then_databases_then_services(engine: Engine, backup: Path) -> None:
    engine.answer(volume_ls="")
    restore(backup, print)
    (unpack,) = engine.calls("run")
    assert "source=night_s3,target=/data" in unpack
    assert [line.split()[4] for line in engine.calls("compose exec")] == ["dropdb", "createdb", "pg_restore"] * 2
    assert engine.calls("compose up")[-1] == "compose up --detach --wait --no-build"


def test_restore_discards_data_only_on_request(engine: Engine, backup: Path) -> None:
    with pytest.raises(StackError, match=r"already has data \(volume night_postgres\); REPLACE=1"):
        restore(backup, print)
    assert engine.calls("compose down") == []
    restore(backup, print, replace=True)
    assert engine.calls("compose down") == ["compose down"]


def _damage(backup: Path) -> None:
    (backup / "s3.tar").write_text("an archiv")


def _lose(backup: Path) -> None:
    (backup / "mlflow.dump").unlink()


def _forget(backup: Path) -> None:
    (backup / "backup.json").unlink()


def _age(backup: Path) -> None:
    contents: dict[str, Any] = json.loads((backup / "backup.json").read_text())
    (backup / "backup.json").write_text(json.dumps(contents | {"format": 0}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_damage, "s3.tar is missing or damaged: take another backup"),
        (_lose, "mlflow.dump is missing or damaged"),
        (_forget, "is not a backup: .* expected a folder that `make backup` wrote"),
        (_age, "has format 0, this version reads 1"),
    ],
)
def test_restore_of_an_incomplete_backup_changes_nothing(
    engine: Engine, backup: Path, change: Callable[[Path], None], message: str
) -> None:
    change(backup)
    with pytest.raises(StackError, match=message):
        restore(backup, print, replace=True)
    assert engine.calls("compose down") == []


def test_restore_with_other_keys_is_refused(engine: Engine, backup: Path) -> None:
    engine.answer(compose_config=json.dumps(CONFIG).replace("a$$b", "other"))
    with pytest.raises(StackError, match=r"another AIRFLOW_FERNET_KEY or MLFLOW_ADMIN_PASSWORD than \.env has now"):
        restore(backup, print, replace=True)


def test_missing_docker_and_failures_are_one_line_on_the_command_line(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.answer(compose_config="!no .env")
    monkeypatch.setattr("sys.argv", ["docker_stack", "backup", "--to", str(tmp_path)])
    assert main() == 1
    assert capsys.readouterr().err == "error: docker compose config --format json ended with 1: !no .env\n"
    monkeypatch.setenv("DOCKER", str(tmp_path / "nothing"))
    with pytest.raises(StackError, match="not found: install Docker with Compose, or set DOCKER"):
        docker("version")


def test_a_command_that_takes_too_long_is_stopped_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script, started = tmp_path / "docker", tmp_path / "started"
    script.write_text(f"#!/bin/sh\nsleep 300 &\necho $! >{started}\nwait\n")
    script.chmod(0o755)
    monkeypatch.setenv("DOCKER", str(script))
    with pytest.raises(StackError, match=r"docker compose up did not end within 2 s"):
        docker("compose", "up", timeout=2)
    _, left = psutil.wait_procs(
        [process for process in psutil.process_iter() if process.pid == int(started.read_text())], 5
    )
    assert left == []
