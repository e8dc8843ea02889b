"""Put a JSON Schema, a choice and a value into the words of an error message.

The schemas are those of the catalog's fields and of ultralytics' arguments. Their words become the "expected ..." of an
error, so that the messages of pydantic and jsonschema read like our own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

Schema = Mapping[str, Any]

_LONGEST_TEXT = 60
_LONGEST_KEY = 100


def expected(schema: Schema, definitions: Mapping[str, Schema] | None = None) -> str:
    """Return the values that a schema describes, in words: ``a number from 0 to 1``; null is omitted."""
    if "$ref" in schema:
        return expected((definitions or {})[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        alternatives = [expected(item, definitions) for item in schema["anyOf"] if item.get("type") != "null"]
        return " or ".join(dict.fromkeys(alternatives))
    if "enum" in schema:
        return choices(schema["enum"])
    if schema.get("type") in ("integer", "number"):
        return _number_words(schema)
    return _other_words(schema, definitions)


def _number_words(schema: Schema) -> str:
    noun = "a whole number" if schema["type"] == "integer" else "a number"
    low, above, high = schema.get("minimum"), schema.get("exclusiveMinimum"), schema.get("maximum")
    if above is not None and schema["type"] == "integer":
        low, above = above + 1, None
    if above is not None:
        return f"{noun} above {above:g}" + (f" and up to {_plain(high)}" if high is not None else "")
    if low is None:
        return noun if high is None else f"{noun} up to {_plain(high)}"
    return f"{noun} from {_plain(low)} to {_plain(high)}" if high is not None else f"{noun} of at least {_plain(low)}"


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)


def _other_words(schema: Schema, definitions: Mapping[str, Schema] | None) -> str:
    kind = schema.get("type")
    if kind == "array":
        count = f"{schema['minItems']} items" if "minItems" in schema else "items"
        return f"a list of {count}, each {expected(schema['items'], definitions)}"
    if kind == "string" and "pattern" in schema:
        return str(schema.get("patternErrorMessage", f"text that matches {schema['pattern']}"))
    if kind == "string":
        return "a date such as 2026-01-31" if schema.get("format") == "date" else "text"
    return {"boolean": "true or false", "object": "a mapping"}.get(str(kind), "a value")


def choices(values: Iterable[object]) -> str:
    """Return ``one of a, b, c``, or the only value."""
    names = [str(value) for value in values]
    return names[0] if len(names) == 1 else f"one of {', '.join(names)}"


def nearest(word: str, names: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """Return the name that a misspelt word most likely means, or None if no name is similar enough (0 to 1)."""
    if len(word) > _LONGEST_KEY:  # comparing long texts takes long
        return None
    import difflib  # only for a file with a fault

    by_lower = {name.lower(): name for name in names}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=likeness)
    return by_lower[found[0]] if found else None


def shown(value: object) -> str:
    """Return a value as an error shows it: short, on one line, and with its type if it is text."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{_shortened(repr(value))} (text)" if isinstance(value, str) else _shortened(repr(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 3] + "..."
