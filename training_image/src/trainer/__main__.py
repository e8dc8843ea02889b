"""Run ``trainer <command>``: read the environment, carry out the order, reply with tagged lines and an exit code.

Standard output carries the tagged lines; the log goes to standard error. Steps are imported only when they run, so
that ``trainer --help`` and a refused request cost no heavy import.
"""

import argparse
import atexit
import gc
import logging
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from step_contract import PROTOCOL_VERSION, transport
from step_contract.collector import paused_collector
from step_contract.failure import ExitCode, Failure, FailureKind
from step_contract.order import Chore, Order, Step, StepOrder, Verb
from step_contract.result import Result
from step_contract.step import StepRun
from trainer.commands import arguments as chore_arguments
from trainer.web_events import events_for

from . import __version__
from .errors import BadRequest, Failed, Terminated, kind_of, reason_of
from .settings import Settings, read_settings
from .termination import end_process, raise_on_stop_signal, stop_order_takes_precedence

_log = logging.getLogger("trainer")

_HELP = {
    Step.PREPROCESS: "list, validate and split the dataset; record its manifest",
    Step.TRAIN: "train, from the last checkpoint if there is one",
    Step.EVALUATE: "measure candidate and champion on the same images; record the gate's verdict",
    Step.REGISTER: "register the candidate as one model version",
    Step.PROMOTE: "move the champion alias if the verdict says so",
}
_VERBS: dict[str, Verb] = {verb.value: verb for verb in (*Step, *Chore)}
_EXIT_CODES_HELP = (
    "exit codes: 0 done, 64 bad request, 65 bad data, 70 bug in the step, 75 try again, "
    "99 refused by the gate, 143 terminated"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    parser = _parser()
    arguments = parser.parse_args(argv)
    # A process that ends looks for garbage in all libraries once more, for a second (measured).
    atexit.register(gc.freeze)
    match arguments.command:
        case None:
            parser.print_help()
            return ExitCode.BAD_REQUEST
        case "version":
            return _print_versions()
        case "sample-data":
            return _write_sample_data(arguments)
        case "close":
            return _reply(None, lambda: _close(arguments))
        case command:
            verb = _VERBS[command]
            return _reply(verb, lambda: _carry_out(verb, arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trainer", description="Run one step of a training pipeline.", epilog=_EXIT_CODES_HELP
    )
    parser.add_argument("--version", action="store_const", dest="command", const="version", help="print versions")
    commands = parser.add_subparsers(dest="command", metavar="command")
    for step in Step:
        _add_inputs(commands.add_parser(step.value, help=_HELP[step], description=_HELP[step], epilog=_EXIT_CODES_HELP))
    close = commands.add_parser("close", help="end the MLflow run of a DAG run whose step was lost without a word")
    _add_inputs(close)
    close.add_argument("--status", choices=("FAILED", "KILLED"), default="FAILED")
    close.add_argument(
        "--kind", type=FailureKind, choices=list(FailureKind), default=FailureKind.TRY_AGAIN, help="kind of failure"
    )
    close.add_argument("--reason", required=True, help="why, in one sentence")
    for chore in Chore:
        command = commands.add_parser(chore.value, help=chore_arguments.HELP[chore], epilog=_EXIT_CODES_HELP)
        _add_inputs(command)
        chore_arguments.add_options(command, chore)
    sample = commands.add_parser("sample-data", help="write handwritten digits as detection datasets, a folder a day")
    sample.add_argument("--root", type=Path, required=True, help="folder that gets one folder for each day")
    sample.add_argument("--days", nargs="+", required=True, type=date.fromisoformat, metavar="YYYY-MM-DD")
    sample.add_argument("--pictures", type=int, default=200, help="pictures a day (default 200)")
    return parser


def _add_inputs(command: argparse.ArgumentParser) -> None:
    for option, variable in (("--request", transport.REQUEST_VARIABLE), ("--run", transport.RUN_VARIABLE)):
        command.add_argument(option, type=Path, help=f"file with JSON; default: the variable {variable}")


def _read_inputs(arguments: argparse.Namespace) -> tuple[Order, StepRun]:
    try:
        return transport.decode_environment(_environment(arguments))
    except transport.ContractError as error:
        raise BadRequest(str(error)) from error


def _environment(arguments: argparse.Namespace) -> dict[str, str]:
    variables = dict(os.environ)
    for variable, path in ((transport.REQUEST_VARIABLE, arguments.request), (transport.RUN_VARIABLE, arguments.run)):
        if path is not None:
            try:
                variables[variable] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise BadRequest(f"cannot read {path}: {error}") from error
    return variables


def _carry_out(verb: Verb, arguments: argparse.Namespace) -> tuple[Result, ExitCode]:
    order, run = _read_order(verb, arguments)
    if order.verb != verb:
        raise BadRequest(f"the request is for {order.verb}, but the command is {verb}; expected the same")
    settings = read_settings()
    with raise_on_stop_signal(os.environ.get(transport.STOP_ON_STDIN_END_VARIABLE) == "1"):
        if isinstance(order, StepOrder):
            return _do_step(order, run, settings)
        with stop_order_takes_precedence():
            from trainer.commands import dispatch  # imports mlflow

            return dispatch.run_chore(order, run, settings), ExitCode.DONE


def _read_order(verb: Verb, arguments: argparse.Namespace) -> tuple[Order, StepRun]:
    """Read the order from files or variables; a chore may also be ordered by options, by a person."""
    is_ordered = arguments.request is not None or os.environ.get(transport.REQUEST_VARIABLE)
    if isinstance(verb, Chore) and not is_ordered:
        return chore_arguments.from_options(verb, arguments)
    return _read_inputs(arguments)


def _do_step(order: StepOrder, run: StepRun, settings: Settings) -> tuple[Result, ExitCode]:
    with events_for(order, run, settings) as backend, stop_order_takes_precedence():
        with paused_collector():
            from .execution import run_step  # imports mlflow

        result, code = run_step(order, run, settings, backend)
        backend.completed(result, code)
        return result, code


def _close(arguments: argparse.Namespace) -> tuple[None, ExitCode]:
    order, run = _read_inputs(arguments)
    if not isinstance(order, StepOrder):
        raise BadRequest(f"the request is for {order.verb}, which has no MLflow run to close; expected one for a step")
    settings = read_settings()
    from .execution import close_lost_run  # imports mlflow

    with events_for(order, run, settings) as backend:
        # First, because MLflow may be away as well.
        backend.failed(arguments.kind, arguments.reason)
        close_lost_run(order, run, settings, arguments.status, arguments.reason, arguments.kind)
    return None, ExitCode.DONE


def _reply(verb: Verb | None, action: Callable[[], tuple[Result | None, ExitCode]]) -> int:
    try:
        result, code = action()
    except (Exception, Terminated, Failed) as error:
        return _fail(verb, error)
    if result is not None:
        _log.info("%s", result.summary)
        _say(transport.encode_result(result))
    return code


def _fail(verb: Verb | None, error: BaseException) -> int:
    kind, run_id = kind_of(error), error.run_id if isinstance(error, Failed) else None
    if kind is FailureKind.BUG:
        _log.error("this is a bug in the step, not in its input", exc_info=error)
    # Names of files and arguments that are not UTF-8 contain what JSON cannot.
    message = reason_of(error).encode(errors="backslashreplace").decode()
    _log.error("%s: %s", kind, message)
    step = verb if isinstance(verb, Step) else None
    _say(transport.encode_failure(Failure(step=step, kind=kind, message=message, mlflow_run_id=run_id)))
    return kind.exit_code


def _say(line: str) -> None:
    """Print the answer; also leave it in the file that outlives a pod's log, unless it is too long for that."""
    with suppress(BrokenPipeError):  # the process that started this step is gone; the record has the result
        print(line, flush=True)
    path = os.environ.get(transport.ANSWER_FILE_VARIABLE)
    if path and len(line.encode()) <= transport.ANSWER_FILE_BYTES:
        try:
            Path(path).write_text(line, encoding="utf-8")
        except OSError as error:
            _log.warning("the answer could not be left in %s: %s", path, error)


def _print_versions() -> int:
    from trainer.frameworks import all_frameworks

    versions = {"trainer": __version__, "contract": str(PROTOCOL_VERSION), "mlflow": version("mlflow")}
    for framework in all_frameworks():
        versions |= framework.versions()
    for name, number in versions.items():
        print(f"{name} {number or 'none'}")
    return ExitCode.DONE


def _write_sample_data(arguments: argparse.Namespace) -> int:
    from trainer.datasets import sample_data

    for folder in sample_data.write_days(arguments.root, arguments.days, arguments.pictures):
        print(folder)
    return ExitCode.DONE


def run() -> NoReturn:
    """Be the process ``trainer``: run its command line and end."""
    end_process(main())


if __name__ == "__main__":
    run()
