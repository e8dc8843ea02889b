import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step_contract.catalog import Gate
from step_contract.result import Verdict
from trainer.frameworks.interface import Measured
from trainer.gate.rule import Move, decide, may_promote

METRIC = "mAP50"
RANK = {Verdict.REFUSE: 0, Verdict.KEEP: 1, Verdict.PROMOTE: 2}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

shares = st.floats(0, 1)
classes = st.dictionaries(st.sampled_from(["영", "one", "two"]), shares)
rules = st.builds(
    Gate,
    metric=st.just(METRIC),
    minimum=shares,
    minimum_improvement=st.floats(-1, 1),
    maximum_class_regression=st.none() | shares,
    tolerance=shares,
)


def rule(**overrides: object) -> Gate:
    return Gate.model_validate({"metric": METRIC, "minimum": 0.3} | overrides)


def measured(value: float, **per_class: float) -> Measured:
    return Measured({METRIC: value}, per_class)


# -- decide: examples -------------------------------------------------------------------------------------------------


def test_without_a_champion_the_minimum_alone_decides() -> None:
    decision = decide(rule(minimum_improvement=0.5), measured(0.3), None)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.reasons == (
        "mAP50 is 0.3000, not below the minimum of 0.3000.",
        "There is no champion to compare with.",
    )


def test_below_the_minimum_is_refused_with_both_numbers() -> None:
    decision = decide(rule(), measured(0.2999), measured(0.1))
    assert decision.verdict is Verdict.REFUSE
    assert decision.reasons == ("mAP50 is 0.2999, below the minimum of 0.3000.",)


def test_tolerance_does_not_soften_the_minimum() -> None:
    assert decide(rule(tolerance=0.5), measured(0.29), None).verdict is Verdict.REFUSE


def test_a_metric_that_was_not_measured_is_refused() -> None:
    decision = decide(rule(), Measured({"recall": 0.9}), None)
    assert decision.verdict is Verdict.REFUSE
    assert decision.reasons == ("mAP50 of the candidate is missing; the gate needs a number.",)


def test_infinity_is_refused_by_name() -> None:
    assert "is inf; the gate needs a number" in decide(rule(), measured(math.inf), None).reasons[0]


def test_the_needed_improvement_is_reached_in_decimals_too() -> None:
    needed = rule(minimum_improvement=0.02)
    assert decide(needed, measured(0.82), measured(0.8)).verdict is Verdict.PROMOTE
    assert decide(needed, measured(0.8199), measured(0.8)).verdict is Verdict.KEEP


def test_keep_names_the_needed_number() -> None:
    decision = decide(rule(minimum_improvement=0.02, tolerance=0.005), measured(0.81), measured(0.8))
    assert decision.verdict is Verdict.KEEP
    assert decision.reasons == (
        "mAP50 is 0.8100 against the champion's 0.8000 (+0.0100), below the needed 0.8150 "
        "(champion +0.02 improvement, 0.005 tolerance).",
    )


def test_an_equal_candidate_is_promoted_when_no_improvement_is_asked() -> None:
    assert decide(rule(), measured(0.8), measured(0.8)).verdict is Verdict.PROMOTE


def test_every_class_that_falls_too_far_is_named_beside_the_overall_reason() -> None:
    decision = decide(
        rule(maximum_class_regression=0.1),
        measured(0.7, 영=0.5, one=0.75, two=0.9),
        measured(0.8, 영=0.9, one=0.8, two=0.9, three=0.4),
    )
    assert decision.verdict is Verdict.KEEP
    assert len(decision.reasons) == 3
    assert decision.reasons[1] == "class 'three' falls from 0.4000 to missing, by 0.4000; allowed is 0.1000."
    assert decision.reasons[2] == "class '영' falls from 0.9000 to 0.5000, by 0.4000; allowed is 0.1000."


def test_a_class_that_only_the_candidate_has_is_not_compared() -> None:
    decision = decide(rule(maximum_class_regression=0.0), measured(0.8, new=0.0), measured(0.8))
    assert decision.verdict is Verdict.PROMOTE
    assert decision.reasons[-1] == "No class falls by more than the allowed 0.0000."


def test_tolerance_counts_for_classes_too() -> None:
    assert (
        decide(
            rule(maximum_class_regression=0.1, tolerance=0.05), measured(0.8, one=0.65), measured(0.8, one=0.8)
        ).verdict
        is Verdict.PROMOTE
    )


def test_a_champion_without_a_number_is_kept() -> None:
    decision = decide(rule(), measured(0.9), measured(math.nan))
    assert decision.verdict is Verdict.KEEP
    assert decision.reasons == ("mAP50 of the champion is missing; without a number the champion is kept.",)


# -- decide: properties -----------------------------------------------------------------------------------------------


@given(rules, shares | st.just(math.nan), st.none() | shares, classes, classes)
def test_refused_exactly_when_below_the_minimum(
    gate: Gate, value: float, champion: float | None, ours: dict[str, float], theirs: dict[str, float]
) -> None:
    other = None if champion is None else Measured({METRIC: champion}, theirs)
    decision = decide(gate, Measured({METRIC: value}, ours), other)
    assert (decision.verdict is Verdict.REFUSE) == (math.isnan(value) or value < gate.minimum)
    assert decision.reasons
    assert all(reason.endswith(".") for reason in decision.reasons)


@given(rules, shares, shares, shares, classes, classes)
def test_a_better_candidate_never_gets_a_worse_verdict(
    gate: Gate, value: float, more: float, champion: float, ours: dict[str, float], theirs: dict[str, float]
) -> None:
    other = Measured({METRIC: champion}, theirs)
    before = decide(gate, Measured({METRIC: value}, ours), other)
    after = decide(gate, Measured({METRIC: value + more}, ours), other)
    assert RANK[after.verdict] >= RANK[before.verdict]


@given(rules, shares, shares, st.sampled_from(["영", "one", "two"]), shares, classes, classes)
def test_a_class_that_gets_better_never_costs_the_promotion(
    gate: Gate, value: float, champion: float, name: str, more: float, ours: dict[str, float], theirs: dict[str, float]
) -> None:
    other = Measured({METRIC: champion}, theirs)
    better = ours | {name: ours.get(name, 0.0) + more}
    before = decide(gate, Measured({METRIC: value}, ours), other)
    after = decide(gate, Measured({METRIC: value}, better), other)
    assert RANK[after.verdict] >= RANK[before.verdict]


@given(rules, shares, shares)
def test_a_harder_rule_never_promotes_what_an_easier_one_keeps(gate: Gate, value: float, champion: float) -> None:
    ours, theirs = measured(value, one=value), measured(champion, one=champion)
    easier = gate.model_copy(update={"tolerance": min(1.0, gate.tolerance + 0.1), "maximum_class_regression": None})
    assert RANK[decide(easier, ours, theirs).verdict] >= RANK[decide(gate, ours, theirs).verdict]


@given(shares, shares, shares)
def test_within_the_tolerance_either_may_replace_the_other(one: float, other: float, tolerance: float) -> None:
    gate = rule(minimum=0, tolerance=tolerance)
    there = decide(gate, measured(one), measured(other)).verdict
    back = decide(gate, measured(other), measured(one)).verdict
    near = abs(one - other) <= tolerance
    assert not near or (there is Verdict.PROMOTE and back is Verdict.PROMOTE)
    assert Verdict.PROMOTE in (there, back)


@given(rules, shares, shares)
def test_promoted_exactly_from_the_needed_number_on(gate: Gate, value: float, champion: float) -> None:
    gate = gate.model_copy(update={"minimum": 0.0})
    needed = champion + gate.minimum_improvement - gate.tolerance
    promoted = decide(gate, measured(value), measured(champion)).verdict is Verdict.PROMOTE
    if abs(value - needed) > 1e-8:
        assert promoted == (value > needed)


@given(rules, st.sampled_from([math.nan, math.inf, -math.inf]), st.none() | shares)
def test_what_is_no_number_is_never_promoted(gate: Gate, value: float, champion: float | None) -> None:
    other = None if champion is None else measured(champion)
    assert decide(gate, measured(value), other).verdict is Verdict.REFUSE


# -- may_promote ------------------------------------------------------------------------------------------------------

times = st.integers(-3, 3).map(lambda days: NOON + timedelta(days=days))
versions = st.none() | st.sampled_from(["1", "2"])


@given(st.sampled_from(Verdict), times, st.none() | times, versions, versions, st.booleans())
def test_the_alias_moves_only_on_a_fresh_promote_and_never_back_in_data_time(
    verdict: Verdict,
    candidate: datetime,
    champion: datetime | None,
    compared: str | None,
    current: str | None,
    was_champion: bool,
) -> None:
    move = may_promote(verdict, candidate, champion, compared, current, was_champion=was_champion)
    expected = (
        verdict is Verdict.PROMOTE
        and compared == current
        and (champion is None or candidate >= champion)
        and not was_champion
    )
    assert (move is Move.PROMOTE) == expected


@pytest.mark.parametrize("verdict", [Verdict.PROMOTE, Verdict.KEEP])
def test_a_stale_comparison_is_made_again_whatever_it_said(verdict: Verdict) -> None:
    assert may_promote(verdict, NOON, NOON, "1", "2") is Move.COMPARE_AGAIN


def test_nothing_is_measured_again_for_a_candidate_with_older_data() -> None:
    assert may_promote(Verdict.PROMOTE, NOON, NOON + timedelta(hours=1), "1", "2") is Move.KEEP_NEWER_DATA


def test_equal_data_time_leaves_it_to_the_verdict() -> None:
    assert may_promote(Verdict.PROMOTE, NOON, NOON, "1", "1") is Move.PROMOTE
    assert may_promote(Verdict.KEEP, NOON, NOON, "1", "1") is Move.KEEP_BY_VERDICT


def test_a_champion_of_unknown_data_time_can_be_replaced() -> None:
    assert may_promote(Verdict.PROMOTE, NOON, None, "1", "1") is Move.PROMOTE


def test_a_run_that_was_replaced_does_not_come_back() -> None:
    assert may_promote(Verdict.PROMOTE, NOON, NOON, "2", "2", was_champion=True) is Move.KEEP_REPLACED
