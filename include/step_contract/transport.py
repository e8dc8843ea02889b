"""Carry an order to the trainer and its result back: two environment variables in, tagged lines out.

A tagged line is ``TAG::{json}`` on standard output, flushed, on a line of its own. The tags that begin with VTM belong
to the team's existing web UI and must not change. Text that version 0.1 wrote is still read. Needs pydantic only.
"""

import json
import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from . import PROTOCOL_VERSION
from .catalog import RULE_ERROR
from .failure import Failure
from .order import Order
from .result import Progress, Result
from .step import StepRun

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

Answer = Result | Failure
"""Last word of a step or chore."""

_MOST_PROBLEMS = 8
"""A message names no more: more do not help a person, and a log line has an end."""

_Message = TypeVar("_Message", bound=BaseModel)


class _AnyOrder(RootModel[Order]):
    """An order of any verb."""


class ContractError(ValueError):
    """A request, run or tagged line is not what the contract says; the message names the field."""


def encode_environment(order: Order, run: StepRun) -> dict[str, str]:
    """Return the two variables that carry an order and a run."""
    return {REQUEST_VARIABLE: order.model_dump_json(), RUN_VARIABLE: run.model_dump_json()}


def decode_order(text: str) -> Order:
    """Read an order, its protocol version first.

    Raises:
        ContractError: not JSON, another protocol version, or a field that is missing, unknown or wrong.
    """
    return _decode(_AnyOrder, text, f"request ({REQUEST_VARIABLE})").root


def decode_run(text: str) -> StepRun:
    """Read a run's identity.

    Raises:
        ContractError: not JSON, or a field that is missing, unknown or wrong.
    """
    return _decode(StepRun, text, f"run ({RUN_VARIABLE})")


def decode_environment(environment: Mapping[str, str]) -> tuple[Order, StepRun]:
    """Read order and run from the environment of a step or chore.

    Raises:
        ContractError: a variable is not set, or its text is not what the contract says.
    """
    missing = [name for name in (REQUEST_VARIABLE, RUN_VARIABLE) if not environment.get(name)]
    if missing:
        raise ContractError(f"{' and '.join(missing)} not set; expected the step's request and run as JSON")
    return decode_order(environment[REQUEST_VARIABLE]), decode_run(environment[RUN_VARIABLE])


def encode_result(result: Result) -> str:
    """Return the result line."""
    return RESULT_TAG + result.model_dump_json()


def encode_failure(failure: Failure) -> str:
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
        return _decode(Failure, text.removeprefix(FAILURE_TAG), "failure line")
    return None


def decode_result(text: str) -> Result:
    """Read the JSON of a result.

    Raises:
        ContractError: not JSON, another protocol version, or a field that is missing, unknown or wrong.
    """
    return _decode(Result, text, "result line")


def _decode(kind: type[_Message], text: str, what: str) -> _Message:
    raw = _json_object(text, what)
    _check_protocol(raw.get("protocol", PROTOCOL_VERSION), what)
    if _is_of_version_01(raw):
        text = json.dumps(_without_chore(raw))
    try:
        # JSON mode: tuples, enums and dates arrive as JSON has them.
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise ContractError(f"{what}: {describe_validation_error(error, within_union=kind is _AnyOrder)}") from error


def _is_of_version_01(raw: Mapping[str, object]) -> bool:
    """Recognize an order or a result of a chore, which version 0.1 wrote otherwise than those of steps."""
    return any(isinstance(inner := raw.get(name), dict) and "chore" in inner for name in ("order", "outcome"))


def _without_chore(raw: Mapping[str, object]) -> dict[str, object]:
    """Write a chore's order or result of version 0.1 as this version does: the verb in ``step``, the order flat."""
    changed: dict[str, object] = {}
    for name, value in raw.items():
        if name not in ("order", "outcome") or not isinstance(value, dict):
            changed[name] = value
            continue
        inner = {"step" if key == "chore" else key: item for key, item in value.items()}
        changed |= inner if name == "order" else {name: inner}
    return changed


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


def describe_validation_error(error: ValidationError, *, within_union: bool = False) -> str:
    """Return each problem of a validation as ``field: what (got value)``, separated by semicolons.

    Args:
        error: from pydantic.
        within_union: the record was chosen by its verb, which pydantic names before each field.
    """
    items = error.errors(include_url=False)
    problems = [_problem(item, item["loc"][1:] if within_union else item["loc"]) for item in items[:_MOST_PROBLEMS]]
    more = len(items) - len(problems)
    return "; ".join([*problems, f"and {more} more"] if more else problems)


def _problem(item: ErrorDetails, place: tuple[int | str, ...]) -> str:
    message, got = item["msg"].removeprefix("Value error, "), item["input"]
    if item["type"] in ("union_tag_not_found", "union_tag_invalid"):
        place += (item["ctx"]["discriminator"].split("'")[-2],)
        message, got = _about_verb(item)
    field = ".".join(str(part)[:80] for part in place) or "(whole record)"
    return f"{field}: {message}" + ("" if item["type"] == RULE_ERROR else f" (got {_short(got)})")


def _about_verb(item: ErrorDetails) -> tuple[str, object]:
    """Say what is wrong with the verb that tells the records of a union apart, in pydantic's words for other fields."""
    if item["type"] == "union_tag_not_found":
        return "Field required", item["input"]
    expected = re.findall(r"'[^']+'", item["ctx"]["expected_tags"])
    return f"Input should be {', '.join(expected[:-1])} or {expected[-1]}", item["ctx"]["tag"]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
