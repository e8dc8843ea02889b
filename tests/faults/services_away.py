"""Make a service unavailable in each step of a DAG run, and check that the step survives it."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from include.stacks.local.services import TRAINER_BIN
from include.step_contract.order import Step
from tests.charts.pod_processes import free_port
from tests.e2e.conftest import Stack

from .conftest import CATALOG
from .faults import DAG_ID, RUN_SECONDS, Runtime, end_of, epochs_lost, sweep
from .gate import Gate, Mode
from .invariants import violations
from .table import Note, note_fault

AWAY_SECONDS = 12
PROMISED_SECONDS = 120
"""How long docs/operations.md says that steps wait."""
LONGEST_AWAY_SECONDS = 40
ENDED = ("success", "failed", "upstream_failed")
BUCKET = "sets"
SERVICES = ("mlflow", "s3")
MODES = (Mode.REFUSED, Mode.ERRORS, Mode.SLOW, Mode.CUT)
S3_CATALOG = CATALOG.replace("uri: digits/fixed", f"uri: s3://{BUCKET}/digits")
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "faults",
    "AWS_SECRET_ACCESS_KEY": "of-the-store",
    "AWS_DEFAULT_REGION": "us-east-1",
}
READS_DATA = (Step.PREPROCESS, Step.TRAIN, Step.EVALUATE)

_UPLOAD = """
import sys, boto3
from pathlib import Path
endpoint, bucket, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
s3 = boto3.client("s3", endpoint_url=endpoint)
s3.create_bucket(Bucket=bucket)
for path in sorted(folder.rglob("*")):
    if path.is_file():
        s3.put_object(Bucket=bucket, Key=f"digits/{path.relative_to(folder).as_posix()}", Body=path.read_bytes())
"""


@dataclass(frozen=True)
class Gates:
    """What stands between the steps and the services that they need."""

    mlflow: Gate
    s3: Gate

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a stack whose steps go through the gates."""
        return _CREDENTIALS | {"MLFLOW_TRACKING_URI": self.mlflow.address, "S3_ENDPOINT_URL": self.s3.address}

    def of(self, service: str) -> Gate:
        """Return the gate before a service."""
        gate: Gate = getattr(self, service)
        return gate


@contextmanager
def gates_before_services() -> Iterator[Gates]:
    """Start an S3 server and open a gate before it, and one before an MLflow that is still to come."""
    gates = Gates(Gate(), Gate())
    gates.s3.target = free_port()
    command = [str(TRAINER_BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(gates.s3.target)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield gates
    finally:
        gates.mlflow.close()
        gates.s3.close()
        server.terminate()
        server.wait()


def put_dataset(stack: Stack, gates: Gates) -> None:
    """Upload the stack's fixed dataset, and let steps through to its MLflow."""
    gates.mlflow.target = stack.ports.mlflow
    folder = stack.layout.store / "digits" / "fixed"
    endpoint = f"http://127.0.0.1:{gates.s3.target}"
    command = [str(TRAINER_BIN / "python"), "-c", _UPLOAD, endpoint, BUCKET, str(folder)]
    subprocess.run(command, env=os.environ | _CREDENTIALS, check=True, timeout=120)


def ride_out(
    stack: Stack,
    runtime: Runtime,
    gates: Gates,
    service: str,
    mode: Mode,
    note: Note,
    *,
    steps: Sequence[Step] = tuple(Step),
    seconds: float = AWAY_SECONDS,
) -> None:
    """Let a service fail once in each step of a run, or in some, from the step's start on.

    Only a truncated answer of MLflow may cost an attempt, and at most one.
    """
    gate = gates.of(service)
    seed = 10 * SERVICES.index(service) + MODES.index(mode)
    name = f"{service}-{mode.name}" if seconds == AWAY_SECONDS else f"{service}-away-{seconds:g}-s"
    run_id = stack.api.trigger(DAG_ID, {"seed": seed}, name)
    ended: list[tuple[Step, str, float]] = []
    for step in steps:
        until(lambda step=step: has_begun(stack, runtime, run_id, step), f"{step} of {run_id} does not begin")
        if service == "s3":
            _empty(stack.layout.cache / "objects")
        before = gate.hits
        gate.set(mode)
        time.sleep(seconds)
        # A step that is slow to begin has perhaps not asked yet.
        for _ in range(LONGEST_AWAY_SECONDS - AWAY_SECONDS):
            if gate.hits == before and state_of(stack, run_id, step) == "running" and mode != Mode.REFUSED:
                time.sleep(1)
        # Clients of a port without a server cannot be counted; but a step that needs the service cannot complete.
        noticed = state_of(stack, run_id, step) == "running" if mode == Mode.REFUSED else gate.hits > before
        gate.set(Mode.OPEN)
        began = time.monotonic()
        until(lambda step=step: state_of(stack, run_id, step) != "running", f"{step} of {run_id} does not end")
        ended.append((step, state_of(stack, run_id, step), time.monotonic() - began))
        if service == "mlflow" or step in READS_DATA:
            assert noticed, f"{service} was {mode} for {seconds:g} s, and {step} did not notice"
    assert end_of(stack, run_id) == "success"
    sweep(stack)
    found = violations(stack, "small", [stack.layout.password(), _CREDENTIALS["AWS_SECRET_ACCESS_KEY"]])
    lost = max(epochs_lost(runtime.epochs(stack, DAG_ID, run_id)), default=0)
    fault = f"{service} {mode}" + (f" {seconds:g} s" if seconds != AWAY_SECONDS else "")
    for step, state, recovered in ended:
        note_fault(note, fault, step, run_id, state, seconds=recovered, epochs_lost=lost, violations=found)
    attempts = {step: task["try_number"] for step, task in stack.api.task_states(DAG_ID, run_id).items()}
    # Requests that create something are not repeated after a truncated answer: one may cost an attempt.
    most = 2 if (service, mode) == ("mlflow", Mode.CUT) else 1
    assert all(count <= most for count in attempts.values()), attempts
    assert found == []


def has_begun(stack: Stack, runtime: Runtime, run_id: str, step: Step) -> bool:
    """Return whether a step is running or has ended: a step without this service may end during the previous fault."""
    state = state_of(stack, run_id, step)
    return state in ENDED or (state == "running" and bool(runtime.at_work(stack)))


def state_of(stack: Stack, run_id: str, step: Step) -> str:
    return str(stack.api.task_states(DAG_ID, run_id)[step]["state"])


def until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + RUN_SECONDS
    while not holds():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)


def _empty(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink(missing_ok=True)
