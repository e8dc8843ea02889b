"""Tests that schema and README are generated from values.yaml, which describes each value."""

import shutil
from pathlib import Path

import jsonschema
import pytest

from .chart_tools import CHARTS, chart_values

TEXT = """# About the file.

# How many.
# @schema {type: integer, minimum: 1}
number: 1
# A part
# in two lines.
part:
  # A name, or | nothing.
  # @schema text-or-null
  name: null
  # Free.
  # @schema texts
  labels: {a: b}
"""


def test_a_comment_becomes_the_description_and_a_value_the_default() -> None:
    schema = chart_values.values_schema(TEXT, "values.yaml")
    assert schema["additionalProperties"] is False
    assert schema["properties"]["number"] == {
        "description": "How many.",
        "type": "integer",
        "minimum": 1,
        "default": 1,
    }
    part = schema["properties"]["part"]
    assert (part["description"], part["additionalProperties"]) == ("A part in two lines.", False)
    assert part["properties"]["name"]["type"] == ["string", "null"]
    assert part["properties"]["labels"]["additionalProperties"] == {"type": "string"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: 1\n", "x: a: has no comment; expected one in the line above that says what it is for"),
        ("# Of the file.\n\na: 1\n", "x: a: has no comment"),
        ("# A.\na:\n  b: 1\n", "x: a: b: has no comment"),
        ("# @schema texts\na: {}\n", "x: a: has no comment"),
        ("# A.\na: {}\n", "x: a: is an empty mapping; expected `# @schema` with what may be in it"),
        ("# A.\na: null\n", "x: a: is None, which does not show a type; expected `# @schema` with it"),
        ("# A.\na: []\n", "x: a: is [], which does not show a type"),
        ("# A.\n# @schema txts\na: {}\n", "x: a: `@schema txts`: expected one of texts, text-or-null"),
        ("- a\n", "x: expected a mapping"),
    ],
)
def test_a_value_that_is_not_described_is_named(text: str, reason: str) -> None:
    with pytest.raises(chart_values.UndescribedValue) as refusal:
        chart_values.values_schema(text, "x")
    assert reason in str(refusal.value)


def test_generated_files_are_those_of_the_values() -> None:
    for path, text in chart_values.generated_files():
        assert path.read_text(encoding="utf-8") == text, f"{path}: out of date: run `make generate`"


def test_the_check_names_what_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "charts"
    shutil.copytree(CHARTS, copy)
    monkeypatch.setattr(chart_values, "CHARTS", copy)
    assert chart_values.main(["check"]) == 0
    with (copy / "training/README.md").open("a", encoding="utf-8") as page:
        page.write("x")
    assert chart_values.main(["check"]) == 1
    assert capsys.readouterr().out == "charts/training/README.md: out of date: run `make generate`\n"
    assert chart_values.main([]) == 0
    assert chart_values.main(["check"]) == 0


@pytest.mark.parametrize("chart", chart_values.NAMES)
def test_the_readme_has_a_row_for_each_key_and_the_schema_is_one(chart: str) -> None:
    text = (CHARTS / chart / "values.yaml").read_text(encoding="utf-8")
    schema = chart_values.values_schema(text, chart)
    jsonschema.Draft7Validator.check_schema(schema)
    page = (CHARTS / chart / "README.md").read_text(encoding="utf-8")
    rows = [key for key, _ in chart_values._rows(schema)]
    assert len(rows) > 30
    assert [key for key in rows if f"\n| `{key}` | " not in page] == []
