"""Print the table at the end of the fault suite: each fault, the step it met, and the result.

Tests note rows as properties, which also reach the end of the run from other processes; a test without rows, or a
failed test, is a row itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

Note = Callable[[str, object], None]
"""Pytest's ``record_property``."""

_HEADER = f"{'fault':24}{'step':12}{'run':18}{'outcome':10}{'seconds':>8}{'epochs lost':>13}  violations"


def note_fault(
    note: Note,
    fault: str,
    step: str,
    run_id: str,
    outcome: str,
    *,
    seconds: float,
    epochs_lost: int,
    violations: Sequence[str],
) -> None:
    """Note a row: seconds until the step was at work again or had ended, and the most epochs an attempt repeated."""
    text = "; ".join(violations) or "none"
    note("fault", f"{fault:24}{step:12}{run_id:18}{outcome:10}{seconds:8.1f}{epochs_lost:13}  {text}")


def table(reports: Iterable[Any]) -> Iterator[str]:
    """Return the lines of the table, from pytest's reports of the fault suite's tests."""
    found = list(reports)
    seeds = sorted({f"{value}" for report in found for name, value in report.user_properties if name == "seed"})
    if seeds:
        yield f"FAULT_SEED={', '.join(seeds)}"
    rows = [value for report in found for name, value in report.user_properties if name == "fault"]
    if rows:
        yield from (_HEADER, *rows)
    for report in found:
        if report.failed or not any(name == "fault" for name, _ in report.user_properties):
            name = report.nodeid.partition("::test_")[2].replace("_", " ")
            phase = "" if report.when == "call" else f" ({report.when})"
            yield f"{report.outcome:9}{report.duration:8.1f} s  {name}{phase}"
