"""Decide whether a candidate may become the champion.

``decide`` and ``may_promote`` are pure functions of numbers and the catalog's rule. ``compare_with`` measures the
candidate and a champion on the same images and records a ``GateReport``; later steps read it back and trust nothing
else. ``describe_version`` writes the verdict into the description of the model version.

Used by the steps evaluate, register and promote. Imports no framework's library.
"""

from .comparison import compare_with
from .description import describe_version
from .measuring import example_picture
from .models import candidate_weights, registry_of, sha256_of
from .report import GateReport, find_report, read_report, short_reasons, write_report
from .rule import Move, may_promote

__all__ = [
    "GateReport",
    "Move",
    "candidate_weights",
    "compare_with",
    "describe_version",
    "example_picture",
    "find_report",
    "may_promote",
    "read_report",
    "registry_of",
    "sha256_of",
    "short_reasons",
    "write_report",
]
