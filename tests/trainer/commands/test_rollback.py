"""Tests of rollback: the alias moves back once, the version it left is marked, and a person can read the history."""

import shutil
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from step_contract.order import RollbackOrder, Step
from step_contract.result import EvaluateResult, PromoteResult, RegisterResult, Result, RollbackResult, Verdict
from step_contract.step import StepRun, TriggerForm
from step_contract.tags import WEIGHTS_SHA256_TAG
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.trained_runs import (
    ALWAYS,
    MakeRun,
    RunStep,
    chain,
    champion_of,
    finish,
    mark_evaluated,
    register_made_up,
    registry_of,
)
from trainer.commands.dispatch import run_chore
from trainer.errors import BadRequest
from trainer.job import Job
from trainer.registry import alias_moves, bad_versions
from trainer.registry.alias_ledger import AliasLedger
from trainer.registry.alias_moves import AliasMoves
from trainer.settings import Settings

RollBack = Callable[..., Result]


def by_hand(number: int = 1) -> StepRun:
    """The DAG run of a rollback."""
    return make_run(number, dag_id="rollback_model", run_id=f"manual__{number}", run_type="manual")


@pytest.fixture
def roll_back(settings: Settings) -> RollBack:
    """Return a function that does what the command line does: ``roll_back(to="2", number=1)``."""

    def do(number: int = 1, **fields: str) -> Result:
        order = {"model": "digits", "reason": "밤에 오탐이 늘었다", "by": "kim"} | fields
        return run_chore(RollbackOrder.model_validate(order), by_hand(number), settings)

    return do


def outcome_of(result: Result) -> RollbackResult:
    assert isinstance(result.outcome, RollbackResult)
    return result.outcome


@pytest.fixture
def promoted(do: RunStep, registered_run: MakeRun) -> Callable[[int], Job]:
    """Return a function that makes as many nights, each of which became champion; the versions are whole."""

    def make(nights: int) -> Job:
        for night in range(nights):
            job = registered_run(make_run(night), against=str(night) if night else None)
            make_loadable(job, str(night + 1))
            do("promote", make_run(night))
        assert champion_of(job) == str(nights)
        return job

    return make


def make_loadable(job: Job, version: str) -> None:
    """Add the file that makes a folder with weights a model."""
    model = Path(client_of(job.record).get_model_version_download_uri("digits", version))
    (model / "MLmodel").write_text("flavors: {}")


def test_previous_gets_the_alias_back_and_the_history_says_who_and_why(
    roll_back: RollBack, promoted: Callable[[int], Job]
) -> None:
    job = promoted(2)
    result = roll_back()
    assert result.summary == (
        "version 1 is champion of digits again, instead of version 2, which is marked as bad: 밤에 오탐이 늘었다"
    )
    assert outcome_of(result) == RollbackResult(model="digits", alias="champion", version="1", taken_from="2")
    assert champion_of(job) == "1"
    move = registry_of(job).history("champion")[-1]
    assert (move.from_version, move.to_version, move.run_key) == ("2", "1", make_run(0).key)
    assert (move.by, move.why) == ("kim, rollback_model manual__1", "밤에 오탐이 늘었다")


def test_the_version_it_is_taken_from_carries_the_mark(roll_back: RollBack, promoted: Callable[[int], Job]) -> None:
    job = promoted(2)
    roll_back()
    tags = client_of(job.record).get_model_version("digits", "2").tags
    assert (tags["bad"], tags["bad.by"], tags["bad.reason"], tags["bad.to"]) == (
        "true",
        "kim",
        "밤에 오탐이 늘었다",
        "1",
    )
    assert "bad" not in client_of(job.record).get_model_version("digits", "1").tags


def test_a_second_rollback_goes_one_version_further_and_skips_bad_versions(
    roll_back: RollBack, promoted: Callable[[int], Job]
) -> None:
    job = promoted(3)
    assert [outcome_of(roll_back(number)).version for number in (1, 2)] == ["2", "1"]
    assert chain(job)[3:] == [("3", "2"), ("2", "1")]
    with pytest.raises(BadRequest) as refusal:
        roll_back(3)
    assert str(refusal.value) == (
        "no good version held alias 'champion' before 1; expected one of: 3 (data until 2026-03-04, held the alias, "
        "bad), 2 (data until 2026-03-03, held the alias, bad), 1 (data until 2026-03-02, held the alias)"
    )


def test_any_good_version_can_be_named(roll_back: RollBack, promoted: Callable[[int], Job]) -> None:
    job = promoted(3)
    assert outcome_of(roll_back(to="1")).taken_from == "3"
    assert champion_of(job) == "1"
    assert bad_versions.find_mark(registry_of(job), registry_of(job).version_of(make_run(1).key)) is None  # type: ignore[arg-type]


def test_naming_the_holder_moves_and_marks_nothing(roll_back: RollBack, promoted: Callable[[int], Job]) -> None:
    job = promoted(2)
    assert roll_back(to="2").summary == "version 2 holds champion of digits; nothing was moved"
    assert chain(job) == [(None, "1"), ("1", "2")]
    assert "bad" not in client_of(job.record).get_model_version("digits", "2").tags


# -- refused ----------------------------------------------------------------------------------------------------------


def test_an_unknown_model_is_refused_with_the_known_ones(roll_back: RollBack, promoted: Callable[[int], Job]) -> None:
    promoted(1)
    with pytest.raises(BadRequest, match=r"there is no registered model \"it's\"; expected one of: 'digits'"):
        roll_back(model="it's")


def test_an_unknown_version_is_refused_with_the_known_ones(roll_back: RollBack, promoted: Callable[[int], Job]) -> None:
    promoted(1)
    with pytest.raises(
        BadRequest, match=r"'digits' has no version 7; expected one of: 1 \(data until 2026-03-02, held"
    ):
        roll_back(to="7")


def test_a_bad_version_is_refused_until_its_mark_is_taken_away(
    roll_back: RollBack, promoted: Callable[[int], Job]
) -> None:
    job = promoted(2)
    roll_back(1)
    with pytest.raises(BadRequest, match=r"version 2 was marked as bad by kim on 20.*delete its tag `bad` in MLflow"):
        roll_back(2, to="2")
    client_of(job.record).delete_model_version_tag("digits", "2", "bad")
    assert outcome_of(roll_back(3, to="2")).version == champion_of(job) == "2"


def test_a_version_without_its_files_is_refused_and_nothing_changes(
    roll_back: RollBack, promoted: Callable[[int], Job]
) -> None:
    job = promoted(2)
    folder = Path(client_of(job.record).get_model_version_download_uri("digits", "1"))
    shutil.rmtree(folder / "artifacts")
    with pytest.raises(
        BadRequest, match=r"version 1 of 'digits' has no artifacts/best.pt in the .*; expected a complete"
    ):
        roll_back()
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / "best.pt").write_text("cut sh")
    with pytest.raises(
        BadRequest, match=r"weights of version 1 of 'digits' have SHA-256 \w{12}, but \w{12} were regist"
    ):
        roll_back()
    (folder / "MLmodel").unlink()
    with pytest.raises(BadRequest, match=r"version 1 of 'digits' has no MLmodel in the artifact store"):
        roll_back()
    assert champion_of(job) == "2"
    assert "bad" not in client_of(job.record).get_model_version("digits", "2").tags


def test_without_a_holder_the_version_must_be_named(roll_back: RollBack, promoted: Callable[[int], Job]) -> None:
    job = promoted(2)
    client_of(job.record).delete_registered_model_alias("digits", "champion")
    with pytest.raises(BadRequest, match="no version holds alias 'champion', so none held it before; expected one of"):
        roll_back()
    roll_back(2, to="1")
    assert chain(job)[2:] == [("2", None), (None, "1")]


# -- repeated, and at the same time as others -------------------------------------------------------------------------


def test_repeated_it_changes_nothing(roll_back: RollBack, promoted: Callable[[int], Job]) -> None:
    job = promoted(3)
    assert outcome_of(roll_back()) == outcome_of(roll_back())
    assert (champion_of(job), len(chain(job))) == ("2", 4)


@pytest.mark.faults
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("place", "name"), [(AliasLedger, "claim"), (alias_moves, "set_alias"), (AliasMoves, "_write_tag")]
)
def test_stopped_anywhere_and_repeated_it_goes_back_one_step(
    roll_back: RollBack,
    promoted: Callable[[int], Job],
    monkeypatch: pytest.MonkeyPatch,
    place: object,
    name: str,
    after: bool,
) -> None:
    job = promoted(2)
    own = getattr(place, name)

    def stopped(*arguments: object) -> None:
        if after:
            own(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(place, name, stopped)
        with pytest.raises(KeyboardInterrupt):
            roll_back()
    assert outcome_of(roll_back()).version == champion_of(job) == "1"
    assert chain(job)[2:] == [("2", "1")]
    assert registry_of(job).history("champion")[-1].by == "kim, rollback_model manual__1"


@pytest.mark.parametrize("first", ["rollback", "promotion"])
def test_decided_about_a_version_that_lost_the_alias_it_moves_and_marks_nothing(
    roll_back: RollBack,
    promoted: Callable[[int], Job],
    registered_run: MakeRun,
    do: RunStep,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    first: str,
) -> None:
    job = promoted(3)
    registered_run(make_run(3), against="3")
    with monkeypatch.context() as patch:
        patch.setattr(alias_moves, "set_alias", Mock(side_effect=KeyboardInterrupt))  # claimed, and not made
        with pytest.raises(KeyboardInterrupt):
            roll_back(1) if first == "rollback" else do("promote", make_run(3))
    assert champion_of(job) == "3"
    holder = "2" if first == "rollback" else "4"
    if first == "rollback":  # which had the same aim
        assert roll_back(2).summary == "version 2 holds champion of digits; nothing was moved"
        assert "was to take the alias from version 3, but version 2 has it now; nothing is moved" in caplog.text
    else:
        wanted = "but version 4 has it now; nothing is moved. Trigger another rollback if version 4 is also to be"
        with pytest.raises(BadRequest, match=wanted):
            roll_back(2)
    assert chain(job)[3:] == [("3", holder)]
    tags = client_of(job.record).get_model_version("digits", holder).tags
    assert "bad" not in tags
    if first == "rollback":
        assert outcome_of(roll_back(1)).taken_from == "3"
        assert champion_of(job) == "2"


def test_stopped_after_it_made_anothers_claimed_move_the_next_try_leaves_the_new_holder_alone(
    roll_back: RollBack, promoted: Callable[[int], Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    job, set_alias = promoted(3), alias_moves.set_alias

    def set_and_stop(*arguments: object) -> None:
        set_alias(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    for number, stop in ((1, Mock(side_effect=KeyboardInterrupt)), (2, set_and_stop)):
        with monkeypatch.context() as patch:
            patch.setattr(alias_moves, "set_alias", stop)
            with pytest.raises(KeyboardInterrupt):
                roll_back(number)
    assert champion_of(job) == "2"
    assert roll_back(2).summary == "version 2 holds champion of digits; nothing was moved"
    assert chain(job)[3:] == [("3", "2")]
    assert "bad" not in client_of(job.record).get_model_version("digits", "2").tags


def test_a_promotion_that_was_faster_keeps_the_alias(
    roll_back: RollBack,
    promoted: Callable[[int], Job],
    registered_run: MakeRun,
    do: RunStep,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = promoted(2)
    registered_run(make_run(2), against="2")
    own, waiting = bad_versions.mark_bad, [1]

    def overtaken(*arguments: object) -> None:
        own(*arguments)  # type: ignore[arg-type]
        if waiting:
            waiting.pop()
            do("promote", make_run(2))

    monkeypatch.setattr("trainer.commands.rollback.mark_bad", overtaken)
    with pytest.raises(BadRequest, match="was to take the alias from version 2, but version 3 has it now; nothing is"):
        roll_back()
    assert chain(job) == [(None, "1"), ("1", "2"), ("2", "3")]


# -- afterwards -------------------------------------------------------------------------------------------------------


def test_the_bad_run_cleared_and_forced_is_not_promoted_again(
    roll_back: RollBack, promoted: Callable[[int], Job], do: RunStep
) -> None:
    job = promoted(2)
    roll_back()
    result, _ = do("promote", make_run(1, form=TriggerForm(force=True)))
    assert isinstance(result.outcome, PromoteResult)
    assert not result.outcome.promoted
    assert result.summary.startswith("version 1 stays champion of digits: version 2 was marked as bad by kim on 20")
    assert champion_of(job) == "1"


def test_the_same_weights_under_another_run_are_bad_too(
    roll_back: RollBack, promoted: Callable[[int], Job], registered_run: MakeRun, do: RunStep
) -> None:
    job = promoted(2)
    roll_back()
    registered_run(make_run(5), against="1")
    bad = client_of(job.record).get_model_version("digits", "2").tags[WEIGHTS_SHA256_TAG]
    client_of(job.record).set_model_version_tag("digits", "3", WEIGHTS_SHA256_TAG, bad)
    result, _ = do("promote", make_run(5))
    assert "version 2 was marked as bad by kim" in result.summary
    assert champion_of(job) == "1"


def test_a_mark_set_by_hand_counts(promoted: Callable[[int], Job], registered_run: MakeRun, do: RunStep) -> None:
    job = promoted(1)
    registered_run(make_run(1), against="1")
    client_of(job.record).set_model_version_tag("digits", "2", "bad", "true")
    result, _ = do("promote", make_run(1))
    assert result.summary.endswith("version 2 was marked as bad by hand: no reason given")
    assert champion_of(job) == "1"


def test_a_bad_version_is_not_replaced_by_its_run_trained_again(
    registered_run: MakeRun, evaluated_run: MakeRun, do: RunStep
) -> None:
    job = registered_run(make_run(0))
    client_of(job.record).set_model_version_tag("digits", "1", "bad", "true")
    evaluated_run(make_run(0))  # with other weights
    with pytest.raises(BadRequest, match=r"version 1 was marked as bad by hand: .*; its DAG run cannot replace it"):
        do("register", make_run(0))
    assert [str(item.version) for item in client_of(job.record).search_model_versions("name = 'digits'")] == ["1"]


@pytest.mark.faults
def test_the_next_night_is_compared_with_the_restored_champion(
    roll_back: RollBack, trained_run: MakeRun, do: RunStep, tiny_weights: Path, other_weights: Path
) -> None:
    pipeline = make_pipeline(gate=ALWAYS)
    for night, weights in enumerate((tiny_weights, other_weights)):
        job = trained_run(make_run(night), pipeline, weights=weights)
        mark_evaluated(job, Verdict.PROMOTE, str(night) if night else None, weights)
        version = register_made_up(job, weights).version
        finish(job, Step.REGISTER, RegisterResult(model="digits", version=version))
        make_loadable(job, version)
        do("promote", make_run(night), pipeline)
    roll_back()
    trained_run(make_run(2), pipeline)
    result, _ = do("evaluate", make_run(2), pipeline)
    assert isinstance(result.outcome, EvaluateResult)
    assert result.outcome.champion_version == "1"
