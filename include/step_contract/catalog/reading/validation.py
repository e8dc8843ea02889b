"""Validate a pipeline's fields: return the ``Pipeline``, or every problem of the fields.

A null gives a field its default, whatever ``defaults:`` says.

Pydantic stops at the first rule that a record breaks and does not check a pipeline's rules while a field is wrong. To
report all problems at once, wrong fields are removed and the rest is validated again.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..field_types import PIPELINE_NAME, PIPELINE_NAME_WORDS, RULE_ERROR
from ..pipeline import Pipeline
from ..train_arguments import settable_arguments
from ..words import choices, expected, nearest, shown
from .arguments import accepts, check_arguments
from .cron import cron_fault
from .problem import Finding, KeyPath, Scope

Fields = dict[str, Any]

MAX_FINDINGS = 100
_ARGUMENTS = ("training", "arguments")
_CRON = ("schedule", "cron")
_PIPELINE_RULES = (("gate", "metric"), ("dataset", "format"))
"""Fields whose valid values also depend on the pipeline's task."""
_CRON_WORDS = "a cron expression of five fields such as '0 2 * * *'"
_SOME_NAME = "pipeline"


def validate(name: str, fields: Fields) -> tuple[Pipeline | None, list[Finding]]:
    """Return the pipeline, or None and the problems of its name and fields."""
    named = _check_name(name)
    fields = _without_null_arguments(fields)
    found = _check_beyond_records(fields)
    pipeline = _validate_records(_SOME_NAME if named else name, fields, found)
    findings = [*named, *found.values()][:MAX_FINDINGS]
    return (None if findings else pipeline), findings


def validate_defaults(fields: Fields) -> list[Finding]:
    """Return the problems of single fields; a pipeline may add missing fields and change conflicting ones."""
    fields = _without_null_arguments(fields)
    found = _check_beyond_records(fields)
    _validate_records(_SOME_NAME, fields, found, is_partial=True)
    return [finding for finding in found.values() if finding.scope == "field"][:MAX_FINDINGS]


def _check_name(name: str) -> list[Finding]:
    if re.fullmatch(PIPELINE_NAME, name):
        return []
    return [Finding((), "bad pipeline name", PIPELINE_NAME_WORDS)]


def _check_beyond_records(fields: Fields) -> dict[KeyPath, Finding]:
    """Return the findings of the rules that the records do not know, by path."""
    checked = (*_check_name_field(fields), *_check_cron(fields), *_check_train_arguments(fields))
    return {finding.path: finding for finding in checked}


def _check_name_field(fields: Fields) -> list[Finding]:
    if "name" not in fields:
        return []
    return [Finding(("name",), "unknown key", "the name as the pipeline's key only", advice="remove it")]


def _check_cron(fields: Fields) -> list[Finding]:
    cron = value_at(fields, _CRON)
    fault = cron_fault(cron) if isinstance(cron, str) and cron.strip() else None
    return [Finding(_CRON, f"got {shown(cron)}, which {fault}", _CRON_WORDS)] if fault else []


def _check_train_arguments(fields: Fields) -> list[Finding]:
    arguments = value_at(fields, _ARGUMENTS)
    if not isinstance(arguments, dict):
        return []
    findings = islice(check_arguments(arguments), MAX_FINDINGS)
    return [replace(finding, path=(*_ARGUMENTS, *finding.path)) for finding in findings]


def _without_null_arguments(fields: Fields) -> Fields:
    """Return the fields without null arguments for which ultralytics has no null."""
    arguments = value_at(fields, _ARGUMENTS)
    if not isinstance(arguments, dict) or None not in arguments.values():
        return fields
    settable = settable_arguments()
    nulls = [name for name, value in arguments.items() if value is None and name in settable]
    for name in nulls:
        if not accepts(name, None):
            fields = _without(fields, (*_ARGUMENTS, name))
    return fields


def _validate_records(
    name: str, fields: Fields, known: dict[KeyPath, Finding], *, is_partial: bool = False
) -> Pipeline | None:
    """Validate the fields without those known to be wrong, and add further findings to ``known``.

    Partial fields may lack fields that a pipeline requires.
    """
    faulty: Iterable[KeyPath] = list(known)
    while True:
        for path in faulty:
            fields = _without(fields, path)
        try:
            # JSON and strict: so this accepts exactly what the published JSON Schema and an editor accept.
            return Pipeline.model_validate_json(json.dumps({**fields, "name": name}), strict=True)
        except ValidationError as error:
            items = error.errors(include_url=False)[:MAX_FINDINGS]
        if is_partial:
            items = [item for item in items if item["type"] != "missing"]
        nulls = [item["loc"] for item in items if _means_default(item)]
        found = [_finding(item) for item in items if not _means_default(item)]
        news = {finding.path: finding for finding in found if _is_news(finding, known)}
        known |= news
        if len(known) >= MAX_FINDINGS or not (news or nulls):
            return None
        faulty = [*news, *nulls]


def _means_default(item: ErrorDetails) -> bool:
    if item["input"] is not None or item["type"] in ("extra_forbidden", RULE_ERROR):
        return False
    return "default" in _schema_at(item["loc"])


def _is_news(finding: Finding, known: Mapping[KeyPath, Finding]) -> bool:
    """Return whether a finding has its own cause, rather than that some fields were removed."""
    path = finding.path
    if any(path[:length] in known for length in range(len(path) + 1)):
        return False
    return finding.scope != "record" or not any(other[: len(path)] == path for other in known)


def _finding(item: ErrorDetails) -> Finding:
    path, got = tuple(item["loc"]), f"got {shown(item['input'])}"
    if item["type"] == RULE_ERROR:
        facts = item["ctx"]
        scope: Scope = "pipeline" if path in _PIPELINE_RULES else "record"
        return Finding(path, facts["got"], facts["expected"], nearest=facts["meant"], scope=scope)
    if item["type"] == "extra_forbidden":
        return _unknown_key(path)
    if item["type"] == "json_invalid":  # half a surrogate pair, which only YAML without libyaml accepts
        return Finding((), "got text that is not Unicode", "Unicode text")
    schema = _schema_at(path)
    words = expected(schema, _definitions())
    if item["type"] == "missing":
        # Pydantic omits a field's description if it equals that of the record.
        about = str(schema.get("description") or _resolve(schema)["description"]).rstrip(".")
        return Finding(path, "missing", f"{words} ({about})", scope="pipeline")
    words += _limit_words(item["type"], item.get("ctx", {})) if isinstance(item["input"], str) else ""
    return Finding(path, got, words, nearest=_meant(schema, item["input"]), advice=_advice(schema, item["input"]))


def _limit_words(kind: str, limits: Mapping[str, Any]) -> str:
    """Return the limit of a text or a date; its JSON Schema does not state it, or states it too often."""
    words = {
        "string_too_short": " that is not empty",
        "string_too_long": " of at most {max_length} characters",
        "greater_than_equal": ", not before {ge}",
        "less_than_equal": ", not after {le}",
    }
    return words.get(kind, "").format(**limits)


def _unknown_key(path: KeyPath) -> Finding:
    names = [key for key in _resolve(_schema_at(path[:-1])).get("properties", {}) if key != "name"]
    return Finding(path, "unknown key", choices(names), nearest=nearest(str(path[-1]), names))


def _advice(schema: Mapping[str, Any], value: object) -> str | None:
    kinds = {kind.get("type") for kind in (schema, *schema.get("anyOf", ()))}
    if "string" in kinds and isinstance(value, int | float):
        return "put it in quotes"
    if kinds & {"integer", "number"} and isinstance(value, str) and re.fullmatch(r"[-+]?[0-9.]+", value):
        return "write it without quotes"
    return None


def _meant(schema: Mapping[str, Any], value: object) -> str | None:
    if not isinstance(value, str):
        return None
    resolved = [_resolve(item) for item in (schema, *schema.get("anyOf", ()))]
    return nearest(value, [str(name) for item in resolved for name in item.get("enum", ())])


@cache
def _pipeline_schema() -> dict[str, Any]:
    return Pipeline.model_json_schema()


def _definitions() -> dict[str, Any]:
    definitions: dict[str, Any] = _pipeline_schema()["$defs"]
    return definitions


def _resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for part in (schema, *schema.get("anyOf", ())):
        if "$ref" in part:
            resolved: Mapping[str, Any] = _definitions()[part["$ref"].rpartition("/")[2]]
            return resolved
    return schema


def _schema_at(path: KeyPath) -> Mapping[str, Any]:
    """Return the JSON Schema of a field, of an item if the path ends in an index, or an empty one."""
    schema: Mapping[str, Any] = _pipeline_schema()
    for part in path:
        resolved = _resolve(schema)
        schema = _items(resolved) if isinstance(part, int) else resolved.get("properties", {}).get(part, {})
    return schema


def _items(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the items of a list, or of a list or null."""
    return next((part["items"] for part in (schema, *schema.get("anyOf", ())) if "items" in part), {})


def value_at(fields: Fields, path: KeyPath) -> object:
    """Return the value at a path of keys, or None."""
    value: object = fields
    for part in path:
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _without(fields: Fields, path: KeyPath) -> Fields:
    """Return a copy without the key at a path; a list is removed as a whole."""
    if not path or not isinstance(fields, dict) or path[0] not in fields:
        return fields
    key = str(path[0])
    rest = {name: value for name, value in fields.items() if name != key}
    if len(path) > 1 and isinstance(fields[key], dict):
        rest[key] = _without(fields[key], path[1:])
    return rest
