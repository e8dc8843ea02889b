"""Check a pipeline's ``training.arguments`` against the list of train arguments of the pinned ultralytics."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..train_arguments import SET_ELSEWHERE, has_effect_elsewhere, settable_arguments, ultralytics_version
from ..words import expected, fits, nearest, shown
from .problem import Finding


def check_arguments(arguments: Mapping[str, object]) -> Iterator[Finding]:
    """Yield what is wrong with a pipeline's ``training.arguments``; paths begin below it."""
    settable = settable_arguments()
    for name, value in arguments.items():
        schema = settable.get(name)
        if schema is None:
            yield _not_settable(name)
        elif not fits(schema, value):
            yield Finding((name,), f"got {shown(value)}", expected(schema), nearest=_meant(schema, value))


def _not_settable(name: str) -> Finding:
    if name in SET_ELSEWHERE:
        return Finding((name,), "is set by the platform", SET_ELSEWHERE[name])
    a_train_argument = f"a train argument of ultralytics {ultralytics_version()} (docs/catalog.md lists them)"
    if has_effect_elsewhere(name):
        return Finding((name,), "has no effect on training", a_train_argument)
    return Finding(
        (name,), "unknown ultralytics argument", a_train_argument, nearest=nearest(name, settable_arguments())
    )


def _meant(schema: Mapping[str, Any], value: object) -> str | None:
    alternatives = schema.get("anyOf", [schema])
    names = [str(name) for alternative in alternatives for name in alternative.get("enum", ())]
    return nearest(value, names) if isinstance(value, str) else None
