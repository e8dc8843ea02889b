"""Compare the docker runtime with `docker run`, and training in a container with training in a process.

Needs a Docker engine and the training image (`make image`); without them the rows are left out and said so.
"""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.pairs import AIRFLOW_PYTHON, ROOT, TRAINER_BIN, Ratio, compare, seconds_of
from benchmarks.trainer_steps import ARGUMENTS, TRAINING, environment_in, inputs_of, pipeline_on
from include.pipelines.settings import settings
from include.step_contract.order import Step

_CPUS = os.cpu_count() or 1

_TASK = """
import json, sys, time
from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.docker.runtime import DockerStepOperator
from include.step_contract.order import StepOrder
request, run = sys.argv[1:]
operator = DockerStepOperator(task_id="step", request=StepOrder.model_validate_json(request), step_run=run)
begin = time.perf_counter()
try:
    operator.execute({})
except StepFailed as failure:
    assert failure.kind == "bad_request", failure
print("SECONDS", time.perf_counter() - begin)
"""


class Unavailable(Exception):
    """There is no engine, or no image."""


def no_op_container(folder: Path) -> Ratio:
    """Compare a task whose step is refused at once, before it imports anything, with `docker run` of the same."""
    _require_image()
    pipeline = pipeline_on("nothing", TRAINING)
    # A setting that cannot be: the trainer refuses the step after reading its request.
    variables = inputs_of(Step.PREPROCESS, pipeline, 0)
    broken = variables | {"DATASET_ROOT": "/nowhere", "TRAINER_WORK_DIR": "/scratch", "S3_THREADS": "none"}

    def ours(_pair: int) -> float:
        environment = os.environ | broken | {"AIRFLOW_HOME": str(folder), "DOCKER_KEEP_FAILED_HOURS": "0"}
        command = [str(AIRFLOW_PYTHON), "-c", _TASK, variables["STEP_REQUEST"], variables["STEP_RUN"]]
        return _seconds_said(command, environment)

    def bare(_pair: int) -> float:
        options = [part for name, value in broken.items() for part in ("--env", f"{name}={value}")]
        command = ["docker", "run", "--rm", *options, settings().trainer_image, Step.PREPROCESS.value]
        begin = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False)
        seconds = time.perf_counter() - begin
        if done.returncode != 64:
            raise RuntimeError(f"docker run: exit code {done.returncode}: {done.stderr.decode()[-1000:]}")
        return seconds

    return compare("no-op step as a container, task start to end", "`docker run` of the same", 1.5, ours, bare)


def train_in_container(folder: Path) -> Ratio:
    """Compare the train step in a container, with this machine's processors, with the same step as a process."""
    _require_image()
    local = environment_in(folder)
    days = ["--days", "2026-01-01", "--pictures", "200"]
    sample = [TRAINER_BIN / "trainer", "sample-data", "--root", folder / "store", *days]
    subprocess.run(list(map(str, sample)), check=True, capture_output=True)
    seconds_of([TRAINER_BIN / "mlflow", "db", "upgrade", local["MLFLOW_TRACKING_URI"]], local, folder)
    pipeline = pipeline_on("2026-01-01", TRAINING | {"arguments": ARGUMENTS})

    def step(step: Step, number: int) -> float:
        inputs = inputs_of(step, pipeline, number)
        return seconds_of([TRAINER_BIN / "trainer", step.value], local | inputs, folder)

    def ours(pair: int) -> float:
        step(Step.PREPROCESS, 2 * pair)
        return _train_in_container(inputs_of(Step.TRAIN, pipeline, 2 * pair), local, folder)

    def bare(pair: int) -> float:
        step(Step.PREPROCESS, 2 * pair + 1)
        return step(Step.TRAIN, 2 * pair + 1)

    return compare("train step in a container", "the same as a process", 1.05, ours, bare)


def _train_in_container(inputs: Mapping[str, str], local: Mapping[str, str], folder: Path) -> float:
    names = ("MLFLOW_TRACKING_URI", "DATASET_ROOT", "TRAINER_CACHE_DIR", "TRAINER_DEVICE")
    variables = {name: local[name] for name in names} | dict(inputs) | {"TRAINER_WORK_DIR": "/scratch"}
    options = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
    confined = ["--read-only", "--tmpfs", "/tmp", "--cpus", str(_CPUS), "--memory", "4g", "--shm-size", "1g"]
    user = ["--user", f"{os.getuid()}:{os.getgid()}"]
    volumes = ["--volume", f"{folder}:{folder}", "--volume", "/scratch", "--workdir", str(folder)]
    command = ["docker", "run", "--rm", "--network", "none", *confined, *user, *volumes, *options]
    return seconds_of([*command, settings().trainer_image, "train"], os.environ, folder)


def _seconds_said(command: list[str], environment: Mapping[str, str]) -> float:
    done = subprocess.run(command, env=dict(environment), cwd=ROOT, capture_output=True, text=True, check=False)
    said = [line for line in done.stdout.splitlines() if line.startswith("SECONDS")]
    if not said:
        raise RuntimeError(f"{json.dumps(command[3:])[:200]}: {done.stdout[-500:]}{done.stderr[-2000:]}")
    return float(said[0].split()[1])


def _require_image() -> None:
    command: list[Any] = ["docker", "image", "inspect", settings().trainer_image]
    try:
        found = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        found = False
    if not found:
        raise Unavailable(f"no Docker engine with image {settings().trainer_image} here; `make image` builds it")
