"""How a request reaches a step and how its answer comes back: two environment variables in, tagged lines out.

A tagged line is ``TAG::{json}`` on the step's standard output, flushed, on a line of its own. The tags that begin with
VTM are the team's existing web UI's and must not change. Needs pydantic only.
"""

import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from . import PROTOCOL_VERSION
from .catalog import RULE_ERROR
from .chore import ChoreRequest, ChoreResult
from .record import Record
from .step import Progress, StepFailure, StepRequest, StepResult, StepRun

REQUEST_VARIABLE = "STEP_REQUEST"
RUN_VARIABLE = "STEP_RUN"
STOP_ON_STDIN_END_VARIABLE = "STEP_STOP_ON_STDIN_END"
"""Set to 1 by a parent that holds the step's standard input open: its end means that the parent is gone."""

ANSWER_FILE_VARIABLE = "STEP_ANSWER_FILE"
"""Names a file that gets the result or failure line, too: what is left of a pod whose log cannot be read any more."""

ANSWER_FILE_BYTES = 4096
"""Kubernetes keeps no more of a termination message."""

RESULT_TAG = "STEP_RESULT::"
FAILURE_TAG = "STEP_FAILURE::"
PROGRESS_TAG = "VTM_PROGRESS::"
RUN_META_TAG = "VTM_RUN_META::"

Answer = StepResult | ChoreResult | StepFailure
"""What a step or a chore says at its end."""

_MOST_PROBLEMS = 8
"""That a message names; more tell a person nothing, and a log line has an end."""

_Message = TypeVar("_Message", bound=Record)


class ContractError(ValueError):
    """A request, run or tagged line is not what the contract says; the message names the field."""


def encode_environment(request: StepRequest | ChoreRequest, run: StepRun) -> dict[str, str]:
    """Return the two variables that carry a request and a run."""
    return {REQUEST_VARIABLE: request.model_dump_json(), RUN_VARIABLE: run.model_dump_json()}


def decode_request(text: str) -> StepRequest:
    """Read a request, its protocol version first.

    Raises:
        ContractError: not JSON, another protocol version, or a field that is missing, unknown or wrong.
    """
    return _decode(StepRequest, text, f"request ({REQUEST_VARIABLE})")


def decode_chore(text: str) -> ChoreRequest:
    """Read a chore's request, its protocol version first.

    Raises:
        ContractError: not JSON, another protocol version, or a field that is missing, unknown or wrong.
    """
    return _decode(ChoreRequest, text, f"request ({REQUEST_VARIABLE})")


def decode_run(text: str) -> StepRun:
    """Read a run's identity.

    Raises:
        ContractError: not JSON, or a field that is missing, unknown or wrong.
    """
    return _decode(StepRun, text, f"run ({RUN_VARIABLE})")


def decode_environment(environment: Mapping[str, str]) -> tuple[StepRequest, StepRun]:
    """Read request and run from the environment of a step.

    Raises:
        ContractError: a variable is not set, or its text is not what the contract says.
    """
    _check_set(environment)
    return decode_request(environment[REQUEST_VARIABLE]), decode_run(environment[RUN_VARIABLE])


def decode_chore_environment(environment: Mapping[str, str]) -> tuple[ChoreRequest, StepRun]:
    """Read request and run from the environment of a chore.

    Raises:
        ContractError: a variable is not set, or its text is not what the contract says.
    """
    _check_set(environment)
    return decode_chore(environment[REQUEST_VARIABLE]), decode_run(environment[RUN_VARIABLE])


def _check_set(environment: Mapping[str, str]) -> None:
    missing = [name for name in (REQUEST_VARIABLE, RUN_VARIABLE) if not environment.get(name)]
    if missing:
        raise ContractError(f"{' and '.join(missing)} not set; expected the step's request and run as JSON")


def encode_result(result: StepResult | ChoreResult) -> str:
    """Return the result line."""
    return RESULT_TAG + result.model_dump_json()


def encode_failure(failure: StepFailure) -> str:
    """Return the failure line."""
    return FAILURE_TAG + failure.model_dump_json()


def encode_progress(progress: Progress) -> str:
    """Return the line that the web UI parses after each epoch; metrics stand beside epoch and device."""
    fields = {
        "epoch": progress.epoch,
        "total_epochs": progress.total_epochs,
        **progress.metrics,
        "device": progress.device,
    }
    return PROGRESS_TAG + json.dumps(fields, ensure_ascii=False)


def encode_run_meta(mlflow_run_id: str) -> str:
    """Return the line that tells the web UI which MLflow run to watch."""
    return RUN_META_TAG + json.dumps({"mlflow_run_id": mlflow_run_id})


def decode_line(line: str) -> Answer | None:
    """Return the result or failure that a line of output carries, or None for any other line.

    Raises:
        ContractError: the line has a tag but its JSON is not what the contract says.
    """
    text = line.strip()
    if text.startswith(RESULT_TAG):
        return decode_result(text.removeprefix(RESULT_TAG))
    if text.startswith(FAILURE_TAG):
        return _decode(StepFailure, text.removeprefix(FAILURE_TAG), "failure line")
    return None


def decode_result(text: str) -> StepResult | ChoreResult:
    """Read the JSON of a result, a step's or a chore's.

    Raises:
        ContractError: not JSON, another protocol version, or a field that is missing, unknown or wrong.
    """
    outcome = _json_object(text, "result line").get("outcome")
    if isinstance(outcome, dict) and "chore" in outcome:
        return _decode(ChoreResult, text, "result line")
    return _decode(StepResult, text, "result line")


def _decode(kind: type[_Message], text: str, what: str) -> _Message:
    _check_protocol(_json_object(text, what).get("protocol", PROTOCOL_VERSION), what)
    try:
        # JSON mode: tuples, enums and dates arrive as JSON has them.
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise ContractError(f"{what}: {describe_validation_error(error)}") from error


def _json_object(text: str, what: str) -> dict[str, object]:
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, or text nested too deep
        raise ContractError(f"{what}: not JSON ({error}); got {text[:80]!r}") from error
    if not isinstance(raw, dict):
        raise ContractError(f"{what}: expected a JSON object, got {type(raw).__name__}")
    return raw


def _check_protocol(theirs: object, what: str) -> None:
    if theirs == PROTOCOL_VERSION:
        return
    if not isinstance(theirs, int):
        raise ContractError(f"{what}: protocol is {_short(theirs)}; expected the number {PROTOCOL_VERSION}")
    older = "the sender is older: update it" if theirs < PROTOCOL_VERSION else "this side is older: update it"
    raise ContractError(f"{what}: protocol {_short(theirs)}, but this side speaks {PROTOCOL_VERSION}; {older}")


def describe_validation_error(error: ValidationError) -> str:
    """Return each problem of a validation as ``field: what (got value)``, separated by semicolons."""
    problems = []
    items = error.errors(include_url=False)
    for item in items[:_MOST_PROBLEMS]:
        field = ".".join(str(part)[:80] for part in item["loc"]) or "(whole record)"
        got = "" if item["type"] == RULE_ERROR else f" (got {_short(item['input'])})"  # a rule says it itself
        problems.append(f"{field}: {item['msg'].removeprefix('Value error, ')}{got}")
    more = len(items) - len(problems)
    return "; ".join([*problems, f"and {more} more"] if more else problems)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
