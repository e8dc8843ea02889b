"""Run a step as a process in a process group of its own.

Killing the task ends every child: SIGTERM goes to the whole group; what is left of the group when the step has ended is
killed; and a step whose task was killed notices that its standard input ended and stops itself.
"""

import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from include.pipelines.errors import StepFailed, StepLost
from include.pipelines.log_lines import LineAssembler
from include.pipelines.operator import close_command, conclude
from include.step_contract import transport
from include.step_contract.failure import FailureKind
from include.step_contract.order import Order
from include.step_contract.result import Result

from .settings import local_settings

if TYPE_CHECKING:
    from airflow.sdk.types import Logger

_AIRFLOW_VARIABLES = ("AIRFLOW", "_AIRFLOW", "PYTHONPATH", "VIRTUAL_ENV")
_CLOSE_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.5


class ProcessAttempt:
    """One attempt as a child process; a context manager that leaves none of its group behind."""

    work = "process"

    def __init__(self, request: Order, step_run: str, check: Callable[[], None], log: "Logger") -> None:
        """Do nothing yet; ``check`` is called often and may raise to give up."""
        self._request, self._step_run, self._check, self._log = request, step_run, check, log
        self._process: subprocess.Popen[bytes] | None = None
        self._answer: transport.Answer | None = None
        self._exit_code = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Kill what is left of the step's group."""
        self._end_group()

    def start_or_attach(self) -> None:
        """Start the process; one of an earlier attempt has ended with its task."""
        self._process = self._start([self._request.command])

    def follow(self) -> None:
        """Write the step's output into the task's log until it ends."""
        if self._process is not None:
            self._follow(self._process, self._check)
        self._end_group()

    def judge(self) -> Result:
        """Return the result of the process that has ended."""
        return conclude(self._request.command, self._exit_code, self._answer)

    def remove(self) -> None:
        """Do nothing: the process has ended and left nothing."""

    def retire(self) -> None:
        """Do nothing: the process has ended and left nothing."""

    def stop(self) -> None:
        """Let the step save its state, for as long as the catalog grants it."""
        if self._process is None or self._process.poll() is not None:
            return
        grace = self._request.stop_grace_seconds
        self._log.warning("stopping the step; it has %s s to save its state", grace)
        kill = threading.Timer(grace, _send, (self._process, signal.SIGKILL))
        kill.start()
        try:
            _send(self._process, signal.SIGTERM)
            self._follow(self._process, lambda: None)
        finally:
            kill.cancel()
        if self._exit_code == -signal.SIGKILL:
            raise StepLost(f"{self._request.command}: its time was over and it did not stop in {grace} s")

    def _end_group(self) -> None:
        ended, self._process = self._process, None
        if ended is not None:
            _kill_group(ended)

    def close(self, lost: StepLost) -> str:
        """Run ``trainer close`` and return its output."""
        process = self._start(close_command(lost))
        try:
            output, errors = process.communicate(timeout=_CLOSE_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise StepFailed(f"it took more than {_CLOSE_TIMEOUT_SECONDS} s", FailureKind.TRY_AGAIN) from late
        finally:
            _kill_group(process)
        return (output + errors).decode(errors="replace")

    def _follow(self, process: subprocess.Popen[bytes], check: Callable[[], None]) -> None:
        for line in _lines(process):
            check()
            if line is not None:
                self._log.info("%s", line)
                self._answer = transport.decode_line(line) or self._answer
        self._exit_code = process.wait()

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        command = [local_settings().trainer, *arguments]
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(
                command, env=self._environment(), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise StepFailed(
                f"cannot start {command[0]!r}: {error}; expected the trainer's environment, "
                "run `make install` or set TRAINER_COMMAND",
                FailureKind.BAD_REQUEST,
            ) from error

    def _environment(self) -> dict[str, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_AIRFLOW_VARIABLES)}
        environment |= {
            transport.REQUEST_VARIABLE: self._request.model_dump_json(),
            transport.RUN_VARIABLE: self._step_run,
            transport.STOP_ON_STDIN_END_VARIABLE: "1",
            "PYTHONUNBUFFERED": "1",
        }
        # No limit, but steps beside each other with a thread for every core of the machine would slow each other down.
        environment.setdefault("OMP_NUM_THREADS", str(max(1, int(self._request.resources.cpu))))
        return environment


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str | None]:
    """Yield each line of both streams as it comes, and None whenever none came for a while, until the process ends."""
    with selectors.DefaultSelector() as selector:
        assemblers = {
            stream.fileno(): LineAssembler() for stream in (process.stdout, process.stderr) if stream is not None
        }
        for number in assemblers:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(timeout=_POLL_SECONDS)
            if not ready:
                if process.poll() is not None:
                    break  # a child of the step holds the stream open
                yield None
            for key, _events in ready:
                chunk = os.read(key.fd, 65536)
                if not chunk:
                    selector.unregister(key.fd)
                yield from assemblers[key.fd].feed(chunk)
        for assembler in assemblers.values():
            yield from assembler.finish()


def _send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    _send(process, signal.SIGKILL)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
