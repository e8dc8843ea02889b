"""The JSON Schema of a catalog file, for editors and for other programs that read the file.

It describes the file as written: fields may come from ``defaults:``, so a pipeline must have only what is not there,
and null, which clears a default, is allowed wherever there is a default. Needs pydantic only.
"""

from typing import Any

from .pipeline import CATALOG_VERSION, TASK_METRICS, Pipeline
from .train_arguments import settable_arguments, ultralytics_version

Schema = dict[str, Any]

_CRON_PATTERN = r"^\S+( +\S+){4}$"
_NULL: Schema = {"type": "null"}


def catalog_schema() -> Schema:
    """Return the schema; its ``$id`` carries the catalog's version."""
    pipeline = Pipeline.model_json_schema()
    definitions = pipeline.pop("$defs")
    names = pipeline["properties"].pop("name")
    needed = _needed_fields(pipeline, definitions)
    _complete(definitions)
    definitions["Pipeline"] = pipeline
    definitions["TrainArguments"] = _train_arguments()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:nightshift:training-catalog:{CATALOG_VERSION}",
        "title": f"Nightshift training catalog, version {CATALOG_VERSION}",
        "type": "object",
        "additionalProperties": False,
        "required": ["version", "pipelines"],
        "properties": {
            "version": {"const": CATALOG_VERSION, "description": "Version of this schema."},
            "defaults": {
                "description": "Fields that all pipelines share; a pipeline's own go on top.",
                "$ref": "#/$defs/Pipeline",
            },
            "pipelines": {
                "description": "Pipelines by name; each becomes the DAG train_<name>.",
                "type": "object",
                "propertyNames": {key: names[key] for key in ("pattern", "patternErrorMessage")},
                "additionalProperties": {"$ref": "#/$defs/Pipeline"},
            },
        },
        "allOf": [_in_defaults_or_in_each(path) for path in needed],
        "$defs": {
            name: _as_written(record, definitions)
            for name, record in sorted(definitions.items())
            if "properties" in record
        },
    }


def _needed_fields(record: Schema, definitions: Schema) -> list[tuple[str, ...]]:
    """Return the paths of the fields that a pipeline cannot do without."""
    paths: list[tuple[str, ...]] = []
    for key in record["required"]:
        reference = record["properties"].get(key, {}).get("$ref", "")
        below = definitions.get(reference.rpartition("/")[2], {})
        if key != "name":
            paths += [(key, *path) for path in _needed_fields(below, definitions)] if "required" in below else [(key,)]
    return paths


def _in_defaults_or_in_each(path: tuple[str, ...]) -> Schema:
    return {
        "if": {"not": {"required": ["defaults"], "properties": {"defaults": _requires(path)}}},
        "then": {"properties": {"pipelines": {"additionalProperties": _requires(path)}}},
    }


def _requires(path: tuple[str, ...]) -> Schema:
    below = {"properties": {path[0]: _requires(path[1:])}} if len(path) > 1 else {}
    return {"type": "object", "required": [path[0]], **below}


def _complete(definitions: Schema) -> None:
    """Add what the catalog's reader checks beyond the records' own types."""
    arguments = definitions["Training"]["properties"]["arguments"]
    for key in ("additionalProperties", "type"):
        del arguments[key]
    arguments["$ref"] = "#/$defs/TrainArguments"
    metrics = dict.fromkeys(name for names in TASK_METRICS.values() for name in names)
    definitions["Gate"]["properties"]["metric"]["enum"] = list(metrics)
    cron = definitions["Schedule"]["properties"]["cron"]["anyOf"][0]
    cron |= {"pattern": _CRON_PATTERN, "patternErrorMessage": "five fields such as '0 2 * * *'"}


def _train_arguments() -> Schema:
    return {
        "description": f"Train arguments of ultralytics {ultralytics_version()}.",
        "type": "object",
        "properties": settable_arguments(),
    }


def _as_written(record: Schema, definitions: Schema) -> Schema:
    """Return the schema of a record as a part of it may stand in the file: nothing is required, null is allowed."""
    properties = {key: _clearable(field, definitions) for key, field in record["properties"].items()}
    about = {"description": record["description"]} if "description" in record else {}
    return {**about, "type": ["object", "null"], "additionalProperties": False, "properties": properties}


def _clearable(field: Schema, definitions: Schema) -> Schema:
    """Return a field's schema with null allowed; without an anyOf where possible, for an editor's better messages."""
    about = {key: value for key, value in field.items() if key in ("description", "default")}
    kind = {key: value for key, value in field.items() if key not in (*about, "title")}
    alternatives = [alternative for alternative in kind.pop("anyOf", []) if alternative != _NULL]
    if len(alternatives) > 1:
        return {**about, "anyOf": [*alternatives, _NULL]}
    kind |= alternatives[0] if alternatives else {}
    if "$ref" in kind:
        target = definitions[kind["$ref"].rpartition("/")[2]]
        if "properties" in target:  # a record, which allows null itself
            return {**about, **kind}
        kind = {"type": target["type"], "enum": target["enum"]}
    choices = {"enum": [*kind["enum"], None]} if "enum" in kind else {}
    return {**about, **kind, "type": [kind["type"], "null"], **choices}
