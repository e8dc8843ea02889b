"""A step as a process of this machine, in a process group of its own, run by the trainer's own environment.

Killing the task ends every child: SIGTERM goes to the whole group at once; what is left of the group when the step
has ended is killed; and a step whose task died without a word notices that its standard input ended and stops itself.
"""

import os
import selectors
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowTaskTimeout

from include.pipelines.errors import StepFailed, StepLost, close_command, conclude
from include.pipelines.log_lines import LineAssembler
from include.pipelines.settings import settings
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract.step import FailureKind, StepRequest

if TYPE_CHECKING:  # not paid for by a parse
    from include.step_contract.chore import ChoreRequest
    from include.step_contract.transport import Answer

_AIRFLOW_VARIABLES = ("AIRFLOW", "_AIRFLOW", "PYTHONPATH", "VIRTUAL_ENV")
_CLOSE_TIMEOUT_SECONDS = 60
_POLL_SECONDS = 0.5


class LocalStepOperator(BaseOperator):
    """Run ``trainer <step>``, or a chore, and end as its exit code says."""

    template_fields: Sequence[str] = ("step_run",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"step_run": "json"}
    ui_color = "#dfeaf7"

    def __init__(
        self, *, request: "StepRequest | ChoreRequest", step_run: str = STEP_RUN_TEMPLATE, **options: Any
    ) -> None:
        """Keep the request, which is no template field, so Jinja never sees it."""
        super().__init__(**options)
        self.request = request
        self.step_run = step_run
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def execute(self, context: Context) -> str:
        """Run the step, stream its output into the task's log and return its result as JSON."""
        command = self.request.command
        self._process = process = self._start([command])
        try:
            answer = self._follow(process)
            exit_code = process.wait()
        except AirflowTaskTimeout:
            self._stop(process)
            raise
        finally:
            _kill_group(process)
        try:
            result = conclude(command, exit_code, answer, killed=self._killed)
        except StepLost as lost:
            self._close_record(lost)
            raise
        self.log.info("%s", result.headline)
        return result.model_dump_json()

    def on_kill(self) -> None:
        """Tell the step to stop and return: Airflow leaves five seconds for all of this."""
        self._killed = True
        if self._process is not None:
            _send(self._process, signal.SIGTERM)

    def _follow(self, process: subprocess.Popen[bytes]) -> "Answer | None":
        """Write the step's output into the task's log until it ends, and return what it answered."""
        from include.step_contract import transport

        answer: Answer | None = None
        for line in _lines(process):
            self.log.info("%s", line)
            answer = transport.decode_line(line) or answer
        return answer

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Let a step whose time is over save its state, for as long as the catalog grants it."""
        grace = self.request.stop_grace_seconds
        self.log.warning("the task's time is over; the step has %s s to save its state", grace)
        kill = threading.Timer(grace, _send, (process, signal.SIGKILL))
        kill.start()
        try:
            _send(process, signal.SIGTERM)
            self._follow(process)
            exit_code = process.wait()
        finally:
            kill.cancel()
        if exit_code == -signal.SIGKILL:
            self._close_record(StepLost(f"{self.request.command}: its time was over and it did not stop in {grace} s"))

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        from include.step_contract import transport

        command = [settings().local_trainer, *arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith(_AIRFLOW_VARIABLES)}
        environment |= {
            transport.REQUEST_VARIABLE: self.request.model_dump_json(),
            transport.RUN_VARIABLE: self.step_run,
            transport.STOP_ON_STDIN_END_VARIABLE: "1",
            "PYTHONUNBUFFERED": "1",
        }
        # No limit, but steps beside each other with a thread for every core of the machine would slow each other down.
        environment.setdefault("OMP_NUM_THREADS", str(max(1, int(self.request.resources.cpu))))
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(
                command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise StepFailed(
                f"cannot start {command[0]!r}: {error}; expected the trainer's environment, "
                "run `make install` or set TRAINER_COMMAND",
                FailureKind.BAD_REQUEST,
            ) from error

    def _close_record(self, lost: StepLost) -> None:
        """End the MLflow run that the lost step could not end; the next try opens it again. A chore has none."""
        if not isinstance(self.request, StepRequest):
            return
        self.log.warning("%s; closing its MLflow run", lost)
        process = self._start(close_command(lost))
        try:
            output, errors = process.communicate(timeout=_CLOSE_TIMEOUT_SECONDS)
            self.log.info("%s", (output + errors).decode(errors="replace").strip())
        except subprocess.TimeoutExpired:
            self.log.warning("closing the MLflow run took more than %s s; left to the next try", _CLOSE_TIMEOUT_SECONDS)
        finally:
            _kill_group(process)


def _lines(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """Yield each line of both streams as it comes, until both end or the process is gone."""
    with selectors.DefaultSelector() as selector:
        assemblers = {
            stream.fileno(): LineAssembler() for stream in (process.stdout, process.stderr) if stream is not None
        }
        for number in assemblers:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(timeout=_POLL_SECONDS)
            if not ready and process.poll() is not None:
                break  # a child of the step holds the stream open
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
