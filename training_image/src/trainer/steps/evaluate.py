"""Measure candidate and champion on the same images with the same code, and let the gate decide.

A candidate below the minimum is not an error here: the verdict is REFUSE and register stops the run. A run whose own
version is the champion already keeps the verdict that made it so. ``trainer.gate`` measures the two.
"""

import logging
from functools import partial

from step_contract.order import Step
from step_contract.result import EvaluateResult
from step_contract.tags import DATASET_DIGEST_TAG, GATE_CHAMPION_TAG, WEIGHTS_SHA256_TAG, fingerprint_tag, result_tag
from trainer.errors import BadRequest
from trainer.gate import GateReport, compare_with, find_report, registry_of, short_reasons, write_report
from trainer.job import Job, versioned_digest

from .plan import StepPlan, planned

_log = logging.getLogger(__name__)


def plan(job: Job) -> StepPlan:
    """Plan to measure and compare, unless that is recorded."""
    return planned(fingerprint(job), partial(work, job), summary)


def fingerprint(job: Job) -> str:
    """Return the digest of dataset, candidate, rule and the champion to compare with."""
    tags, rule = job.record.tags(), job.pipeline.gate
    trained = (tags.get(fingerprint_tag(Step.TRAIN)), tags.get(result_tag(Step.TRAIN)))
    champion = registry_of(job).champion(job.pipeline.registry.champion)
    compared = champion.version if champion else ""
    if champion is not None and champion.run_key == job.run.key:
        compared = tags.get(GATE_CHAMPION_TAG, "")
    return versioned_digest(Step.EVALUATE, tags.get(DATASET_DIGEST_TAG), *trained, rule.model_dump(), compared)


def summary(outcome: EvaluateResult) -> str:
    """Say in one line what the verdict is and its first reason."""
    against = f"version {outcome.champion_version}" if outcome.champion_version else "no champion"
    return f"{outcome.verdict} against {against}: {outcome.reasons[0] if outcome.reasons else 'no reason given'}"


def work(job: Job) -> EvaluateResult:
    """Compare the run's candidate with the champion of now and record the verdict.

    Raises:
        BadData: the champion cannot be compared with and the catalog says to fail then.
        OutOfMemory: the memory does not suffice for one image at a time.
    """
    champion = registry_of(job).champion(job.pipeline.registry.champion)
    if champion is not None and champion.run_key == job.run.key:
        recorded = _recorded(job)
        if recorded is not None and recorded.weights_sha256 == champion.tags.get(WEIGHTS_SHA256_TAG):
            _log.info("this run's own version %s is the champion; its verdict stays", champion.version)
            write_report(job.record, recorded)
            return _result(recorded)
    return _result(compare_with(job, champion))


def _recorded(job: Job) -> GateReport | None:
    """Return the recorded verdict, None also if another version of the trainer left it and it cannot be read."""
    try:
        return find_report(job.record, job.workspace)
    except BadRequest as error:
        _log.warning("measuring again: %s", error)
        return None


def _result(report: GateReport) -> EvaluateResult:
    metric = report.rule.metric
    return EvaluateResult(
        verdict=report.verdict,
        reasons=short_reasons(report.reasons),
        candidate=report.candidate.metrics.get(metric, 0.0),
        champion=report.champion.metrics.get(metric) if report.champion else None,
        champion_version=report.champion_version,
    )
