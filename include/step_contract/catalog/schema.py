"""Build the JSON Schemas of catalog files, for editors and for other programs that read the files.

They describe a file as written: fields may come from ``defaults:``, so a pipeline needs only the fields that are not
there, and null, which clears a default, is allowed wherever there is a default. The files of a folder may also inherit
from ``defaults.yaml``, which their schema cannot see, so it requires no field of a pipeline.
"""

from typing import Any

from .pipeline import CATALOG_VERSION, TASK_METRICS, Pipeline
from .train_arguments import settable_arguments, ultralytics_version

Schema = dict[str, Any]

_CRON_PATTERN = r"^\S+( +\S+){4}$"
_NULL: Schema = {"type": "null"}


def catalog_schema() -> Schema:
    """Return the schema of a catalog in one file; its ``$id`` carries the catalog's version."""
    pipeline = Pipeline.model_json_schema()
    needed = _needed_fields(pipeline, pipeline["$defs"])
    return _file_schema(
        "urn:nightshift:training-catalog",
        "Nightshift training catalog",
        {"required": ["version", "pipelines"]},
        {"allOf": [_in_defaults_or_in_each(path) for path in needed]},
    )


def folder_file_schema() -> Schema:
    """Return the schema of each file of a catalog folder, including ``defaults.yaml``."""
    return _file_schema(
        "urn:nightshift:training-catalog-folder",
        "File of a Nightshift training catalog folder",
        {"required": ["version"]},
        {"anyOf": [{"required": ["pipelines"]}, {"required": ["defaults"]}]},
    )


def _file_schema(urn: str, title: str, required: Schema, rules: Schema) -> Schema:
    pipeline = Pipeline.model_json_schema()
    definitions = pipeline.pop("$defs")
    names = pipeline["properties"].pop("name")
    _complete(definitions)
    definitions["Pipeline"] = pipeline
    definitions["TrainArguments"] = _train_arguments()
    records = {name: record for name, record in sorted(definitions.items()) if "properties" in record}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{urn}:{CATALOG_VERSION}",
        "title": f"{title}, version {CATALOG_VERSION}",
        "type": "object",
        "additionalProperties": False,
        **required,
        "properties": _file_properties(names),
        **rules,
        "$defs": {name: _as_written(record, definitions) for name, record in records.items()},
    }


def _file_properties(names: Schema) -> Schema:
    return {
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
