"""Run a container as a process: its variables as Kubernetes expands them, its output as lines with timestamps."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

ANSWER_BYTES = 4096
_REFERENCE = re.compile(r"\$(\$|\(([A-Za-z_][A-Za-z0-9_.-]*)\))")


def expanded(text: str, known: Mapping[str, str]) -> str:
    """Expand $(NAME) of what is known; $$ is a $, an unknown name stays as it is."""
    return _REFERENCE.sub(lambda found: "$" if found[1] == "$" else known.get(found[2], found[0]), text)


class Log:
    """What a container printed; can be followed."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []
        self.is_closed = False
        self._changed = threading.Condition()

    def add(self, line: bytes) -> None:
        with self._changed:
            self.lines.append((max(time.time_ns(), self.lines[-1][0] + 1 if self.lines else 0), line))
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self.is_closed = True
            self._changed.notify_all()

    def follow(self, begin: int, is_cut: threading.Event) -> Iterator[tuple[int, bytes] | None]:
        """Yield the lines from an index on, then None now and then, until the container has ended."""
        while not is_cut.is_set():
            with self._changed:
                if begin >= len(self.lines):
                    if self.is_closed:
                        return
                    self._changed.wait(0.1)
                found = self.lines[begin:]
            begin += len(found)
            yield from found or [None]


class Process:
    """A container that runs."""

    def __init__(self, container: Mapping[str, Any], sources: Mapping[str, str], folder: Path, cache: Path) -> None:
        self.log = Log()
        self._answer = folder / "termination-log"
        paths = self._paths(container, folder, cache)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "STEP_STOP_ON_STDIN_END": "1"}
        environment |= {name: os.environ[name] for name in ("COVERAGE_FILE",) if name in os.environ}
        environment |= sources
        for variable in container.get("env", []):
            value = expanded(variable["value"], environment)
            environment[variable["name"]] = paths.get(value, value)
        command = [expanded(part, environment) for part in [*container["command"], *container.get("args", [])]]
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        streams: Sequence[IO[bytes] | None] = (self._process.stdout, self._process.stderr)
        self._pumps = [threading.Thread(target=self._pump, args=(stream,), daemon=True) for stream in streams]
        for pump in self._pumps:
            pump.start()

    def _paths(self, container: Mapping[str, Any], folder: Path, cache: Path) -> dict[str, str]:
        """Folders of this machine in the place of the container's mounts."""
        paths = {"/dev/termination-log": str(self._answer)}
        for mount in container.get("volumeMounts", []):
            place = cache if mount["name"] == "cache" else folder / mount["name"]
            place.mkdir(parents=True, exist_ok=True)
            paths[mount["mountPath"]] = str(place)
        return paths

    def _pump(self, stream: IO[bytes]) -> None:
        for line in stream:
            self.log.add(line.rstrip(b"\n"))

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def wait(self) -> int:
        """Wait for the end and return the exit code as Kubernetes reports it."""
        code = self._process.wait()
        self.signal(signal.SIGKILL)
        for pump in self._pumps:
            pump.join(5)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        return 128 - code if code < 0 else code

    def said(self) -> str:
        """Return the termination message."""
        if not self._answer.exists():
            return ""
        return self._answer.read_bytes()[:ANSWER_BYTES].decode(errors="replace")
