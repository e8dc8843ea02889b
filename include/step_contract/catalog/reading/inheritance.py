"""Lay a pipeline's fields over the defaults, and find the defaults that a wrong field comes from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .problem import Finding, KeyPath
from .validation import Fields
from .yaml_tree import Entry, line_of


@dataclass(frozen=True)
class Defaults:
    """The ``defaults:`` of one file."""

    file: str
    entry: Entry
    fields: Fields
    are_readable: bool

    def placed(self, finding: Finding) -> Finding:
        """Return a finding with the line of its field in these defaults."""
        return replace(finding, line=finding.line or line_of(self.entry.node, finding.path, self.entry.line))


Layers = tuple[Defaults, ...]
"""Defaults that a pipeline inherits, nearest first: those of its own file, then those of ``defaults.yaml``."""


def with_defaults(own: Fields, layers: Sequence[Defaults]) -> Fields:
    """Return a pipeline's fields on top of its defaults, mapping by mapping; a list or a value replaces the whole."""
    fields: Fields = {}
    for layer in reversed(layers):
        fields = _merged(fields, layer.fields)
    return _merged(fields, own)


def _merged(below: Fields, above: Fields) -> Fields:
    merged = {**below, **above}
    for key in below.keys() & above.keys():
        lower, upper = below[key], above[key]
        if isinstance(lower, dict) and isinstance(upper, dict):
            merged[key] = _merged(lower, upper)
    return merged


def origin_of(finding: Finding, own: Fields, layers: Sequence[Defaults]) -> Defaults | None:
    """Return the defaults that have to change, or None if the pipeline itself does."""
    if finding.scope == "pipeline" or _has(own, finding.path):
        return None
    return next((layer for layer in layers if _has(layer.fields, finding.path)), None)


def _has(fields: object, path: KeyPath) -> bool:
    for part in path:
        if isinstance(fields, list):
            return True  # an item of a list belongs to where the list is
        if not isinstance(fields, dict) or part not in fields:
            return False
        fields = fields[part]
    return True
