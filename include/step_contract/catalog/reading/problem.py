"""Problems of a catalog: the place, the value that was found, and the value that was expected."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

KeyPath = tuple[str | int, ...]
Scope = Literal["field", "record", "pipeline"]

_LONGEST_KEY = 60


@dataclass(frozen=True)
class Finding:
    """One problem at one place of a YAML tree, before its file and pipeline are known.

    ``scope`` says what has to change: the field itself, the fields of one record together (as in an impossible split),
    or the pipeline (a field is missing, or two records do not go together).
    """

    path: KeyPath
    got: str
    expected: str
    nearest: str | None = None
    advice: str | None = None
    line: int | None = None
    scope: Scope = "field"


@dataclass(frozen=True)
class CatalogProblem:
    """One message for the person who edits the catalog; ``pipeline`` is None if it concerns the whole file."""

    file: str
    line: int | None
    pipeline: str | None
    field: str
    got: str
    expected: str
    nearest: str | None = None
    advice: str | None = None

    def __str__(self) -> str:
        """Return ``file:line: pipeline 'name': field: got ...; did you mean ...? expected ...; advice``."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        pipeline = f"pipeline {_one_line(self.pipeline)!r}" if self.pipeline is not None else ""
        what = f"{self.got};" + (f" did you mean {self.nearest!r}?" if self.nearest else "")
        said = f"{what} expected {self.expected}" + (f"; {self.advice}" if self.advice else "")
        return ": ".join(part for part in (place, pipeline, self.field, said) if part)


class CatalogError(ValueError):
    """A catalog file cannot be read at all; ``problem`` says why."""

    def __init__(self, problem: CatalogProblem) -> None:
        """Keep the problem; its message is the error's."""
        super().__init__(str(problem))
        self.problem = problem


def dotted(path: Iterable[str | int]) -> str:
    """Return ``training.arguments.lr0`` for a path of keys."""
    return ".".join(_one_line(str(part)) for part in path)


def _one_line(key: str) -> str:
    text = key if key.isprintable() else repr(key)[1:-1]
    return text if len(text) <= _LONGEST_KEY else text[: _LONGEST_KEY - 3] + "..."
