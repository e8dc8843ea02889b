"""Count processes that the kernel OOM-killed in this cgroup."""

import re
from pathlib import Path


def kills_for_memory(system: Path = Path("/")) -> int:
    """Return how many processes of this cgroup were OOM-killed so far; 0 where only cgroup v1 counts them."""
    own = re.search(r"^0::/(.*)$", _text(system / "proc/self/cgroup"), re.MULTILINE)
    events = _text(system / "sys/fs/cgroup" / (own[1] if own else "") / "memory.events")
    found = re.search(r"^oom_kill (\d+)$", events, re.MULTILINE)
    return int(found[1]) if found else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
