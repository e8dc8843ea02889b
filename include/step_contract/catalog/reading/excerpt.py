"""Cut out of a catalog's text what one pipeline needs, so that a task's parsing does not grow with the catalog.

Composing a hundred pipelines takes forty milliseconds, one takes less than one. The text is cut by its indentation,
which is right for a file as people write it. For every other layout there is no excerpt, and the reader takes the
whole text: when in doubt, ``None``. Needs the standard library only.
"""

import re

# Anchors may be defined in a part that is cut; the others are line breaks to YAML but not to this module.
_UNUSUAL = ("&", "\r", "\x85", "\u2028", "\u2029")
_TOP_KEY = re.compile(r"\n[^\s#]")
_FIRST_KEY = re.compile(r"(?:[ \t]*(?:#.*)?\n)*( +)[^\s#]")
_REST_OF_KEY_LINE = re.compile(r"[ \t]*(?:#.*)?\n")


def excerpt_for(text: str, name: str) -> str | None:
    """Return the text with all other pipelines blanked out, line for line, or None if it is not plainly laid out."""
    if any(mark in text for mark in _UNUSUAL):
        return None
    padded = f"\n{text}\n"
    begin = _end_of_only_key(padded, "\npipelines:", 0, len(padded))
    first = _FIRST_KEY.match(padded, begin) if begin else None
    if begin is None or first is None:
        return None
    end = _start_of_next(_TOP_KEY, padded, begin)
    indent = first[1]
    own_body = _end_of_only_key(padded, f"\n{indent}{name}:", begin - 1, end)
    if own_body is None:
        return None
    own_start = padded.rfind("\n", 0, own_body - 1)
    own_end = _start_of_next(re.compile(rf"\n {{0,{len(indent)}}}[^\s#]"), padded, own_body - 1)
    own = padded[own_start:own_end]
    if "|+" in own or ">+" in own:  # text that keeps the blank lines after it
        return None
    before = _blanked(padded, begin, own_start + 1)
    after = _blanked(padded, own_end, end)
    return (padded[:begin] + before + own[1:] + after + padded[end:])[1:-1]


def is_named_once(text: str, excerpt: str, model: str) -> bool:
    """Tell whether only the pipeline of an excerpt names a registered model, and not the defaults for all."""
    named = re.compile(rf"model: *[\"']?{re.escape(model)}[\"']? *(?:[#,}}\n]|$)")
    of_pipelines = excerpt.partition("\npipelines:")[2].partition("\ndefaults:")[0]
    return len(named.findall(text)) == 1 and len(named.findall(of_pipelines)) == 1


def _end_of_only_key(text: str, key: str, start: int, end: int) -> int | None:
    """Return where the line after a key begins; None if the key is there not once, or has its value beside it."""
    at = text.find(key, start, end)
    if at < 0 or text.find(key, at + 1, end) >= 0:
        return None
    rest = _REST_OF_KEY_LINE.match(text, at + len(key))
    return rest.end() if rest else None


def _start_of_next(pattern: re.Pattern[str], text: str, start: int) -> int:
    found = pattern.search(text, start)
    return found.start() if found else len(text)


def _blanked(text: str, start: int, end: int) -> str:
    return "\n" * text.count("\n", start, end)
