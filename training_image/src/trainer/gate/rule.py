"""The gate: may this candidate become the champion?

Pure functions of numbers, so that every order of runs, retries and backfills can be tried in a test. Must not import
anything that reads or measures.

How the rule of the catalog is read (``decide``):

- *minimum* is absolute: a candidate below it, or without a finite number, is refused. Tolerance does not apply.
- without a champion the minimum alone decides.
- *minimum_improvement* and *tolerance*: the candidate must reach ``champion + minimum_improvement - tolerance``.
- *maximum_class_regression*: no class may fall more than ``maximum_class_regression + tolerance`` below the champion. A
  class that the champion has a number for and the candidate has not counts as 0 for the candidate. A class that only
  the candidate has is not compared.
- a champion without a finite number cannot be compared with and is kept.
- numbers that differ by less than ``ROUNDING`` are equal, so that 0.8 + 0.02 reaches 0.82.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from step_contract.catalog import Gate
from step_contract.result import Verdict
from trainer.frameworks import Measured

ROUNDING = 1e-9


@dataclass(frozen=True)
class Decision:
    """A verdict with everything that led to it, each reason a sentence."""

    verdict: Verdict
    reasons: tuple[str, ...]


class Move(Enum):
    """What a step that wants to move the champion alias may do."""

    PROMOTE = "promote"
    COMPARE_AGAIN = "compare again"
    KEEP_BY_VERDICT = "keep: verdict"
    KEEP_NEWER_DATA = "keep: champion has newer data"
    KEEP_REPLACED = "keep: was champion before"
    KEEP_BAD = "keep: marked bad by a rollback"


def decide(
    rule: Gate,
    candidate: Measured,
    champion: Measured | None,
    without_champion: str = "There is no champion to compare with.",
) -> Decision:
    """Apply the catalog's rule to a candidate and the champion it wants to replace, if there is one.

    Args:
        rule: of the pipeline's catalog entry.
        candidate: what was measured of the new model.
        champion: the same of the model in use; None if there is none to compare with.
        without_champion: the reason to give then.
    """
    value = candidate.overall.get(rule.metric, math.nan)
    if not math.isfinite(value):
        return _refuse(f"{rule.metric} of the candidate is {_number(value)}; the gate needs a number.")
    if value < rule.minimum:
        return _refuse(f"{rule.metric} is {_number(value)}, below the minimum of {_number(rule.minimum)}.")
    passed = f"{rule.metric} is {_number(value)}, not below the minimum of {_number(rule.minimum)}."
    if champion is None:
        return Decision(Verdict.PROMOTE, (passed, without_champion))
    return _compare(rule, candidate, champion, passed)


def may_promote(
    verdict: Verdict,
    candidate_data_time: datetime,
    champion_data_time: datetime | None,
    compared_with: str | None,
    current: str | None,
    *,
    was_champion: bool = False,
    is_bad: bool = False,
) -> Move:
    """Tell what may happen to the champion alias, given who holds it now.

    Args:
        verdict: of the comparison with ``compared_with``.
        candidate_data_time: end of the candidate's data interval.
        champion_data_time: end of the current champion's; None if there is no champion or its version does not say.
        compared_with: version the verdict is about; None if there was no champion then.
        current: version that holds the alias now, never the candidate's own; None if nobody does.
        was_champion: the candidate held the alias before and was replaced.
        is_bad: a rollback took the alias from this version, or from one with the same weights.

    Of two runs over the same data interval the later comparison wins: equal data time does not stand in the way.
    """
    if is_bad:
        return Move.KEEP_BAD
    if was_champion:
        return Move.KEEP_REPLACED
    if champion_data_time is not None and candidate_data_time < champion_data_time:
        return Move.KEEP_NEWER_DATA
    if verdict is Verdict.REFUSE:
        return Move.KEEP_BY_VERDICT
    if compared_with != current:
        return Move.COMPARE_AGAIN
    return Move.PROMOTE if verdict is Verdict.PROMOTE else Move.KEEP_BY_VERDICT


def _refuse(reason: str) -> Decision:
    return Decision(Verdict.REFUSE, (reason,))


def _compare(rule: Gate, candidate: Measured, champion: Measured, passed: str) -> Decision:
    theirs = champion.overall.get(rule.metric, math.nan)
    if not math.isfinite(theirs):
        reason = f"{rule.metric} of the champion is {_number(theirs)}; without a number the champion is kept."
        return Decision(Verdict.KEEP, (reason,))
    enough, improvement = _improvement(rule, candidate.overall[rule.metric], theirs)
    regressions = _regressions(rule, candidate, champion)
    against = ([] if enough else [improvement]) + regressions
    if against:
        return Decision(Verdict.KEEP, tuple(against))
    return Decision(Verdict.PROMOTE, (passed, improvement, *_no_regression(rule)))


def _improvement(rule: Gate, ours: float, theirs: float) -> tuple[bool, str]:
    needed = theirs + rule.minimum_improvement - rule.tolerance
    enough = ours >= needed - ROUNDING
    sentence = (
        f"{rule.metric} is {_number(ours)} against the champion's {_number(theirs)} ({ours - theirs:+.4f}), "
        f"{'not below' if enough else 'below'} the needed {_number(needed)} "
        f"(champion {rule.minimum_improvement:+g} improvement, {rule.tolerance:g} tolerance)."
    )
    return enough, sentence


def _regressions(rule: Gate, candidate: Measured, champion: Measured) -> list[str]:
    if rule.maximum_class_regression is None:
        return []
    allowed = rule.maximum_class_regression + rule.tolerance
    sentences = []
    for name, theirs in sorted(champion.per_class.items()):
        ours = candidate.per_class.get(name, math.nan)
        lost = theirs - (ours if math.isfinite(ours) else 0.0)
        if lost > allowed + ROUNDING:
            sentences.append(
                f"class {name!r} falls from {_number(theirs)} to {_number(ours)}, "
                f"by {lost:.4f}; allowed is {allowed:.4f}."
            )
    return sentences


def _no_regression(rule: Gate) -> tuple[str, ...]:
    if rule.maximum_class_regression is None:
        return ()
    return (f"No class falls by more than the allowed {rule.maximum_class_regression + rule.tolerance:.4f}.",)


def _number(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "missing" if math.isnan(value) else str(value)
