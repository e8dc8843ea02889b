"""Read a catalog file: every pipeline that is sound, and everything that is wrong with the others, in one pass.

A bad pipeline never takes the others down. What ``defaults:`` says wrong is reported once, not once a pipeline.
Of two pipelines with one name or one registered model, the first in the file keeps it. Needs PyYAML and croniter.
"""

from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from ..pipeline import DAG_ID_PREFIX, Pipeline
from ..words import nearest, shown
from .excerpt import excerpt_for, is_named_once
from .problem import CatalogError, CatalogProblem, Finding, KeyPath
from .source import CatalogSource, open_catalog, read_text
from .validation import Fields, validate, value_at
from .yaml_tree import Entry, line_of, value_of

_MODEL = ("registry", "model")


@dataclass(frozen=True)
class CatalogReading:
    """The sound pipelines by name, in the file's order, and all problems, in the order of their lines."""

    pipelines: dict[str, Pipeline]
    problems: tuple[CatalogProblem, ...]


def read_catalog(path: Path, only_dag_id: str | None = None) -> CatalogReading:
    """Read all pipelines, or only the one of a DAG, which costs the same however many others the file holds.

    Never raises for what is in the file, or if there is none: that is a problem of the reading.
    """
    try:
        text = read_text(path)
        if only_dag_id is None:
            return _read_all(text, str(path))
        if not only_dag_id.startswith(DAG_ID_PREFIX):
            return CatalogReading({}, ())
        return _read_one(text, str(path), only_dag_id.removeprefix(DAG_ID_PREFIX))
    except CatalogError as error:
        return CatalogReading({}, (error.problem,))


def _read_all(text: str, file: str) -> CatalogReading:
    source = open_catalog(text, file)
    owners: dict[str, str] = {}
    pipelines = {name: _examine(source, name, owners) for name in source.pipelines}
    return _reading(source, pipelines)


def _read_one(text: str, file: str, name: str) -> CatalogReading:
    """Read one pipeline from the lines it needs; if anything about them is unusual, from the whole text."""
    excerpt = excerpt_for(text, name)
    if excerpt is not None:
        try:
            reading = _read_all(excerpt, file)
        except CatalogError:
            return _read_one_of_all(text, file, name)
        own = reading.pipelines.get(name)
        if own and not reading.problems and is_named_once(text, excerpt, own.registry.model):
            return reading
    return _read_one_of_all(text, file, name)


def _read_one_of_all(text: str, file: str, name: str) -> CatalogReading:
    source = open_catalog(text, file)
    if name not in source.pipelines:
        missing = Finding((), "no such pipeline", "a pipeline of the catalog")
        source.report(name, [replace(missing, nearest=nearest(name, source.pipelines))])
        return _reading(source, {})
    pipeline = _examine(source, name, _owners_before(source, name))
    return _reading(source, {name: pipeline})


def _owners_before(source: CatalogSource, name: str) -> dict[str, str]:
    """Return which of the pipelines above one in the file has which registered model."""
    owners: dict[str, str] = {}
    for other, entry in takewhile(lambda item: item[0] != name, source.pipelines.items()):
        own = _own_fields(entry, [])
        if isinstance(own, dict):
            _taken_model(_merged(source.defaults, own), other, owners)
    return owners


def _reading(source: CatalogSource, pipelines: dict[str, Pipeline | None]) -> CatalogReading:
    sound = {name: pipeline for name, pipeline in pipelines.items() if pipeline}
    # A problem of the defaults was found with each pipeline that inherits it; here it stays once.
    problems = sorted(dict.fromkeys(source.problems), key=lambda problem: problem.line or 0)
    return CatalogReading(sound, tuple(problems))


def _examine(source: CatalogSource, name: str, owners: dict[str, str]) -> Pipeline | None:
    """Return the pipeline if it is sound; what is wrong with it becomes the source's problems.

    ``owners`` says which pipeline has a registered model; a pipeline has it even if something else is wrong with it.
    """
    entry = source.pipelines[name]
    unreadable: list[Finding] = []
    own = _own_fields(entry, unreadable)
    if not isinstance(own, dict):
        source.report(name, [Finding((), f"got {shown(own)}", "a mapping with the pipeline's fields", line=entry.line)])
        return None
    fields = _merged(source.defaults, own)
    pipeline, findings = validate(name, fields)
    findings = [*findings, *_taken_model(fields, name, owners)]
    inherited = [found for found in findings if _is_inherited(found, own, source.defaults)]
    source.report_of_defaults(inherited)
    of_own = [found for found in findings if found not in inherited]
    placed = [replace(found, line=line_of(entry.node, found.path, entry.line)) for found in of_own]
    source.report(name, [*unreadable, *placed])
    return pipeline if source.defaults_are_readable and not unreadable and not findings else None


def _own_fields(entry: Entry, findings: list[Finding]) -> object:
    """Return what stands below a pipeline's name; nothing means that it leaves everything to the defaults."""
    own: object = value_of(entry.node, (), findings)
    return {} if own is None else own


def _merged(below: Fields, above: Fields) -> Fields:
    """Return both, mapping by mapping; where both have something else, what is above."""
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        lower, upper = below[key], above[key]
        if isinstance(lower, dict) and isinstance(upper, dict):
            merged[key] = _merged(lower, upper)
    return merged


def _taken_model(fields: Fields, name: str, owners: dict[str, str]) -> list[Finding]:
    """Claim the pipeline's registered model, or return that another pipeline has it."""
    model = value_at(fields, _MODEL)
    owner = owners.setdefault(model, name) if isinstance(model, str) else name
    if owner == name:
        return []
    got = f"got {shown(model)}, which pipeline {owner!r} has already"
    return [Finding(_MODEL, got, "a registered model for each pipeline", scope="pipeline")]


def _is_inherited(finding: Finding, own: Fields, defaults: Fields) -> bool:
    return finding.scope != "pipeline" and not _has(own, finding.path) and _has(defaults, finding.path)


def _has(fields: object, path: KeyPath) -> bool:
    for part in path:
        if isinstance(fields, list):
            return True  # an item of a list belongs to where the list is
        if not isinstance(fields, dict) or part not in fields:
            return False
        fields = fields[part]
    return True
