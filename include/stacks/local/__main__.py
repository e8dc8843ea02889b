"""``python -m include.stacks.local up | down | status | demo | run``; `make` calls it."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FrameType

from include.pipelines.settings import settings
from include.stacks.airflow_api import AirflowApi, ApiError
from include.step_contract.catalog import Pipeline
from include.step_contract.catalog.reading import read_catalog

from .demo import PIPELINE, Demo, DemoFailed, run_demo, write_sample_data
from .layout import ADMIN, PROJECT_ROOT, Layout, Ports, choose_ports, environment, known_ports
from .services import AIRFLOW_BIN, TRAINER_BIN, StackError, processes, start, stop

_BEGIN = time.monotonic()
_TAKEN = "address already in use"
_COMMANDS = {"airflow": AIRFLOW_BIN, "trainer": TRAINER_BIN}


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="local_stack", description="Airflow and MLflow on this machine.")
    parser.add_argument(
        "--state", type=Path, default=PROJECT_ROOT / ".local", help="folder of all state (default .local)"
    )
    parser.add_argument("command", choices=("up", "down", "status", "demo", "run"))
    parser.add_argument("words", nargs=argparse.REMAINDER, help="for run: airflow or trainer, with its arguments")
    arguments = parser.parse_args()
    layout = Layout(arguments.state.resolve())
    try:
        if arguments.command == "run":
            return _run(layout, arguments.words)
        return {"up": _up, "down": _down, "status": _status, "demo": _demo}[arguments.command](layout)
    except (StackError, ApiError, DemoFailed, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _up(layout: Layout) -> int:
    if processes(layout):
        print("already running")
        return _status(layout)
    with _stopped_on_failure(layout):
        _start(layout)
    return _status(layout)


def _down(layout: Layout) -> int:
    count = stop(layout)
    print(f"stopped {count} processes" if count else "nothing was running")
    return 0


def _status(layout: Layout) -> int:
    running, ports = processes(layout), known_ports(layout)
    if not running or ports is None:
        print("not running; start it with `make up`")
        return 3
    print(f"running: {len(running)} processes, state in {layout.state}")
    print(f"Airflow  {ports.airflow_url}  login {ADMIN} / {layout.password()}")
    print(f"MLflow   {ports.mlflow_url}")
    print(f"logs     {layout.logs}")
    return 0


def _run(layout: Layout, words: list[str]) -> int:
    """Replace this process by a command with the stack's settings, so that it sees this stack and no other."""
    ports = known_ports(layout)
    if ports is None:
        raise StackError("no stack was started here yet; start it with `make up`")
    if not words or words[0] not in _COMMANDS:
        got = repr(words[0]) if words else "nothing"
        raise StackError(f"got {got}; expected one of {', '.join(_COMMANDS)}, with its arguments")
    program = str(_COMMANDS[words[0]] / words[0])
    os.execve(program, [program, *words[1:]], environment(layout, ports))  # noqa: S606  # no shell is wanted


def _demo(layout: Layout) -> int:
    _pipeline()
    reuse = bool(processes(layout))
    ports = known_ports(layout) if reuse else None
    if ports is not None:
        _say("using the stack that is running")
        run_demo(_prepare(layout, ports))
        return 0
    with _stopped(layout):
        run_demo(_prepare(layout, _start(layout)))
    print("look at it: `make up`, then open the addresses it prints; `make down` stops it")
    return 0


def _start(layout: Layout) -> Ports:
    layout.create()
    if sample := read_catalog(settings().catalog_path).pipelines.get(PIPELINE):
        _say("writing sample data")
        write_sample_data(layout, sample, date.today())
    try:
        return _start_on(layout, choose_ports(layout))
    except StackError as error:
        if _TAKEN not in str(error):
            raise
    _say("another program took a port meanwhile; starting on others")
    stop(layout)
    layout.ports_file.unlink()
    return _start_on(layout, choose_ports(layout))


def _start_on(layout: Layout, ports: Ports) -> Ports:
    start(layout, ports, _say)
    return ports


def _prepare(layout: Layout, ports: Ports) -> Demo:
    return Demo(layout, ports, AirflowApi(ports.airflow_url, ADMIN, layout.password()), _pipeline(), _say)


def _pipeline() -> Pipeline:
    """Return the sample pipeline.

    Raises:
        DemoFailed: the catalog has no valid pipeline of that name.
    """
    reading = read_catalog(settings().catalog_path)
    if PIPELINE not in reading.pipelines:
        problems = "".join(f"\n{problem}" for problem in reading.problems)
        raise DemoFailed(
            f"{settings().catalog_path} has no valid pipeline {PIPELINE!r}, which the demo runs; `make up` starts the "
            f"stack without it{problems}"
        )
    return reading.pipelines[PIPELINE]


def _say(text: str) -> None:
    print(f"[{time.monotonic() - _BEGIN:6.1f} s] {text}", flush=True)


@contextmanager
def _stopped_on_failure(layout: Layout) -> Iterator[None]:
    try:
        with _interruptible():
            yield
    except BaseException:
        _stop_undisturbed(layout)
        raise


@contextmanager
def _stopped(layout: Layout) -> Iterator[None]:
    try:
        with _interruptible():
            yield
    finally:
        _say("stopping what was started")
        _stop_undisturbed(layout)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Treat SIGTERM and SIGHUP like Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_undisturbed(layout: Layout) -> None:
    """Stop the stack; a second Ctrl-C must not leave half of it running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    stop(layout)


if __name__ == "__main__":
    os.chdir(PROJECT_ROOT)
    sys.exit(main())
