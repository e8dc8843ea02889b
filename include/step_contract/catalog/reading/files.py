"""Open the files of a catalog: the one file, all files of a folder, or only the file that holds one pipeline.

A folder holds ``NAME.yaml`` files with one or several pipelines each, and ``defaults.yaml`` with the defaults of all.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..field_types import PIPELINE_NAME
from .inheritance import Layers
from .problem import CatalogError, CatalogProblem, Finding
from .source import CatalogSource, open_source, read_text, refusal

DEFAULTS_NAME = "defaults.yaml"
_SUFFIX = ".yaml"
_DEFAULTS_KEYS = ("version", "defaults")


@dataclass
class OpenCatalog:
    """The opened files of a catalog, and the problems of those that could not be opened."""

    sources: list[CatalogSource] = field(default_factory=list)
    problems: list[CatalogProblem] = field(default_factory=list)


def open_all(path: Path) -> OpenCatalog:
    """Open a catalog's only file, or every file of its folder in the order of their names.

    Raises:
        CatalogError: no pipeline can be read: the only file or ``defaults.yaml`` is broken, or the folder is empty.
    """
    if not os.path.isdir(path):
        return OpenCatalog([open_source(read_text(path), str(path))])
    opened, below = _open_folder(path)
    files = _files(path)
    if not files:
        raise refusal(path, Finding((), "the folder has no file with pipelines", f"files NAME{_SUFFIX} in it"))
    for file in files:
        try:
            opened.sources.append(open_source(read_text(file), str(file), below))
        except CatalogError as error:
            opened.problems.append(error.problem)
    opened.problems += _misplaced(path)
    return opened


def open_holder(path: Path, name: str) -> OpenCatalog:
    """Open a catalog's only file, or of its folder the file that holds a pipeline; none if no file does.

    The file of the pipeline's name comes first. Of the others only those that mention the name are parsed.

    Raises:
        CatalogError: no pipeline can be read: the only file or ``defaults.yaml`` is broken.
    """
    if not os.path.isdir(path):
        return OpenCatalog([open_source(read_text(path), str(path))])
    opened, below = _open_folder(path)
    unopened: list[CatalogProblem] = []
    for file in _likeliest_first(path, name):
        try:
            text = read_text(file)
            if not _may_hold(file, text, name):
                continue
            source = open_source(text, str(file), below)
        except CatalogError as error:
            unopened.append(error.problem)
            continue
        if name in source.pipelines:
            return OpenCatalog([source], opened.problems)
    return OpenCatalog([], [*opened.problems, *unopened])


def is_named_like(file: str | Path, name: str) -> bool:
    """Return whether a file has a pipeline's name."""
    return os.path.basename(file) == f"{name}{_SUFFIX}"


def _may_hold(file: Path, text: str, name: str) -> bool:
    """Return whether a file is worth parsing; a key in quotes may spell its letters with backslashes."""
    return is_named_like(file, name) or name in text or "\\" in text


def _open_folder(folder: Path) -> tuple[OpenCatalog, Layers]:
    """Return the defaults of a folder and what is wrong with them."""
    path = folder / DEFAULTS_NAME
    if not os.path.lexists(path):
        return OpenCatalog(), ()
    source = open_source(read_text(path), str(path), keys=_DEFAULTS_KEYS)
    if not source.layers:
        raise refusal(path, Finding(("defaults",), "missing", "a mapping with fields of a pipeline"))
    return OpenCatalog(problems=source.problems), source.layers


def _likeliest_first(folder: Path, name: str) -> Iterator[Path]:
    own = folder / f"{name}{_SUFFIX}"
    is_candidate = bool(re.fullmatch(PIPELINE_NAME, name)) and own.name != DEFAULTS_NAME and os.path.lexists(own)
    if is_candidate:
        yield own
    for file in _files(folder):
        if not is_candidate or file != own:
            yield file


def _files(folder: Path) -> list[Path]:
    return [folder / name for name in _listing(folder) if name.endswith(_SUFFIX) and name != DEFAULTS_NAME]


def _misplaced(folder: Path) -> list[CatalogProblem]:
    """Return a problem for each thing in a folder that somebody may take for a part of the catalog."""
    others = [name for name in _listing(folder) if not name.endswith(_SUFFIX)]
    wrong = [name for name in others if name.endswith(".yml") or os.path.isdir(folder / name)]
    finding = Finding((), "is not read as a part of the catalog", f"files NAME{_SUFFIX} directly in the folder")
    return [refusal(folder / name, finding).problem for name in wrong]


def _listing(folder: Path) -> list[str]:
    """Return the names in a folder but the hidden ones, which editors and mounted ConfigMaps leave there."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise refusal(folder, Finding((), f"cannot be read ({error})", "a readable folder")) from error
