"""What tests of the docker runtime share: an image whose step is a small program, and a task to run it."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient
from docker.errors import DockerException

from include.step_contract import transport
from include.step_contract.order import Step, StepOrder
from tests.pipelines.conftest import RESULT, RUN, make_pipeline

ROOT = Path(__file__).resolve().parents[4]
_COVERAGE_FILE = os.environ.get("COVERAGE_FILE")
BASE_IMAGE = "python:3.11-slim-bookworm"
IMAGE = "nightshift-test-step:1"
_DOCKERFILE = f'FROM {BASE_IMAGE}\nENTRYPOINT ["python3", "-u", "/code/step.py"]\n'
_PRELUDE = """
import os, signal, sys, threading, time
lifetime = threading.Timer(180, os._exit, (1,))  # for a test that was interrupted
lifetime.daemon = True
lifetime.start()
command = sys.argv[1]
with open('/code/starts' if command != 'close' else '/code/closes', 'a') as starts:
    starts.write(' '.join(sys.argv[1:]) + '\\n')
if command == 'close':
    sys.exit()
def stopped(number, frame):
    print('step got', signal.Signals(number).name)
    sys.exit(143)
signal.signal(signal.SIGTERM, stopped)
def until(name):
    while not os.path.exists('/code/' + name):
        time.sleep(0.05)
"""
SUCCEED = f"print({transport.encode_result(RESULT)!r})"


def engine() -> APIClient:
    """The machine's engine; skips the test, saying why, if there is none."""
    try:
        client = APIClient(base_url=os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock", timeout=30)
        client.ping()
    except (DockerException, OSError) as error:
        pytest.skip(f"no Docker engine answers here ({error}); `.ci/docker-engine` starts one on Debian")
    return client


def build_image(client: APIClient) -> None:
    """Build the image of the small program; skips the test if its base can neither be found nor pulled."""
    if client.images(name=IMAGE):
        return
    for line in client.build(fileobj=BytesIO(_DOCKERFILE.encode()), tag=IMAGE, decode=True, rm=True):
        if "error" in line:
            pytest.skip(f"no image {BASE_IMAGE} here ({line['error']}); `.ci/docker-engine` makes one on Debian")


@dataclass
class Task:
    """One task of one DAG run, whose step runs ``code``; each try is a process of its own."""

    folder: Path
    client: APIClient
    environment: dict[str, str]

    def start(self, try_number: int = 1, **environment: str) -> "Try":
        measured = ["coverage", "run", "--parallel-mode", "--include=include/*", "-m"] if _COVERAGE_FILE else []
        log = self.folder / f"log{len(list(self.folder.glob('log*')))}"
        with log.open("w") as output:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    *measured,
                    "tests.pipelines.runtimes.docker.task",
                    str(self.folder),
                    str(try_number),
                ],
                cwd=ROOT,
                env=os.environ | self.environment | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        return Try(process, log)

    def run(self, try_number: int = 1, **environment: str) -> dict[str, str]:
        return self.start(try_number, **environment).ending()

    def starts(self) -> int:
        """How many containers ever began the step."""
        path = self.folder / "starts"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def closes(self) -> list[str]:
        path = self.folder / "closes"
        return path.read_text().splitlines() if path.exists() else []

    def containers(self, **filters: str) -> list[dict[str, Any]]:
        """Containers of this DAG run that are there, running or not."""
        run_id = json.loads((self.folder / "run.json").read_text())["run_id"]
        labels = {"label": f"nightshift.run_id={run_id}"}
        found: list[dict[str, Any]] = self.client.containers(all=True, filters=labels | filters)
        return found

    def names(self) -> list[str]:
        return sorted(name.lstrip("/") for container in self.containers() for name in container["Names"])

    def wait_for_start(self) -> None:
        wait_for(lambda: self.starts() > 0 and self.containers(status="running"), "the step has not begun")

    def tell_step(self, name: str) -> None:
        (self.folder / name).touch()

    def set_state(self, state: str) -> None:
        """What Airflow answers when it is asked about the task."""
        (self.folder / "state").write_text(state)


MakeTask = Callable[..., Task]
"""Makes a task whose step runs some code: ``task(code, **fields of its pipeline)``."""


@dataclass
class Try:
    """A task process, and the file that it writes its log to."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self.log.read_text(errors="replace")

    def ending(self, seconds: float = 60) -> dict[str, str]:
        """Wait for the end and return how the task ended."""
        self.process.wait(seconds)
        for line in self.output.splitlines():
            if line.startswith("ENDING "):
                ending: dict[str, str] = json.loads(line.removeprefix("ENDING "))
                return ending
        raise AssertionError(f"the task process ended with {self.process.returncode} and said nothing:\n{self.output}")

    def is_at_the_container(self) -> bool:
        """Whether it has started the task's container, or found it."""
        return any(words in self.output for words in ("started container", "attaching to it"))

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


def make_task(folder: Path, client: APIClient, code: str, **pipeline: Any) -> Task:
    """Write a step's program, request and run into a folder that its container sees as /code."""
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "step.py").write_text(_PRELUDE + textwrap.dedent(code))
    resources = {"cpu": 1, "memory": "256Mi", "shm": "64Mi"}
    fields = {"resources": {"preprocess": resources}, "execution": {"stop_grace_seconds": 10}} | pipeline
    request = StepOrder(step=Step.PREPROCESS, pipeline=make_pipeline(**fields))
    run = json.loads(RUN) | {
        "run_id": f"manual__{folder.parent.name}-{folder.name}-{os.getpid()}",
        "task_id": "preprocess",
    }
    (folder / "request.json").write_text(request.model_dump_json())
    (folder / "run.json").write_text(json.dumps(run))
    (folder / "state").write_text("running")
    environment = {
        "TRAINER_IMAGE": IMAGE,
        "DOCKER_MOUNTS": f"{folder}:/code",
        "DOCKER_CACHE_VOLUME": "nightshift-test-cache",
        "AWS_SECRET_ACCESS_KEY": "very-secret-value",
    }
    return Task(folder, client, environment)


def wait_for(found: Callable[[], Any], otherwise: str, seconds: float = 30) -> Any:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"{otherwise} after {seconds:g} s"
        time.sleep(0.05)
    return value
