"""Turn a step's output into lines of the task's log: whole lines, no colours, of a progress bar the last state only.

Memory stays bounded whatever a step prints: a line longer than ``LONGEST_LINE_BYTES`` is split.
"""

import re
from collections.abc import Iterator

LONGEST_LINE_BYTES = 1 << 20
_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class LineAssembler:
    """Assembles lines from the chunks of one stream."""

    def __init__(self) -> None:
        """Begin with nothing pending."""
        self._pending = b""

    def feed(self, chunk: bytes) -> Iterator[str]:
        """Yield each line that the chunk completes."""
        *complete, rest = (self._pending + chunk).split(b"\n")
        while len(rest) > LONGEST_LINE_BYTES:
            complete.append(rest[:LONGEST_LINE_BYTES])
            rest = rest[LONGEST_LINE_BYTES:]
        # Of a progress bar that is still being drawn, keep only the last state.
        shown = rest.rstrip(b"\r")
        self._pending = shown.rsplit(b"\r", 1)[-1] + rest[len(shown) :][:1]
        yield from map(readable_line, complete)

    def finish(self) -> Iterator[str]:
        """Yield the last line if it has no line end."""
        last, self._pending = readable_line(self._pending), b""
        if last:
            yield last


def readable_line(line: bytes) -> str:
    """Decode a line, drop terminal codes and keep only the last state of a progress bar."""
    text = line.rstrip(b"\r").rsplit(b"\r", 1)[-1].decode(errors="replace")
    return _TERMINAL_CODE.sub("", text)
