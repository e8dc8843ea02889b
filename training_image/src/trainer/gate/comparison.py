"""Compare a run's candidate with a champion, and record what the gate says.

Used by evaluate, and by promote when the champion is no longer the one that evaluate compared with. The framework is
prepared only when there is something to measure.
"""

import math
from collections.abc import Mapping
from pathlib import Path

from trainer.frameworks import Measurement, framework_of
from trainer.job import Job, versioned_digest
from trainer.machine import fonts
from trainer.pictures import Row, draw, draw_confusion, truth
from trainer.registry import RegisteredVersion

from .measuring import Ground, Subject, ground_of, measure_alike
from .models import load_candidate, load_champion, sha256_of
from .report import GateReport, ModelReport, write_report
from .rule import Decision, decide

_COMPARISONS_TAG = "gate.comparisons"
_COMPARISON_DIGITS = 12


def compare_with(job: Job, champion: RegisteredVersion | None) -> GateReport:
    """Measure the run's candidate and a champion on the candidate's manifest and record what the gate says.

    Raises:
        BadData: the champion cannot be compared with and the catalog says to fail then.
        OutOfMemory: the memory does not even suffice for one image at a time.
    """
    framework_of(job.pipeline).prepare(job.settings.trainer_cache_dir)
    folder = job.workspace / f"against-{champion.version if champion else 'no-champion'}"
    ours = load_candidate(job, folder)
    # Both are loaded before either is measured: measuring may take long, and a champion that does not load may fail.
    theirs, why_not = load_champion(job, champion, ours, folder)
    ground, candidate, defender = measure_alike(ours, theirs, ground_of(job, folder), folder)
    decision = _decide(job, candidate, defender, why_not)
    report = _report(job, ground, candidate, defender, decision, champion, sha256_of(ours.weights))
    _record(job, ground, candidate, defender, report, folder)
    return report


# -- deciding and recording -------------------------------------------------------------------------------------------


def _decide(job: Job, candidate: Subject, champion: Subject | None, why_not: str) -> Decision:
    rule = job.pipeline.gate
    theirs = champion.measurement.for_gate(rule.metric) if champion else None
    return decide(rule, candidate.measurement.for_gate(rule.metric), theirs, why_not)


def _report(
    job: Job,
    ground: Ground,
    candidate: Subject,
    defender: Subject | None,
    decision: Decision,
    champion: RegisteredVersion | None,
    weights_sha256: str,
) -> GateReport:
    version = champion.version if champion else None
    metric = job.pipeline.gate.metric
    return GateReport(
        rule=job.pipeline.gate,
        verdict=decision.verdict,
        reasons=decision.reasons,
        champion_version=version,
        dataset_digest=ground.manifest.digest,
        split=ground.settings.split,
        images=candidate.measurement.images,
        batch=ground.settings.batch,
        weights_sha256=weights_sha256,
        candidate=_model_report(candidate.measurement, None, metric),
        champion=_model_report(defender.measurement, version, metric) if defender else None,
    )


def _model_report(measured: Measurement, version: str | None, metric: str) -> ModelReport:
    return ModelReport(
        version=version,
        metrics=_finite(measured.overall),
        per_class=_finite(measured.for_gate(metric).per_class),
        latency_ms=measured.latency_ms,
        size_bytes=measured.size_bytes,
        parameters=measured.parameters,
    )


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if math.isfinite(value)}


def _record(
    job: Job, ground: Ground, candidate: Subject, champion: Subject | None, report: GateReport, folder: Path
) -> None:
    """Store numbers and pictures, the verdict last."""
    job.record.ownership.check()
    sides = {"candidate": candidate} | ({"champion": champion} if champion else {})
    _log_metrics(job, report)
    job.record.log_table(_class_table(job, sides), "evaluation/per_class.json")
    for side, subject in sides.items():
        measured, picture = subject.measurement, folder / f"confusion_matrix_{side}.png"
        draw_confusion(side, measured.confusion, measured.names, picture, fonts.font_for_all_scripts())
        job.record.log_artifact(picture, "evaluation")
    job.record.log_artifact(_side_by_side(job, ground, sides, folder), "evaluation")
    job.record.ownership.check()
    write_report(job.record, report)


def _log_metrics(job: Job, report: GateReport) -> None:
    """Log each metric once for each comparison; MLflow's step is the comparison's number."""
    sides = {"candidate": _numbers(report.candidate)} | (
        {"champion": _numbers(report.champion)} if report.champion else {}
    )
    points = {f"{side}/{name}": value for side, numbers in sides.items() for name, value in numbers.items()}
    for name, value in sides.get("champion", {}).items():
        if name in sides["candidate"]:
            points[f"delta/{name}"] = sides["candidate"][name] - value
    identity = versioned_digest(
        report.model_dump(include={"rule", "champion_version", "dataset_digest", "weights_sha256"})
    )
    number = _comparison_number(job, identity[:_COMPARISON_DIGITS])
    job.record.log_metrics({k: v for k, v in points.items() if number not in job.record.metric_epochs(k)}, number)


def _comparison_number(job: Job, identity: str) -> int:
    """Return the number of this comparison in the run: a repeated attempt continues it, another champion is another."""
    known = job.record.tags().get(_COMPARISONS_TAG, "").split()
    if not known or known[-1] != identity:
        known.append(identity)
        job.record.set_tags({_COMPARISONS_TAG: " ".join(known)})
    return len(known) - 1


def _numbers(model: ModelReport) -> dict[str, float]:
    return model.metrics | {
        "latency_ms": model.latency_ms,
        "size_bytes": float(model.size_bytes),
        "parameters": float(model.parameters),
    }


def _class_table(job: Job, sides: Mapping[str, Subject]) -> dict[str, list[object]]:
    names = sides["candidate"].measurement.names
    measured = [name for name in names if any(name in side.measurement.classes for side in sides.values())]
    columns: dict[str, list[object]] = {"class": list(measured)}
    for side, subject in sides.items():
        rows = [subject.measurement.classes.get(name, {}) for name in measured]
        for metric in dict.fromkeys(metric for row in rows for metric in row):
            title = metric if metric == "instances" else f"{side} {metric}"
            columns[title] = [row.get(metric) for row in rows]
    return columns


def _side_by_side(job: Job, ground: Ground, sides: Mapping[str, Subject], folder: Path) -> Path:
    pictures = [picture for _, picture in ground.pictures]
    seen = [subject.model.predict(pictures, ground.settings) for subject in sides.values()]
    rows = []
    for index, (item, picture) in enumerate(ground.pictures):
        labelled = truth(item.label, ground.manifest.names, job.pipeline.task, item.width, item.height)
        rows.append(Row(picture, [labelled, *(side[index] for side in seen)]))
    return draw(["truth", *sides], rows, folder / "side_by_side.jpg", fonts.font_for_all_scripts())
