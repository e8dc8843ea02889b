"""Measure what a killed training costs, and what its record costs while it runs."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import urllib3

from benchmarks.pairs import TRAINER_BIN, Ratio, compare, seconds_of
from benchmarks.trainer_steps import ARGUMENTS, TRAINING, environment_in, inputs_of, pipeline_on, plain_dataset
from include.stacks.local.layout import free_ports
from include.step_contract.order import Step
from include.step_contract.transport import PROGRESS_TAG

EPOCHS = 20
PICTURES = 64
ANSWER_SECONDS = 0.5
_PAIRS = 8
_SHORT = TRAINING | {"epochs": EPOCHS, "imgsz": 64, "arguments": ARGUMENTS | {"plots": False}}

_PLAIN = """
import json, sys, time
from ultralytics import YOLO, settings
settings.update({"mlflow": False})
model = YOLO("yolo11n.yaml")
model.add_callback("on_fit_epoch_end", lambda trainer: print("EPOCH", trainer.epoch + 1, flush=True))
model.train(**json.loads(sys.argv[1]))
"""


def resumed_training(folder: Path) -> Ratio:
    """Compare the time from SIGKILL to the next epoch done with an undisturbed start of the same step."""
    environment = _prepared(folder)
    pipeline = pipeline_on("2026-01-01", _SHORT)
    undisturbed: dict[int, float] = {}

    def resumed(pair: int) -> float:
        inputs = inputs_of(Step.PREPROCESS, pipeline, pair)
        seconds_of([TRAINER_BIN / "trainer", Step.PREPROCESS], environment | inputs, folder)
        own = environment | inputs_of(Step.TRAIN, pipeline, pair)
        undisturbed[pair] = _seconds_to_epoch(own, folder, kill_after=4)
        return _seconds_to_epoch(own, folder, kill_after=1)

    return compare(
        "from SIGKILL of a training to its next epoch",
        "from an undisturbed start to the first epoch",
        1.5,
        resumed,
        lambda pair: undisturbed[pair],
    )


def recorded_training(folder: Path) -> Ratio:
    """Compare epochs that are recorded with a tracking server with those of plain ultralytics, which keeps nothing."""
    with _tracking_server(folder) as address:
        return _recorded(folder, address, f"{EPOCHS} short epochs, fully recorded")


def recorded_by_a_slow_server(folder: Path) -> Ratio:
    """The same with a tracking server that takes half a second for each answer."""
    with _tracking_server(folder) as address, _slow(address) as slow:
        return _recorded(folder, slow, f"the same, MLflow answers in {ANSWER_SECONDS * 1000:.0f} ms")


def _recorded(folder: Path, address: str, name: str) -> Ratio:
    environment = _prepared(folder) | {"MLFLOW_TRACKING_URI": address, "OMP_NUM_THREADS": "1"}
    pipeline = pipeline_on("2026-01-01", _SHORT)
    preprocess = [TRAINER_BIN / "trainer", Step.PREPROCESS]
    seconds_of(preprocess, environment | inputs_of(Step.PREPROCESS, pipeline, _PAIRS), folder)
    plain = _plain_arguments(folder)

    bare: dict[int, float] = {}

    def script(pair: int) -> None:
        quiet = environment | {"YOLO_VERBOSE": "0"}  # no progress bars, as in the step
        bare[pair] = _seconds_of_epochs([str(TRAINER_BIN / "python"), "-c", _PLAIN, plain], "EPOCH", quiet, folder)

    def ours(pair: int) -> float:
        """Train one after the other and alternate which comes first, because the first may find warmer caches."""
        seconds_of(preprocess, environment | inputs_of(Step.PREPROCESS, pipeline, pair), folder)
        if pair % 2:
            script(pair)
        own = environment | inputs_of(Step.TRAIN, pipeline, pair)
        seconds = _seconds_of_epochs([str(TRAINER_BIN / "trainer"), Step.TRAIN], PROGRESS_TAG, own, folder)
        if not pair % 2:
            script(pair)
        return seconds

    against = "plain ultralytics, from the first epoch's end to the last's"
    return compare(name, against, 1.05, ours, bare.__getitem__, _PAIRS)


def _prepared(folder: Path) -> dict[str, str]:
    """Write the dataset and an empty database and return the environment of a deployment there."""
    environment = environment_in(folder)
    make = ["sample-data", "--root", folder / "store", "--days", "2026-01-01", "--pictures", str(PICTURES)]
    seconds_of([TRAINER_BIN / "trainer", *make], environment, folder)
    seconds_of([TRAINER_BIN / "mlflow", "db", "upgrade", environment["MLFLOW_TRACKING_URI"]], environment, folder)
    return environment


def _plain_arguments(folder: Path) -> str:
    """Return the same training's arguments; a preprocess in this folder has made the split."""
    own = {name: value for name, value in _SHORT.items() if name != "arguments"} | ARGUMENTS
    own |= {"plots": False, "verbose": False}  # as the step has it: only the record differs
    data = plain_dataset(folder, folder / "store/2026-01-01")
    return json.dumps(own | {"data": str(data), "project": str(folder / "plain"), "device": "cpu", "exist_ok": True})


def _seconds_to_epoch(environment: dict[str, str], folder: Path, kill_after: int) -> float:
    """Start a training, kill it after some epochs, and return the seconds from its start to the end of the first."""
    begin, first, seen = time.perf_counter(), 0.0, 0
    with _process([str(TRAINER_BIN / "trainer"), Step.TRAIN], environment, folder) as process:
        for line in process.stdout or ():
            if PROGRESS_TAG in line:
                seen, first = seen + 1, first or time.perf_counter() - begin
            if seen == kill_after:
                # Its checkpoint is on its way; a kill at this very moment would cost the epoch.
                time.sleep(1)
                break
        os.killpg(process.pid, signal.SIGKILL)
    if seen < kill_after:
        raise RuntimeError(f"the training ended after {seen} epochs; see it by hand with the same request")
    return first


def _seconds_of_epochs(command: list[str], tag: str, environment: dict[str, str], folder: Path) -> float:
    """Run a training and return the seconds from the end of its first epoch to the end of its last."""
    with _process(command, environment, folder) as process:
        moments = [time.perf_counter() for line in process.stdout or () if tag in line]
    if process.returncode != 0 or len(moments) < EPOCHS:
        raise RuntimeError(f"{command[0]}: exit code {process.returncode} after {len(moments)} epochs")
    return moments[EPOCHS - 1] - moments[0]


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], folder: Path, *, is_read: bool = True
) -> Iterator["subprocess.Popen[str]"]:
    """Run a command; ``is_read`` says that the block reads its output, which else goes where its errors go."""
    with (folder / "errors.log").open("a") as errors:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE if is_read else errors,
            stderr=errors,
            start_new_session=True,
        )
        try:
            yield process
            process.wait(timeout=600)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def _tracking_server(folder: Path) -> Iterator[str]:
    port = next(free_ports(15000))
    address = f"http://127.0.0.1:{port}"
    command = [
        *(str(TRAINER_BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{folder / 'server.db'}"),
        *("--artifacts-destination", str(folder / "artifacts"), "--serve-artifacts"),
    ]
    variables = environment_in(folder) | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with _process(command, variables, folder, is_read=False) as server:
        _wait_for(f"{address}/health", server)
        try:
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def _wait_for(address: str, server: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if urllib3.request("GET", address, retries=False, timeout=2).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.3)
    raise RuntimeError("the tracking server does not answer")


@contextmanager
def _slow(address: str) -> Iterator[str]:
    """Pass requests on to a server and let each wait."""
    pool = urllib3.PoolManager(maxsize=16)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(ANSWER_SECONDS)
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            answer = pool.request(self.command, address + self.path, body=body, headers=kept, redirect=False)
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(answer.data)))
            self.end_headers()
            self.wfile.write(answer.data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: clients go away as their processes end."""

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
