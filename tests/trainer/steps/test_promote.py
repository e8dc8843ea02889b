import threading
from pathlib import Path

import pytest

from step_contract.failure import ExitCode
from step_contract.order import Step
from step_contract.result import PromoteResult, RegisterResult, Result, Verdict
from step_contract.step import TriggerForm
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.trained_runs import (
    ALWAYS,
    NEVER,
    MakeRun,
    RunStep,
    chain,
    champion_of,
    finish,
    make_report,
    mark_evaluated,
    register_made_up,
    registry_of,
)
from trainer.errors import BadData, BadRequest
from trainer.gate.report import write_report
from trainer.job import Job
from trainer.registry import alias_moves
from trainer.registry.alias_history import AliasMove
from trainer.registry.alias_ledger import AliasLedger
from trainer.registry.alias_moves import AliasMoves
from trainer.steps import promote

FORCE = TriggerForm(force=True)


def outcome_of(result: Result) -> PromoteResult:
    assert isinstance(result.outcome, PromoteResult)
    return result.outcome


def test_the_first_promotion_is_told_in_one_line_and_written_down(do: RunStep, registered_run: MakeRun) -> None:
    job = registered_run()
    result, code = do("promote")
    outcome = outcome_of(result)
    assert (code, outcome.promoted, outcome.champion_version) == (ExitCode.DONE, True, "1")
    assert result.summary == "version 1 is champion of digits, the first one: made up."
    (move,) = registry_of(job).history("champion")
    assert (move.by, move.why, move.run_key) == (f"train_digits {job.run.run_id}", "made up.", job.run.key)
    assert client_of(job.record).get_run(job.record.run_id).info.status == "FINISHED"


def test_a_newer_run_takes_the_alias_from_an_older_one(do: RunStep, registered_run: MakeRun) -> None:
    registered_run(make_run(0))
    do("promote", make_run(0))
    job = registered_run(make_run(1), against="1")
    result, _ = do("promote", make_run(1))
    assert result.summary == "version 2 is champion of digits, instead of version 1: made up."
    assert chain(job) == [(None, "1"), ("1", "2")]


def test_keep_keeps_and_is_no_error(do: RunStep, registered_run: MakeRun) -> None:
    registered_run(make_run(0))
    do("promote", make_run(0))
    job = registered_run(make_run(1), verdict=Verdict.KEEP, against="1")
    result, code = do("promote", make_run(1))
    assert (code, outcome_of(result).promoted) == (ExitCode.DONE, False)
    assert result.summary == "version 1 stays champion of digits: the gate says KEEP: made up."
    assert champion_of(job) == "1"
    assert client_of(job.record).get_run(job.record.run_id).info.status == "FINISHED"


def test_a_backfill_never_takes_the_alias_from_newer_data(do: RunStep, registered_run: MakeRun) -> None:
    registered_run(make_run(5))
    do("promote", make_run(5))
    job = registered_run(make_run(2), against="1")
    result, _ = do("promote", make_run(2))
    assert result.summary == (
        "version 1 stays champion of digits: "
        "its data ends 2026-03-07 00:00 UTC, this run's already 2026-03-04 00:00 UTC"
    )
    assert chain(job) == [(None, "1")]


def test_a_backfill_does_not_even_measure(do: RunStep, registered_run: MakeRun) -> None:
    registered_run(make_run(5))
    do("promote", make_run(5))
    registered_run(make_run(2), against=None)  # compared when there was no champion: stale, and it does not matter
    assert not outcome_of(do("promote", make_run(2))[0]).promoted


def test_of_two_runs_over_the_same_data_the_gate_decides(do: RunStep, registered_run: MakeRun) -> None:
    registered_run(make_run(1))
    do("promote", make_run(1))
    again = make_run(1, run_id="manual__again", run_type="manual")
    job = registered_run(again, against="1")
    assert outcome_of(do("promote", again)[0]).promoted
    assert champion_of(job) == "2"


def test_a_run_without_a_version_says_what_to_do(do: RunStep, registered_run: MakeRun) -> None:
    job = registered_run()
    client_of(job.record).delete_model_version("digits", "1")
    with pytest.raises(BadRequest, match="has no version of 'digits'; run register of this DAG run first"):
        do("promote")


# -- repeated ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "name"), [(AliasLedger, "claim"), (alias_moves, "set_alias"), (AliasMoves, "_write_tag")]
)
@pytest.mark.parametrize("after", [False, True])
def test_stopped_anywhere_and_repeated_there_is_one_line(
    do: RunStep, registered_run: MakeRun, monkeypatch: pytest.MonkeyPatch, place: object, name: str, after: bool
) -> None:
    job = registered_run()
    own = getattr(place, name)

    def stopped(*arguments: object) -> None:
        if after:
            own(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(place, name, stopped)
        with pytest.raises(KeyboardInterrupt):
            do("promote")
    assert outcome_of(do("promote")[0]).promoted
    assert chain(job) == [(None, "1")]
    assert registry_of(job).history("champion")[0].by == f"train_digits {job.run.run_id}"
    assert do("promote")[0].already_done
    do("promote", make_run(form=FORCE))
    assert chain(job) == [(None, "1")]


def test_with_many_classes_that_fall_it_is_done_once_and_its_summary_stays_short(
    do: RunStep, registered_run: MakeRun
) -> None:
    registered_run(make_run(0))
    do("promote", make_run(0))
    job = registered_run(make_run(1), against="1")
    # Backslashes double in the done-marker, which is JSON.
    reasons = [
        f"class 'C:\\\\{number:02}' falls from 0.9000 to 0.1000, by 0.8000; allowed is 0.1." for number in range(80)
    ]
    write_report(job.record, make_report(Verdict.KEEP, "1", reasons=tuple(reasons)))
    result, _ = do("promote", make_run(1))
    assert result.summary.startswith(f"version 1 stays champion of digits: the gate says KEEP: {reasons[0]} class")
    assert result.summary.endswith(" … (more in MLflow)")
    assert len(result.summary) <= 500
    assert len(outcome_of(result).reason) > 2000
    again, _ = do("promote", make_run(1))
    assert again.already_done
    assert again.outcome == result.outcome


def test_a_run_that_was_replaced_is_not_promoted_again(do: RunStep, registered_run: MakeRun) -> None:
    registered_run(make_run(1))
    do("promote", make_run(1))
    registered_run(make_run(2), against="1")
    do("promote", make_run(2))
    job = registered_run(make_run(1), against="2")
    client_of(job.record).set_registered_model_alias("digits", "champion", "2")
    registry = registry_of(job)
    # Even after the newer one was taken back by hand, which leaves no champion with newer data.
    client_of(registry).delete_registered_model_alias("digits", "champion")
    result, _ = do("promote", make_run(1, form=FORCE))
    assert result.summary == "digits stays without champion: this run's version was champion before and was replaced"
    assert chain(job) == [(None, "1"), ("1", "2"), ("2", None)]


def test_a_move_by_hand_is_found_and_written_down(do: RunStep, registered_run: MakeRun) -> None:
    registered_run(make_run(0))
    job = registered_run(make_run(1), verdict=Verdict.KEEP, against="1")
    client_of(job.record).set_registered_model_alias("digits", "champion", "1")
    do("promote", make_run(1))
    (move,) = registry_of(job).history("champion")
    assert (move.by, move.run_key) == ("unknown", make_run(0).key)
    assert move.why.startswith(f"found by train_digits {job.run.run_id}: moved by hand")


# -- another champion than evaluate compared with ---------------------------------------------------------------------


def registered(job: Job, weights: Path, verdict: Verdict, against: str | None) -> Job:
    """Go on from train: compared with a champion of old, and registered without being packed."""
    mark_evaluated(job, verdict, against, weights)
    version = register_made_up(job, weights)
    finish(job, Step.REGISTER, RegisterResult(model=version.model, version=version.version))
    return job


@pytest.mark.faults
@pytest.mark.parametrize(
    ("verdict", "gate", "promoted"),
    [pytest.param(Verdict.KEEP, ALWAYS, True, marks=pytest.mark.faults), (Verdict.PROMOTE, NEVER, False)],
)
def test_a_stale_comparison_is_made_again_and_its_new_verdict_counts(
    do: RunStep,
    trained_run: MakeRun,
    tiny_weights: Path,
    other_weights: Path,
    gate: dict[str, object],
    promoted: bool,
    verdict: Verdict,
) -> None:
    registered(trained_run(make_run(0), weights=other_weights), other_weights, Verdict.PROMOTE, None)
    do("promote", make_run(0))
    pipeline = make_pipeline(gate=gate)
    job = registered(trained_run(make_run(1), pipeline), tiny_weights, verdict, None)
    outcome = outcome_of(do("promote", make_run(1), pipeline)[0])

    assert outcome.promoted is promoted
    assert champion_of(job) == ("2" if promoted else "1")
    tags = job.record.tags()
    assert (tags["gate.champion_version"], tags["gate.verdict"]) == ("1", "PROMOTE" if promoted else "KEEP")
    metrics = client_of(job.record).get_run(job.record.run_id).data.metrics
    assert metrics["delta/mAP50"] == 0
    assert "against the champion's" in outcome.reason


def test_a_stale_comparison_with_a_champion_that_cannot_be_read_fails_and_moves_nothing(
    do: RunStep, registered_run: MakeRun, trained_run: MakeRun, tiny_weights: Path
) -> None:
    registered_run(make_run(0))  # its weights are made up
    do("promote", make_run(0))
    job = registered(trained_run(make_run(1)), tiny_weights, Verdict.PROMOTE, None)
    with pytest.raises(BadData, match="champion version 1 of 'digits' cannot be compared with"):
        do("promote", make_run(1))
    assert champion_of(job) == "1"


def test_a_run_that_comes_between_reading_and_setting_goes_first(
    do: RunStep, registered_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered_run(make_run(0))
    do("promote", make_run(0))
    job = registered_run(make_run(1), against="1")
    registered_run(make_run(2), against="1")
    own, waiting = AliasLedger.claim, [2]

    def overtaken(ledger: AliasLedger, move: AliasMove) -> bool:
        if waiting:
            do("promote", make_run(waiting.pop()))
        return own(ledger, move)

    monkeypatch.setattr(AliasLedger, "claim", overtaken)
    outcome = outcome_of(do("promote", make_run(1))[0])
    assert (outcome.promoted, outcome.champion_version) == (False, "3")
    assert "its data ends 2026-03-04 00:00 UTC" in outcome.reason
    assert champion_of(job) == "3"
    assert chain(job) == [(None, "1"), ("1", "3")]


def test_a_run_that_others_overtake_again_and_again_is_promoted_after_them(
    do: RunStep, registered_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered_run(make_run(0))
    do("promote", make_run(0))
    faster, last = [1, 2, 3, 4, 5], make_run(6)
    for night in faster:
        registered_run(make_run(night), against="1")
    job = registered_run(last, against="1")
    monkeypatch.setattr(promote, "compare_with", lambda _, champion: make_report(against=champion.version))
    own = AliasLedger.claim

    def overtaken(ledger: AliasLedger, move: AliasMove) -> bool:
        if move.run_key == last.key and faster:
            do("promote", make_run(faster.pop(0)))
        return own(ledger, move)

    monkeypatch.setattr(AliasLedger, "claim", overtaken)
    assert outcome_of(do("promote", last)[0]).promoted
    assert faster == []
    assert champion_of(job) == "7"
    assert chain(job) == [(None, "1"), *((str(held), str(held + 1)) for held in range(1, 7))]


def test_two_promotions_at_once_leave_one_chain(
    do: RunStep, registered_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = registered_run(make_run(0))
    do("promote", make_run(0))
    for night in (1, 2):
        registered_run(make_run(night), against="1")
    # Who comes second compares again with the first, whose weights are made up here.
    monkeypatch.setattr(promote, "compare_with", lambda _, champion: make_report(against=champion.version))
    failures: list[BaseException] = []

    def try_to_promote(night: int) -> None:
        try:
            do("promote", make_run(night))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=try_to_promote, args=(night,)) for night in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    moves = chain(job)
    assert moves[-1][1] == champion_of(job) != "1"
    assert [after for _, after in moves[:-1]] == [before for before, _ in moves[1:]]
