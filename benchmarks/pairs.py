"""Measure two things in turn and keep the ratio of each pair, so that a machine that slows down slows both."""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AIRFLOW_PYTHON = ROOT / ".venv/airflow/bin/python"
TRAINER_BIN = ROOT / ".venv/trainer/bin"
PAIRS = 5

Measurement = Callable[[int], float]
"""Takes the pair's number, returns seconds."""


@dataclass(frozen=True)
class Ratio:
    """One row of the table."""

    name: str
    against: str
    ratio_median: float
    ratio_min: float
    ratio_max: float
    pairs: int
    limit: float

    @property
    def holds(self) -> bool:
        """Tell whether the median is within the limit."""
        return self.ratio_median <= self.limit


def compare(name: str, against: str, limit: float, ours: Measurement, bare: Measurement, pairs: int = PAIRS) -> Ratio:
    """Measure both ``pairs`` times in turn."""
    ratios = []
    for pair in range(pairs):
        ours_seconds, bare_seconds = ours(pair), bare(pair)
        ratios.append(ours_seconds / bare_seconds)
        print(f"  {name}: {ours_seconds:.2f} s against {bare_seconds:.2f} s, ratio {ratios[-1]:.3f}", flush=True)
    return Ratio(name, against, statistics.median(ratios), min(ratios), max(ratios), pairs, limit)


def seconds_of(command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> float:
    """Run a command as a whole process and return its wall time.

    Raises:
        RuntimeError: it failed; the message ends with what it printed last.
    """
    begin = time.perf_counter()
    done = subprocess.run(list(map(str, command)), env=dict(environment), cwd=folder, capture_output=True, check=False)
    seconds = time.perf_counter() - begin
    if done.returncode != 0:
        tail = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise RuntimeError(f"{command[0]} {command[1]}: exit code {done.returncode}\n{tail}")
    return seconds
