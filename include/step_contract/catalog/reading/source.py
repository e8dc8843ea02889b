"""A catalog file as it is opened: its defaults, its pipelines' YAML, and what is wrong above the pipelines.

Needs PyYAML.
"""

import stat
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from yaml.nodes import MappingNode, Node

from ..pipeline import CATALOG_VERSION
from ..words import choices, nearest, shown
from .problem import CatalogError, CatalogProblem, Finding, KeyPath, dotted
from .validation import Fields, validate
from .yaml_tree import Entry, YamlError, compose, entries, line_of, value_of

MAX_BYTES = 4 * 1024 * 1024
_TOP_LEVEL = ("version", "defaults", "pipelines")


@dataclass
class CatalogSource:
    """An opened catalog; problems are added while its pipelines are read."""

    file: str
    pipelines: dict[str, Entry] = field(default_factory=dict)
    defaults: Fields = field(default_factory=dict)
    defaults_entry: Entry | None = None
    defaults_are_readable: bool = True
    problems: list[CatalogProblem] = field(default_factory=list)

    def report(self, pipeline: str | None, findings: Iterable[Finding], below: KeyPath = ()) -> None:
        """Add findings as problems of a pipeline, or of the file if that is None."""
        for found in findings:
            where = dotted((*below, *found.path))
            facts = (found.got, found.expected, found.nearest, found.advice)
            self.problems.append(CatalogProblem(self.file, found.line, pipeline, where, *facts))

    def report_of_defaults(self, findings: Iterable[Finding]) -> None:
        """Add findings as problems of the defaults, at their lines."""
        if self.defaults_entry:
            entry = self.defaults_entry
            placed = [
                replace(found, line=found.line or line_of(entry.node, found.path, entry.line)) for found in findings
            ]
            self.report(None, placed, below=("defaults",))


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
        raise _refusal(str(path), Finding((), f"cannot be read ({error})", "a readable YAML file")) from error
    if is_stream:
        raise _refusal(str(path), Finding((), "is a pipe or a device", "a readable YAML file"))
    if too_large:
        raise _refusal(str(path), Finding((), "the file is too large", f"{MAX_BYTES // 1024**2} MiB at most"))
    try:
        text = content.removeprefix(BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        got = f"not UTF-8: the byte 0x{content[error.start]:02x}"
        line = content.count(b"\n", 0, error.start) + 1
        raise _refusal(str(path), Finding((), got, "a file saved as UTF-8", line=line)) from error
    return text.replace("\r\n", "\n") if "\r" in text else text


def _is_stream(mode: int) -> bool:
    """Tell whether reading could wait for ever or never come to an end."""
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def open_catalog(text: str, file: str) -> CatalogSource:
    """Return the catalog of a text; ``file`` is what messages call it.

    Raises:
        CatalogError: the text is no YAML mapping, or of another version: nothing in it can be trusted.
    """
    source = CatalogSource(file)
    found: list[Finding] = []
    try:
        top = _top_level(compose(text), found)
    except YamlError as error:
        raise _refusal(file, error.finding) from error
    if wrong := _version_finding(top.get("version")):
        raise _refusal(file, wrong)
    found += [_unknown_key(key, entry) for key, entry in top.items() if key not in _TOP_LEVEL]
    source.report(None, found)
    _open_pipelines(source, top.get("pipelines"))
    _open_defaults(source, top.get("defaults"))
    return source


def _refusal(file: str, finding: Finding) -> CatalogError:
    source = CatalogSource(file)
    source.report(None, [finding])
    return CatalogError(source.problems[0])


def _top_level(root: Node | None, found: list[Finding]) -> dict[str, Entry]:
    words = f"a mapping with {', '.join(_TOP_LEVEL)}"
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
    advice = "the file was written for a newer Nightshift, update this one" if newer else None
    return Finding(("version",), f"got {shown(version)}", str(CATALOG_VERSION), advice=advice, line=entry.line)


def _unknown_key(key: str, entry: Entry) -> Finding:
    return Finding((key,), "unknown key", choices(_TOP_LEVEL), nearest=nearest(key, _TOP_LEVEL), line=entry.line)


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
    got = double.got.replace("got the key a second time", "duplicate pipeline name")
    return replace(double, path=(), got=got, expected="each name once")


def _open_defaults(source: CatalogSource, entry: Entry | None) -> None:
    if entry is None:
        return
    source.defaults_entry = entry
    found: list[Finding] = []
    defaults = value_of(entry.node, (), found)
    if defaults is not None and not isinstance(defaults, dict):
        found.append(Finding((), f"got {shown(defaults)}", "a mapping with fields of a pipeline"))
    source.defaults_are_readable = not found
    source.defaults = defaults if isinstance(defaults, dict) else {}
    # Pipelines show what is wrong with what they inherit; this shows what all of them override, too.
    wrong = [finding for finding in validate("defaults", source.defaults)[1] if finding.scope == "field"]
    source.report_of_defaults([*found, *wrong])
