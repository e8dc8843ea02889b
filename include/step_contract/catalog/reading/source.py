"""Open one file of a catalog: its defaults, its pipelines' YAML, and every problem above the pipelines."""

import stat
from codecs import BOM_UTF8
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from yaml.nodes import MappingNode, Node

from ..pipeline import CATALOG_VERSION
from ..words import choices, nearest, shown
from .inheritance import Defaults, Layers
from .problem import CatalogError, CatalogProblem, Finding, KeyPath, dotted
from .validation import validate_defaults
from .yaml_tree import Entry, YamlError, compose, entries, value_of

MAX_BYTES = 4 * 1024 * 1024
ALL_KEYS = ("version", "defaults", "pipelines")


@dataclass
class CatalogSource:
    """An opened file; problems are added while its pipelines are read."""

    file: str
    layers: Layers = ()
    pipelines: dict[str, Entry] = field(default_factory=dict)
    problems: list[CatalogProblem] = field(default_factory=list)

    def report(self, pipeline: str | None, findings: Iterable[Finding]) -> None:
        """Add findings as problems of a pipeline, or of the file if that is None."""
        self.problems += [_problem(self.file, found, pipeline) for found in findings]

    def report_in_defaults(self, defaults: Defaults, findings: Iterable[Finding]) -> None:
        """Add findings as problems of defaults that the pipelines inherit, at their lines."""
        self.problems += [_problem(defaults.file, defaults.placed(found), below=("defaults",)) for found in findings]


def _problem(file: str, found: Finding, pipeline: str | None = None, below: KeyPath = ()) -> CatalogProblem:
    where = dotted((*below, *found.path))
    return CatalogProblem(file, found.line, pipeline, where, found.got, found.expected, found.nearest, found.advice)


def refusal(path: Path | str, finding: Finding) -> CatalogError:
    """Return the error of a file that cannot be used at all."""
    return CatalogError(_problem(str(path), finding))


def read_text(path: Path) -> str:
    """Return a catalog file's text.

    Raises:
        CatalogError: the file cannot be read, is too large, or is not UTF-8.
    """
    try:
        status = path.stat()
        is_stream, too_large = _is_stream(status.st_mode), status.st_size > MAX_BYTES
        content = b"" if is_stream or too_large else path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        raise refusal(path, Finding((), f"cannot be read ({error})", "a readable YAML file")) from error
    if is_stream:
        raise refusal(path, Finding((), "is a pipe or a device", "a readable YAML file"))
    if too_large:
        raise refusal(path, Finding((), "the file is too large", f"at most {MAX_BYTES // 1024**2} MiB"))
    try:
        text = content.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        got = f"not UTF-8: the byte 0x{content[error.start]:02x}"
        line = content.count(b"\n", 0, error.start) + 1
        raise refusal(path, Finding((), got, "a file saved as UTF-8", line=line)) from error
    return text.replace("\r\n", "\n") if "\r" in text else text


def _is_stream(mode: int) -> bool:
    """Return whether reading could block or never end."""
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def open_source(text: str, file: str, below: Layers = (), keys: Sequence[str] = ALL_KEYS) -> CatalogSource:
    """Return the opened file of a text; ``file`` is its name in messages, ``below`` are further defaults.

    Raises:
        CatalogError: the text is not a YAML mapping, or has another version: nothing in it can be trusted.
    """
    source = CatalogSource(file)
    found: list[Finding] = []
    try:
        top = _top_level(compose(text), keys, found)
    except YamlError as error:
        raise refusal(file, error.finding) from error
    if wrong := _version_finding(top.get("version")):
        raise refusal(file, wrong)
    found += [_unknown_key(key, entry, keys) for key, entry in top.items() if key not in keys]
    source.report(None, found)
    if "pipelines" in keys:
        _open_pipelines(source, top.get("pipelines"))
    _open_defaults(source, top.get("defaults"), below)
    return source


def _top_level(root: Node | None, keys: Sequence[str], found: list[Finding]) -> dict[str, Entry]:
    words = f"a mapping with {', '.join(keys)}"
    if root is None:
        raise YamlError(Finding((), "the file is empty", words))
    if not isinstance(root, MappingNode):
        raise YamlError(Finding((), f"got {shown(value_of(root, (), []))}", words))
    return entries(root, (), found)


def _version_finding(entry: Entry | None) -> Finding | None:
    if entry is None:
        return Finding(("version",), "missing", f"version: {CATALOG_VERSION} at the top of the file")
    version = value_of(entry.node, (), [])
    if type(version) is int and version == CATALOG_VERSION:
        return None
    newer = isinstance(version, int) and version > CATALOG_VERSION
    advice = "the file was written for a newer Nightshift; update this one" if newer else None
    return Finding(("version",), f"got {shown(version)}", str(CATALOG_VERSION), advice=advice, line=entry.line)


def _unknown_key(key: str, entry: Entry, keys: Sequence[str]) -> Finding:
    return Finding((key,), "unknown key", choices(keys), nearest=nearest(key, keys), line=entry.line)


def _open_pipelines(source: CatalogSource, entry: Entry | None) -> None:
    words = "a mapping from each pipeline's name to its fields"
    if entry is None:
        source.report(None, [Finding(("pipelines",), "missing", words)])
    elif not isinstance(entry.node, MappingNode):
        got = f"got {shown(value_of(entry.node, (), []))}"
        source.report(None, [Finding(("pipelines",), got, words, line=entry.line)])
    else:
        doubles: list[Finding] = []
        source.pipelines = entries(entry.node, (), doubles)
        for double in doubles:
            source.report(str(double.path[0]) if double.path else None, [_second_of_name(double)])


def _second_of_name(double: Finding) -> Finding:
    if not double.path:
        return double
    got = double.got.replace("duplicate key", "duplicate pipeline name")
    return replace(double, path=(), got=got, expected="each name once")


def _open_defaults(source: CatalogSource, entry: Entry | None, below: Layers) -> None:
    source.layers = below
    if entry is None:
        return
    found: list[Finding] = []
    fields = value_of(entry.node, (), found)
    if fields is not None and not isinstance(fields, dict):
        found.append(Finding((), f"got {shown(fields)}", "a mapping with fields of a pipeline"))
    defaults = Defaults(source.file, entry, fields if isinstance(fields, dict) else {}, are_readable=not found)
    source.layers = (defaults, *below)
    # Pipelines report the problems of inherited fields; this also reports those that every pipeline overrides.
    source.report_in_defaults(defaults, [*found, *validate_defaults(defaults.fields)])
