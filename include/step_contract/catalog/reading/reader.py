"""Read a catalog, one file or a folder of files: every sound pipeline, and all problems of the others in one pass.

A bad pipeline never takes down the others, nor does a bad file those of other files. A problem of ``defaults:`` is
reported once, not once for each pipeline. Of two pipelines with one registered model the first in the catalog keeps it.
Of two with one name, the one in the file of that name keeps it, otherwise the first; so a task that opens only this
file reads the same pipeline.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from yaml.nodes import MappingNode

from ..pipeline import DAG_ID_PREFIX, Pipeline
from ..words import nearest, shown
from .files import is_named_like, open_all, open_holder
from .inheritance import origin_of, with_defaults
from .problem import CatalogError, CatalogProblem, Finding
from .source import CatalogSource, refusal
from .validation import Fields, validate, value_at
from .yaml_tree import Entry, entries, line_of, value_of

_MODEL = ("registry", "model")


@dataclass(frozen=True)
class CatalogReading:
    """The sound pipelines by name, in the catalog's order, and all problems, in the order of files and lines."""

    pipelines: dict[str, Pipeline]
    problems: tuple[CatalogProblem, ...]


class _Owner(NamedTuple):
    """The pipeline that has a registered model."""

    name: str
    file: str


_Owners = dict[str, _Owner]


def read_catalog(path: Path, only_dag_id: str | None = None) -> CatalogReading:
    """Read all pipelines, or only the one of a DAG; of a folder then only the file that holds it, and the defaults.

    Never raises for the content of files or for missing files: each is a problem of the reading.
    """
    try:
        if only_dag_id is None:
            return _read_all(path)
        if not only_dag_id.startswith(DAG_ID_PREFIX):
            return CatalogReading({}, ())
        return _read_one(path, only_dag_id.removeprefix(DAG_ID_PREFIX))
    except CatalogError as error:
        return CatalogReading({}, (error.problem,))


def _read_all(path: Path) -> CatalogReading:
    opened = open_all(path)
    holders = _holders(opened.sources)
    owners: _Owners = {}
    pipelines: dict[str, Pipeline | None] = {}
    for source in opened.sources:
        for name in source.pipelines:
            if holders[name] is source:
                pipelines[name] = _examine(source, name, owners)
            else:
                source.report(name, [_held_elsewhere(source, name, holders[name])])
                _claim_model(source, name, owners)
    return _reading(pipelines, opened.problems, opened.sources)


def _holders(sources: Sequence[CatalogSource]) -> dict[str, CatalogSource]:
    """Return the file that keeps each pipeline's name."""
    holders: dict[str, CatalogSource] = {}
    for source in sources:
        for name in source.pipelines:
            if name not in holders or is_named_like(source.file, name):
                holders[name] = source
    return holders


def _held_elsewhere(source: CatalogSource, name: str, holder: CatalogSource) -> Finding:
    got = f"duplicate pipeline name (also in {holder.file}, line {holder.pipelines[name].line}, which keeps it)"
    return Finding((), got, "each name once", line=source.pipelines[name].line)


def _read_one(path: Path, name: str) -> CatalogReading:
    opened = open_holder(path, name)
    for source in opened.sources:
        if name in source.pipelines:
            return _reading({name: _examine(source, name, _owners_before(source, name))}, opened.problems, [source])
    known = [other for source in opened.sources for other in source.pipelines]
    missing = Finding((), "no such pipeline", "a pipeline of the catalog", nearest=nearest(name, known))
    problem = replace(refusal(path, missing).problem, pipeline=name)
    return _reading({}, [*opened.problems, problem], opened.sources)


def _owners_before(source: CatalogSource, name: str) -> _Owners:
    """Return the owners of registered models among the pipelines above one in its file."""
    owners: _Owners = {}
    for other in takewhile(lambda other: other != name, source.pipelines):
        _claim_model(source, other, owners)
    return owners


def _claim_model(source: CatalogSource, name: str, owners: _Owners) -> None:
    """Claim the registered model of a pipeline that is not examined; no other field of it is read."""
    entry = source.pipelines[name]
    if isinstance(entry.node, MappingNode):
        registry = entries(entry.node, (), []).get("registry")
        own: object = {} if registry is None else {"registry": value_of(registry.node, (), [])}
    else:
        own = _own_fields(entry, [])
    if isinstance(own, dict):
        _taken_model(with_defaults(own, source.layers), _Owner(name, source.file), owners)


def _reading(
    pipelines: dict[str, Pipeline | None], problems: Iterable[CatalogProblem], sources: Iterable[CatalogSource]
) -> CatalogReading:
    sound = {name: pipeline for name, pipeline in pipelines.items() if pipeline}
    # A problem of the defaults was found with each pipeline that inherits it; here it stays once.
    found = dict.fromkeys([*problems, *(problem for source in sources for problem in source.problems)])
    return CatalogReading(sound, tuple(sorted(found, key=lambda problem: (problem.file, problem.line or 0))))


def _examine(source: CatalogSource, name: str, owners: _Owners) -> Pipeline | None:
    """Return the pipeline if it is sound; its problems are added to the source.

    A pipeline owns its registered model even if something else is wrong with it.
    """
    entry = source.pipelines[name]
    unreadable: list[Finding] = []
    own = _own_fields(entry, unreadable)
    if not isinstance(own, dict):
        source.report(name, [Finding((), f"got {shown(own)}", "a mapping with the pipeline's fields", line=entry.line)])
        return None
    fields = with_defaults(own, source.layers)
    pipeline, findings = validate(name, fields)
    findings = [*findings, *_taken_model(fields, _Owner(name, source.file), owners)]
    source.report(name, unreadable)
    for found in findings:
        _report(source, name, found, own)
    is_readable = not unreadable and all(layer.are_readable for layer in source.layers)
    return pipeline if is_readable and not findings else None


def _report(source: CatalogSource, name: str, found: Finding, own: Fields) -> None:
    """Add a finding as a problem of the place that has to change: the pipeline, or defaults that it inherits."""
    if origin := origin_of(found, own, source.layers):
        source.report_in_defaults(origin, [found])
    else:
        entry = source.pipelines[name]
        source.report(name, [replace(found, line=line_of(entry.node, found.path, entry.line))])


def _own_fields(entry: Entry, findings: list[Finding]) -> object:
    """Return the value of a pipeline's key; an empty one leaves every field to the defaults."""
    own: object = value_of(entry.node, (), findings)
    return {} if own is None else own


def _taken_model(fields: Fields, claimant: _Owner, owners: _Owners) -> list[Finding]:
    """Claim a pipeline's registered model, or return the finding that another pipeline has it."""
    model = value_at(fields, _MODEL)
    owner = owners.setdefault(model, claimant) if isinstance(model, str) else claimant
    if owner.name == claimant.name:
        return []
    place = "" if owner.file == claimant.file else f" (in {owner.file})"
    got = f"got {shown(model)}, which pipeline {owner.name!r}{place} has already"
    return [Finding(_MODEL, got, "a registered model for each pipeline", scope="pipeline")]
