"""Check a pipeline's ``training.arguments`` against the train arguments of the pinned ultralytics."""

import math
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, TypeChecker
from jsonschema.validators import extend

from ..train_arguments import SET_ELSEWHERE, is_of_another_mode, settable_arguments, ultralytics_version
from ..words import expected, nearest, shown
from .problem import Finding


def _is_integer(_checker: TypeChecker, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: TypeChecker, value: object) -> bool:
    return _is_integer(checker, value) or (isinstance(value, float) and math.isfinite(value))


# JSON Schema takes 1.0 for a whole number, which ultralytics refuses, and JSON has no infinity.
_Validator = extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number}),
)


@cache
def _validator(name: str) -> Draft202012Validator:
    return _Validator(settable_arguments()[name])


def accepts(name: str, value: object) -> bool:
    """Return whether a settable argument may have a value."""
    return bool(_validator(name).is_valid(value))


def check_arguments(arguments: Mapping[str, object]) -> Iterator[Finding]:
    """Yield the problems of a pipeline's ``training.arguments``; their paths begin below it."""
    settable = settable_arguments()
    for name, value in arguments.items():
        if name not in settable:
            yield _not_settable(name)
        elif not accepts(name, value):
            schema = settable[name]
            yield Finding((name,), f"got {shown(value)}", expected(schema), nearest=_meant(schema, value))


def _not_settable(name: str) -> Finding:
    if name in SET_ELSEWHERE:
        return Finding((name,), "is set by the platform", "no value here", advice=SET_ELSEWHERE[name])
    a_train_argument = f"a train argument of ultralytics {ultralytics_version()} (docs/catalog.md lists them)"
    if is_of_another_mode(name):
        return Finding((name,), "has no effect on training", a_train_argument)
    return Finding(
        (name,), "unknown ultralytics argument", a_train_argument, nearest=nearest(name, settable_arguments())
    )


def _meant(schema: Mapping[str, Any], value: object) -> str | None:
    alternatives = schema.get("anyOf", [schema])
    names = [str(name) for alternative in alternatives for name in alternative.get("enum", ())]
    return nearest(value, names) if isinstance(value, str) else None
