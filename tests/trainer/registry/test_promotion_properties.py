"""Properties of the champion and the alias's history that hold for any order of runs, retries and backfills."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from step_contract.catalog import Gate
from step_contract.order import RollbackOrder, Step, StepOrder
from step_contract.result import Verdict
from tests.trainer.conftest import FIRST_NIGHT, make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.trained_runs import make_report, register_made_up, registry_of
from trainer.commands import rollback
from trainer.errors import BadRequest
from trainer.frameworks.interface import Measured
from trainer.gate.report import GateReport
from trainer.gate.rule import Decision, Move, decide, may_promote
from trainer.job import Job
from trainer.registry import alias_moves
from trainer.registry.alias_history import AliasMove
from trainer.registry.bad_versions import mark_of
from trainer.registry.version import RegisteredVersion
from trainer.registry.versions import versions_of
from trainer.settings import Settings
from trainer.steps import promote
from trainer.storage.folders import FileStorage
from trainer.tracking import open_record

METRIC = "mAP50"
RULE = {"metric": METRIC, "minimum": 0.3, "minimum_improvement": 0.02, "tolerance": 0.01}

shares = st.sampled_from([0.1, 0.3, 0.4, 0.41, 0.5, 0.52, 0.9])


def compared(ours: float, theirs: float | None) -> Decision:
    champion = None if theirs is None else Measured({METRIC: theirs})
    return decide(Gate.model_validate(RULE), Measured({METRIC: ours}), champion)


# -- the rules alone, in every order ----------------------------------------------------------------------------------


@dataclass
class Run:
    """A DAG run with what its steps know."""

    night: int
    value: float
    verdict: Verdict | None = None
    against: int | None = None

    @property
    def data_time(self) -> datetime:
        return FIRST_NIGHT + timedelta(days=self.night)


@dataclass
class World:
    """The alias and who held it, with steps as thin around the pure functions as they can be."""

    runs: list[Run]
    champion: int | None = None
    held: list[int] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)

    def evaluate(self, index: int) -> None:
        run = self.runs[index]
        if self.champion == index:
            return
        theirs = None if self.champion is None else self.runs[self.champion].value
        run.verdict, run.against = compared(run.value, theirs).verdict, self.champion

    def promote(self, index: int) -> None:
        run = self.runs[index]
        if run.verdict in (None, Verdict.REFUSE) or self.champion == index:
            return
        champion = None if self.champion is None else self.runs[self.champion]
        move = may_promote(
            run.verdict or Verdict.KEEP,
            run.data_time,
            champion.data_time if champion else None,
            None if run.against is None else str(run.against),
            None if self.champion is None else str(self.champion),
            was_champion=index in self.held,
            is_bad=index in self.bad,
        )
        if move is Move.COMPARE_AGAIN:
            self.evaluate(index)
            self.promote(index)
        elif move is Move.PROMOTE:
            self.champion = index
            self.held.append(index)

    def roll_back(self) -> None:
        """Do what the chore does: the last holder of the alias that is not bad gets it back."""
        before = [index for index in self.held if index != self.champion and index not in self.bad]
        if self.champion is not None and before:
            self.bad.add(self.champion)
            self.champion = before[-1]

    def mark(self, index: int) -> None:
        """What a rollback of another run with the same weights does to this one."""
        if index != self.champion:
            self.bad.add(index)

    def move_by_hand(self, index: int) -> None:
        """What a person does in MLflow's UI, without asking the gate."""
        if index not in self.bad:
            self.champion = index
            self.held.append(index)


class Promotions(RuleBasedStateMachine):
    """Steps of several runs, rollbacks and marks, in whatever order."""

    @initialize(runs=st.lists(st.tuples(st.integers(0, 1), shares), min_size=3, max_size=5))
    def begin(self, runs: list[tuple[int, float]]) -> None:
        self.world = World([Run(*run) for run in runs])
        self.promoted: set[int] = set()

    @rule(index=st.integers(0, 4))
    def evaluate(self, index: int) -> None:
        self.world.evaluate(index % len(self.world.runs))

    @rule(index=st.integers(0, 4))
    def promote(self, index: int) -> None:
        world, index = self.world, index % len(self.world.runs)
        before = None if world.champion is None else world.runs[world.champion]
        holder = world.champion
        world.promote(index)
        if world.champion == holder:
            return
        assert world.champion == index
        assert index not in self.promoted, "no version is promoted twice"
        self.promoted.add(index)
        after = world.runs[index]
        assert before is None or after.night >= before.night
        assert compared(after.value, before.value if before else None).verdict is Verdict.PROMOTE

    @rule(index=st.integers(0, 4))
    def evaluate_and_promote(self, index: int) -> None:
        self.evaluate(index)
        self.promote(index)

    @rule()
    def roll_back(self) -> None:
        self.world.roll_back()

    @rule(index=st.integers(0, 4))
    def mark(self, index: int) -> None:
        self.world.mark(index % len(self.world.runs))

    @rule(index=st.integers(0, 4))
    def move_by_hand(self, index: int) -> None:
        self.world.move_by_hand(index % len(self.world.runs))

    @invariant()
    def no_bad_version_is_champion(self) -> None:
        assert self.world.champion not in self.world.bad


TestPromotions = Promotions.TestCase
TestPromotions.settings = settings(max_examples=600, stateful_step_count=40, deadline=None)


# -- the steps and a real registry ------------------------------------------------------------------------------------

NIGHTS = (0, 1, 1, 3)


class Nights:
    """Four DAG runs on a registry of their own; measuring is replaced by a number for each run."""

    def __init__(self, folder: Path, database: Path, values: list[float]) -> None:
        shutil.copy(database, folder / "mlflow.db")
        self.folder = folder
        self.settings = Settings(_env_file=None, mlflow_tracking_uri=f"sqlite:///{folder / 'mlflow.db'}")
        self.runs = [make_run(night, run_id=f"run {index}") for index, night in enumerate(NIGHTS)]
        self.values = {run.key: value for run, value in zip(self.runs, values, strict=True)}
        self.jobs = [self._job(index) for index in range(len(self.runs))]
        self.reports: dict[str, GateReport] = {}

    def _job(self, index: int) -> Job:
        pipeline, run = make_pipeline(gate=RULE), self.runs[index]
        workspace = self.folder / f"work{index}"
        workspace.mkdir()
        record = open_record(self.settings.mlflow_tracking_uri, pipeline, run)
        request = StepOrder(step=Step.PROMOTE, pipeline=pipeline)
        return Job(request, run, pipeline, record, FileStorage(), self.settings, workspace)

    def compare(self, job: Job, champion: RegisteredVersion | None) -> GateReport:
        theirs = self.values[champion.run_key or ""] if champion else None
        decision = compared(self.values[job.run.key], theirs)
        report = make_report(
            decision.verdict, champion.version if champion else None, rule=job.pipeline.gate, reasons=decision.reasons
        )
        self.reports[job.run.key] = report
        return report

    def evaluate(self, index: int) -> None:
        job = self.jobs[index]
        champion = registry_of(job).champion("champion")
        if champion is not None and champion.run_key == job.run.key:
            return
        report = self.compare(job, champion)
        if report.verdict is not Verdict.REFUSE and registry_of(job).version_of(job.run.key) is None:
            weights = job.workspace / "best.pt"
            weights.write_text(job.run.run_id)
            register_made_up(job, weights)

    def make_loadable(self, index: int) -> None:
        """Add the file that makes a folder with weights a model."""
        job = self.jobs[index]
        version = registry_of(job).version_of(job.run.key)
        if version is not None:
            folder = Path(client_of(job.record).get_model_version_download_uri("digits", version.version))
            (folder / "MLmodel").write_text("flavors: {}")

    def promote(self, index: int) -> None:
        job = self.jobs[index]
        report = self.reports.get(job.run.key)
        if report is not None and report.verdict is not Verdict.REFUSE:
            promote.work(job)

    def stopped_promotion(self, index: int) -> None:
        """Stop after the move was claimed and before the alias was set."""
        with patch.object(alias_moves, "set_alias", side_effect=KeyboardInterrupt):
            try:
                self.promote(index)
            except KeyboardInterrupt:
                return

    def roll_back(self, number: int) -> None:
        """Roll back to the previous version, as a DAG run of its own; a repeated number is a repeated attempt."""
        run = make_run(dag_id="rollback_model", run_id=f"rollback {number}", run_type="manual")
        order = RollbackOrder(model="digits", reason="bad", by="test")
        champion, marked = registry_of(self.jobs[0]).champion("champion"), self.bad()
        try:
            done = rollback.roll_back(registry_of(self.jobs[0]), order, run, self.folder)
        except BadRequest:
            assert self.bad() == marked
            return
        assert self.bad() - marked <= {champion.version if champion else ""}
        assert done.taken_from in {None, *self.bad()}

    def stopped_rollback(self, number: int) -> None:
        """Stop after the move was claimed and before the alias was set."""
        with patch.object(alias_moves, "set_alias", side_effect=KeyboardInterrupt):
            try:
                self.roll_back(number)
            except KeyboardInterrupt:
                return

    def bad(self) -> set[str]:
        return {number for number, found in versions_of(registry_of(self.jobs[0])).items() if mark_of(found)}

    @contextmanager
    def measuring_replaced(self) -> Iterator[None]:
        def report_of(record: object, folder: Path) -> GateReport:
            return next(self.reports[job.run.key] for job in self.jobs if job.record is record)

        with (
            patch.object(promote, "compare_with", self.compare),
            patch.object(promote, "read_report", report_of),
        ):
            yield

    def history(self) -> tuple[AliasMove, ...]:
        return registry_of(self.jobs[0]).history("champion")


@pytest.mark.faults
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # to shrink costs minutes and the steps are few
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(shares, min_size=4, max_size=4),
    st.lists(
        st.tuples(st.sampled_from(["evaluate", "promote", "promote", "stopped_promotion"]), st.integers(0, 3)),
        min_size=6,
        max_size=14,
    ),
)
def test_with_a_real_registry_the_history_is_one_chain_that_ends_at_the_alias(
    migrated_database: Path, monkeypatch: pytest.MonkeyPatch, values: list[float], steps: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, monkeypatch.context() as here:
        here.chdir(folder)
        nights = Nights(Path(folder), migrated_database, values)
        with nights.measuring_replaced():
            for index in range(4):  # every run gets as far as evaluate, some before there is a champion
                nights.evaluate(index)
            for step, index in steps:
                getattr(nights, step)(index)
            for index in range(4):  # the scheduler repeats what was stopped
                nights.promote(index)
        check_history(nights)


@pytest.mark.faults
@settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.tuples(st.sampled_from(["promote", "promote", "roll_back", "stopped_rollback"]), st.integers(0, 3)),
        min_size=6,
        max_size=10,
    )
)
# The second rollback was decided about the version that the first, stopped, one was about to take down.
@example(
    [
        ("stopped_rollback", 0),
        ("roll_back", 1),
        ("stopped_rollback", 0),
        ("promote", 1),
        ("promote", 2),
        ("roll_back", 2),
    ]
)
def test_with_a_real_registry_rollbacks_leave_one_chain_and_no_bad_champion(
    migrated_database: Path, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder, monkeypatch.context() as here:
        here.chdir(folder)
        nights = Nights(Path(folder), migrated_database, [0.3, 0.4, 0.5, 0.9])
        with nights.measuring_replaced():
            for index in range(4):
                nights.evaluate(index)
                nights.make_loadable(index)
                nights.promote(index)
            for step, index in steps:
                getattr(nights, step)(index)
            for number in {index for step, index in steps if step == "stopped_rollback"}:
                nights.roll_back(number)  # the scheduler repeats what was stopped
            for index in range(4):
                nights.promote(index)
        moves = nights.history()
        champion = registry_of(nights.jobs[0]).champion("champion")
        assert champion is not None
        assert moves[-1].to_version == champion.version
        assert champion.version not in nights.bad()
        assert [move.from_version for move in moves] == [None, *(move.to_version for move in moves)][: len(moves)]
        rollbacks = [move.by for move in moves if "rollback_model" in move.by]
        assert len(set(rollbacks)) == len(rollbacks)
        promoted = [move.run_key for move in moves if "rollback_model" not in move.by]
        assert len(set(promoted)) == len(promoted)


def check_history(nights: Nights) -> None:
    moves = nights.history()
    champion = registry_of(nights.jobs[0]).champion("champion")
    assert (moves[-1].to_version if moves else None) == (champion.version if champion else None)
    assert [move.from_version for move in moves] == [None, *(move.to_version for move in moves)][: len(moves)]
    assert [move.number for move in moves] == list(range(1, len(moves) + 1))
    keys = [move.run_key for move in moves]
    assert len(set(keys)) == len(keys)
    times = [move.data_interval_end for move in moves]
    assert None not in times
    assert times == sorted(time for time in times if time)
    for before, after in zip([None, *keys], keys, strict=False):
        theirs = nights.values[before] if before else None
        assert compared(nights.values[after or ""], theirs).verdict is Verdict.PROMOTE
