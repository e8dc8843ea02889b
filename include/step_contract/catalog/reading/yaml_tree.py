"""Compose a YAML text into a tree with line numbers, duplicate keys reported and memory bounded.

``yaml.safe_load`` does not suffice: of two equal keys it silently keeps the last; merge keys that multiply each other
fill the memory; text nested 100,000 levels deep ends the process, because libyaml composes recursively; and it reads
YAML 1.1, where ``no`` is false, ``1e-3`` is text and ``12:30`` is 750. Here scalars are read as YAML 1.2 and every
editor read them. Needs PyYAML; libyaml makes it a hundred times faster.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ..words import shown
from .problem import Finding, KeyPath

MAX_DEPTH = 32
MAX_VALUES = 100_000

_PLAIN, _OTHER = "plain", "other"
_INT = re.compile(r"[-+]?[0-9]{1,100}")
_PREFIXED_INT = re.compile(r"0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class YamlError(Exception):
    """The text is not YAML, or larger than a catalog may be."""

    def __init__(self, finding: Finding) -> None:
        """Keep the finding."""
        super().__init__(finding.got)
        self.finding = finding


class Entry(NamedTuple):
    """A key's line (from 1) and its value."""

    line: int
    node: Node


class _GuardedMixin:
    """Composer that stops before the recursion gets deep, and leaves the meaning of scalars to ``value_of``."""

    depth = 0

    def descend_resolver(self, current_node: Node | None, current_index: Any) -> None:
        """Count the levels on the way down."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            line = current_node.start_mark.line + 1 if current_node else None
            raise YamlError(Finding((), "nested too deeply", f"at most {MAX_DEPTH} levels", line=line))

    def ascend_resolver(self) -> None:
        """Count the levels on the way up."""
        self.depth -= 1

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        """Return whether a scalar is plain; explicit tags are not resolved here."""
        return _PLAIN if kind is ScalarNode and implicit[0] else _OTHER


def guarded(loader: type[Any]) -> type[Any]:
    """Return a PyYAML loader that stops before the recursion gets deep."""
    return type("GuardedLoader", (_GuardedMixin, loader), {})


_Loader = guarded(getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def compose(text: str, loader: type[Any] | None = None) -> Node | None:
    """Return the root of the text's tree, or None for an empty text.

    Raises:
        YamlError: a syntax error, nesting that is too deep, or aliases that multiply ("bombs").
    """
    try:
        root: Node | None = yaml.compose(text, Loader=loader or _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(_syntax_finding(error, text, mark.line if mark else None)) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # without libyaml, an escape beyond Unicode
        found = _FORBIDDEN.search(text)
        line = text.count("\n", 0, found.start()) + 1 if found else None
        got = f"not valid YAML: {f'the character {found[0]!r}' if found else error}"
        raise YamlError(Finding((), got, "text without control characters", line=line)) from error
    if root is not None and "&" in text:
        _check_size(root, {})
    return root


def _syntax_finding(error: yaml.MarkedYAMLError, text: str, line: int | None) -> Finding:
    reason = ", ".join(str(part) for part in (error.context, error.problem) if part)
    lines = text.splitlines()
    tabs = (
        line is not None and line < len(lines) and "\t" in lines[line][: len(lines[line]) - len(lines[line].lstrip())]
    )
    advice = "indent with spaces, not tabs" if tabs else "the cause is often the line above"
    if "alias" in reason:
        advice = "text that begins with * needs quotes"
    got = f"not valid YAML: {reason}"
    return Finding((), got, "valid YAML", advice=advice, line=None if line is None else line + 1)


def _check_size(node: Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """Return the number of values and levels of a node with its aliases expanded.

    Each node is visited once. Aliases point backwards, so the recursion is no deeper than the text.
    """
    if id(node) not in known:
        known[id(node)] = None
        size, depth = 1, 1
        for child in _children(node):
            child_size, child_depth = _check_size(child, known)
            size, depth = size + child_size, max(depth, child_depth + 1)
            if size > MAX_VALUES or depth > MAX_DEPTH:
                got = f"aliases (*name) that expand to more than {MAX_VALUES} values or {MAX_DEPTH} levels"
                raise YamlError(Finding((), got, "a smaller catalog", line=node.start_mark.line + 1))
        known[id(node)] = size, depth
    found = known[id(node)]
    if found is None:
        raise YamlError(Finding((), "an alias (*name) inside its own anchor", "a tree", line=_line(node)))
    return found


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, SequenceNode):
        yield from node.value


def entries(node: MappingNode, path: KeyPath, findings: list[Finding]) -> dict[str, Entry]:
    """Return a mapping's entries with merge keys (``<<``) resolved; of equal keys all but the first become findings."""
    own: dict[str, Entry] = {}
    merged: dict[str, Entry] = {}
    for key_node, value_node in node.value:
        line = _line(key_node)
        if not isinstance(key_node, ScalarNode):
            findings.append(Finding(path, f"got {shown(_as_seen(key_node))} as a key", "a key of text", line=line))
        elif key_node.value == "<<" and key_node.tag == _PLAIN:
            for key, entry in _merged_entries(value_node, (*path, "<<"), findings).items():
                merged.setdefault(key, entry)
        elif key_node.value in own:
            first = own[key_node.value].line
            got, expected = f"duplicate key (first in line {first})", "each key once"
            findings.append(Finding((*path, key_node.value), got, expected, line=line))
        else:
            own[key_node.value] = Entry(line, value_node)
    return {**own, **{key: entry for key, entry in merged.items() if key not in own}} if merged else own


def _merged_entries(node: Node, path: KeyPath, findings: list[Finding]) -> dict[str, Entry]:
    sources = node.value if isinstance(node, SequenceNode) else [node]
    merged: dict[str, Entry] = {}
    for source in sources:
        if isinstance(source, MappingNode):
            merged = {**entries(source, path, findings), **merged}
        else:
            findings.append(Finding(path, f"got {shown(_as_seen(source))}", "an alias of a mapping", line=_line(node)))
    return merged


def value_of(node: Node, path: KeyPath, findings: list[Finding]) -> Any:
    """Return a node as mappings, lists, text, numbers, booleans and None; unreadable parts become findings."""
    if node.tag not in (_PLAIN, _OTHER):
        findings.append(Finding(path, f"got the tag {node.tag[:60]!r}", "a value without a tag (!)", line=_line(node)))
    if isinstance(node, MappingNode):
        items = entries(node, path, findings).items()
        return {key: value_of(entry.node, (*path, key), findings) for key, entry in items}
    if isinstance(node, SequenceNode):
        return [value_of(item, (*path, index), findings) for index, item in enumerate(node.value)]
    return _scalar(node.value) if node.tag == _PLAIN else node.value


def _scalar(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _PREFIXED_INT.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    special = _INFINITE.fullmatch(text)
    return float(special[1] + "inf" if special[2] else "nan") if special else text


def line_of(node: Node, path: KeyPath, default: int) -> int:
    """Return the line of the deepest key of a path that the tree contains."""
    line = default
    for part in path:
        if isinstance(node, MappingNode) and (entry := entries(node, (), []).get(str(part))):
            line, node = entry.line, entry.node
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = _line(node)
        else:
            break
    return line


def _as_seen(node: Node) -> object:
    """Return a value that ``shown`` describes as it would the node."""
    return node.value if isinstance(node, ScalarNode) else {} if isinstance(node, MappingNode) else []


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1
