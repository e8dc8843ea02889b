"""Move the champion alias to the run's version if the gate says so and no newer data would be given up.

Read, compare, set, read back. If the champion has changed since evaluate compared with it, the comparison is made again
with the new champion, on the candidate's own images. Not to promote is a result, not an error. Repeated after it
was stopped anywhere, the step ends with the same alias and one line in its history.

A run that was champion and was replaced, by a better run or by a person, is not promoted again, nor is a version that a
rollback marked as bad, even if another run registers the same weights again.
"""

import logging
import textwrap
from datetime import UTC, datetime
from functools import partial

from step_contract.order import Step
from step_contract.result import PromoteResult
from step_contract.tags import fingerprint_tag, result_tag
from trainer.errors import BadRequest, TryAgain
from trainer.gate import GateReport, Move, compare_with, may_promote, read_report, registry_of, short_reasons
from trainer.job import Job, versioned_digest
from trainer.registry import ModelRegistry, Mover, RegisteredVersion, find_mark, held_before

from .plan import StepPlan, planned

_ROUNDS = 20
"""Looks at the champion. Whenever another run is faster it takes two: one that loses and one that compares again."""
_SUMMARY_LENGTH = 500

_log = logging.getLogger(__name__)


def plan(job: Job) -> StepPlan:
    """Plan to move the champion alias, unless that is recorded."""
    return planned(fingerprint(job), partial(work, job), summary)


def fingerprint(job: Job) -> str:
    """Return the digest of what was registered and compared, and of the alias."""
    tags = job.record.tags()
    registered = (tags.get(fingerprint_tag(Step.REGISTER)), tags.get(result_tag(Step.REGISTER)))
    return versioned_digest(Step.PROMOTE, *registered, job.pipeline.registry.model_dump())


def summary(outcome: PromoteResult) -> str:
    """Say in one line what became of the champion alias, and why; the whole reason is in the outcome."""
    # The done-marker holds both.
    return textwrap.shorten(outcome.reason, _SUMMARY_LENGTH, placeholder=" … (more in MLflow)")


def work(job: Job) -> PromoteResult:
    """Promote the run's version, or say why not.

    Raises:
        BadRequest: the run has no version.
        BadData: a comparison that had to be made again met a champion that cannot be compared with.
        TryAgain: the champion changed again and again meanwhile.
    """
    registry, alias = registry_of(job), job.pipeline.registry.champion
    candidate = registry.version_of(job.run.key)
    if candidate is None:
        raise BadRequest(f"this DAG run has no version of {registry.model!r}; run register of this DAG run first")
    report = read_report(job.record, job.workspace)
    for _ in range(_ROUNDS):
        job.record.ownership.check()
        champion = _settled_champion(job, registry)
        if champion is not None and champion.version == candidate.version:
            return _promoted(candidate, f"version {candidate.version} is champion of {registry.model}")
        move = _next_move(job, registry, report, candidate, champion)
        if move is Move.COMPARE_AGAIN:
            _log.info("the champion is no longer %s; comparing again", report.champion_version or "nobody")
            report = compare_with(job, champion)
        elif move is not Move.PROMOTE:
            return _kept(candidate, champion, _why_not(job, move, report, candidate, champion))
        elif registry.move_alias(alias, candidate, champion, Mover(_name(job), " ".join(report.reasons)), once=True):
            return _promoted(candidate, _done(registry.model, candidate, champion, report))
    raise TryAgain(f"the champion of {registry.model!r} changed again and again while this run wanted to replace it")


def _settled_champion(job: Job, registry: ModelRegistry) -> RegisteredVersion | None:
    """Return the holder of the alias, after its history was brought up to date."""
    alias = job.pipeline.registry.champion
    registry.complete_history(alias, Mover("unknown", f"found by {_name(job)}: moved by hand"))
    return registry.champion(alias)


def _next_move(
    job: Job,
    registry: ModelRegistry,
    report: GateReport,
    candidate: RegisteredVersion,
    champion: RegisteredVersion | None,
) -> Move:
    return may_promote(
        report.verdict,
        job.run.data_interval_end,
        champion.data_time if champion else None,
        report.champion_version,
        champion.version if champion else None,
        was_champion=held_before(registry.history(job.pipeline.registry.champion), job.run.key),
        is_bad=find_mark(registry, candidate) is not None,
    )


def _promoted(candidate: RegisteredVersion, reason: str) -> PromoteResult:
    return PromoteResult(
        model=candidate.model,
        version=candidate.version,
        promoted=True,
        champion_version=candidate.version,
        reason=reason,
    )


def _kept(candidate: RegisteredVersion, champion: RegisteredVersion | None, why: str) -> PromoteResult:
    holder = champion.version if champion else None
    kept = (
        f"version {holder} stays champion of {candidate.model}"
        if holder
        else f"{candidate.model} stays without champion"
    )
    return PromoteResult(
        model=candidate.model,
        version=candidate.version,
        promoted=False,
        champion_version=holder,
        reason=f"{kept}: {why}",
    )


def _done(model: str, candidate: RegisteredVersion, champion: RegisteredVersion | None, report: GateReport) -> str:
    instead = f"instead of version {champion.version}" if champion else "the first one"
    return f"version {candidate.version} is champion of {model}, {instead}: {' '.join(short_reasons(report.reasons))}"


def _why_not(
    job: Job, move: Move, report: GateReport, candidate: RegisteredVersion, champion: RegisteredVersion | None
) -> str:
    if move is Move.KEEP_BAD:
        mark = find_mark(registry_of(job), candidate)
        return mark.sentence if mark else "this run's version was marked as bad"
    if move is Move.KEEP_REPLACED:
        return "this run's version was champion before and was replaced"
    if move is Move.KEEP_NEWER_DATA:
        theirs = _utc(champion.data_time) if champion and champion.data_time else "later"
        return f"its data ends {theirs}, this run's already {_utc(job.run.data_interval_end)}"
    return f"the gate says {report.verdict}: {' '.join(short_reasons(report.reasons))}"


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _name(job: Job) -> str:
    return f"{job.run.dag_id} {job.run.run_id}"
