"""Make values.schema.json and README.md of each chart from its values.yaml, the one place where a value is described.

A key's comment is its description; its value is the default and gives the type. Where the value does not say enough,
the comment ends with a line ``# @schema`` and either a name of SHARED or a JSON Schema in YAML's flow style.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

CHARTS = Path(__file__).resolve().parents[1] / "charts"
NAMES = ("training", "mlflow", "airflow")
MARK = "@schema "

_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_QUANTITIES = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}, "minProperties": 1}
SHARED: Mapping[str, Mapping[str, Any]] = {
    "texts": _TEXTS,
    "text-or-null": {"type": ["string", "null"]},
    "text-list": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object"},
    "object-list": {"type": "array", "items": {"type": "object"}},
    "quantities": _QUANTITIES,
    "resources": {
        "type": "object",
        "properties": {"requests": _QUANTITIES, "limits": _QUANTITIES},
        "required": ["requests", "limits"],
        "additionalProperties": False,
    },
}
_TYPES: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"))


class UndescribedValue(Exception):
    """A key has no comment, or its type cannot be seen."""


def main(arguments: list[str]) -> int:
    """Write the generated files, or with ``check`` say which differ and return 1."""
    stale = []
    for path, text in generated_files():
        if arguments != ["check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(CHARTS.parent))
    for path in stale:
        print(f"{path}: out of date: run `make generate`")
    return 1 if stale else 0


def generated_files() -> Iterator[tuple[Path, str]]:
    """Yield each generated file with what should be in it."""
    for name in NAMES:
        folder = CHARTS / name
        text = (folder / "values.yaml").read_text(encoding="utf-8")
        schema = values_schema(text, str(folder.relative_to(CHARTS.parent) / "values.yaml"))
        yield folder / "values.schema.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        yield folder / "README.md", _readme(folder, schema)


def values_schema(text: str, source: str) -> dict[str, Any]:
    """Return the JSON Schema of a values file.

    Raises:
        UndescribedValue: a key has no comment, or a comment does not say enough.
    """
    node = yaml.compose(text)
    if not isinstance(node, yaml.MappingNode):
        raise UndescribedValue(f"{source}: expected a mapping")
    return {"$schema": "http://json-schema.org/draft-07/schema#", **_mapping(node, text.splitlines(), source)}


def _mapping(node: yaml.MappingNode, lines: list[str], where: str) -> dict[str, Any]:
    properties = {key.value: _value(key, value, lines, f"{where}: {key.value}") for key, value in node.value}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(key: yaml.Node, node: yaml.Node, lines: list[str], where: str) -> dict[str, Any]:
    comment = list(_comment_above(key.start_mark.line, lines))
    marks = [line.removeprefix(MARK) for line in comment if line.startswith(MARK)]
    description = " ".join(line for line in comment if not line.startswith(MARK)).strip()
    if not description:
        raise UndescribedValue(f"{where}: has no comment; expected one in the line above that says what it is for")
    schema: dict[str, Any] = {"description": description}
    default = yaml.safe_load(yaml.serialize(node))
    if marks:
        schema |= _mark(marks[0], where)
    if isinstance(node, yaml.MappingNode) and "type" not in schema:
        if not node.value:
            raise UndescribedValue(f"{where}: is an empty mapping; expected `# @schema` with what may be in it")
        return schema | _mapping(node, lines, where)
    if "type" not in schema and "enum" not in schema:
        schema["type"] = _type(default, where)
    return schema | {"default": default}


def _mark(text: str, where: str) -> Mapping[str, Any]:
    known: object = SHARED.get(text) or yaml.safe_load(text)
    if not isinstance(known, Mapping):
        raise UndescribedValue(f"{where}: `@schema {text}`: expected one of {', '.join(SHARED)}, or a JSON Schema")
    return known


def _type(default: object, where: str) -> str:
    for python_type, name in _TYPES:
        if isinstance(default, python_type):
            return name
    raise UndescribedValue(f"{where}: is {default!r}, which does not show a type; expected `# @schema` with it")


def _comment_above(line: int, lines: list[str]) -> Iterator[str]:
    begin = line
    while begin > 0 and lines[begin - 1].lstrip().startswith("#"):
        begin -= 1
    for text in lines[begin:line]:
        yield text.strip().removeprefix("#").strip()


def _readme(folder: Path, schema: Mapping[str, Any]) -> str:
    introduction = (folder / "README.head.md").read_text(encoding="utf-8")
    rows = "".join(f"| `{key}` | {_default(field)} | {_cell(field['description'])} |\n" for key, field in _rows(schema))
    return (
        f"<!-- Generated by .ci/chart_values.py from values.yaml and README.head.md; change those. -->\n"
        f"{introduction}\n## Values\n\n| Key | Default | Meaning |\n| --- | --- | --- |\n{rows}"
    )


def _rows(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, field in schema["properties"].items():
        yield f"{prefix}{key}", field
        # A mapping with a default of its own is described as a whole.
        if field.get("type") == "object" and "default" not in field:
            yield from _rows(field, f"{prefix}{key}.")


def _default(field: Mapping[str, Any]) -> str:
    if "default" not in field:
        return ""
    text = json.dumps(field["default"], ensure_ascii=False)
    return f"`{_cell(text)}`" if len(text) <= 60 else "see values.yaml"


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
