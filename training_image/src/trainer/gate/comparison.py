"""Measure a run's candidate and a champion on the same images with the same code, and record what the gate says.

A champion that cannot be loaded, or whose classes are others than the candidate's, cannot be compared with; then the
catalog's ``gate.unreadable_champion`` says whether the step fails and the champion stays, or the minimum alone decides.
Used by evaluate, and by promote when the champion is no longer the one that evaluate compared with. Torch and
ultralytics are imported only when there is something to measure.
"""

import hashlib
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.datasets import Manifest, ManifestItem, dataset_digest, load_manifest
from trainer.errors import BadData, OutOfMemory
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.job import Job, versioned_digest
from trainer.machine import environment
from trainer.pictures import Row, draw, draw_confusion, truth
from trainer.registry import MissingWeights, ModelRegistry, RegisteredVersion
from trainer.storage import cached_object

from .report import GateReport, ModelReport, write_report
from .rule import Decision, decide

if TYPE_CHECKING:
    from trainer.frameworks import Measurement, MeasureSettings
    from trainer.frameworks.ultralytics.measurement import LoadedModel

_PICTURES = 4
_MOST_WORKERS = 8
_COMPARISONS_TAG = "gate.comparisons"
_COMPARISON_DIGITS = 12

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Loaded:
    """A model that can be measured, and the file it came from."""

    model: "LoadedModel"
    weights: Path


@dataclass(frozen=True)
class _Subject:
    """A measured model with what is needed to draw what it sees."""

    model: "LoadedModel"
    measurement: "Measurement"


@dataclass(frozen=True)
class _Ground:
    """What both models are measured on."""

    manifest: Manifest
    settings: "MeasureSettings"
    pictures: tuple[tuple[ManifestItem, Path], ...]


def compare_with(job: Job, champion: RegisteredVersion | None) -> GateReport:
    """Measure the run's candidate and a champion on the candidate's manifest and record what the gate says.

    Raises:
        BadData: the champion cannot be compared with and the catalog says to fail then.
        OutOfMemory: the memory does not even suffice for one image at a time.
    """
    ultralytics_setup.prepare(job.settings.trainer_cache_dir)
    from trainer.frameworks.ultralytics.measurement import (
        load,
    )  # imports torch; must not be imported before ultralytics is prepared

    folder = job.workspace / f"against-{champion.version if champion else 'nobody'}"
    weights = candidate_weights(job, folder)
    ours = _Loaded(load(weights, job.pipeline.task), weights)
    # Both are loaded before either is measured: measuring may take long, and a champion that does not load may fail.
    theirs, why_not = _load_champion(job, champion, ours, folder)
    ground, candidate, defender = _measure_alike(ours, theirs, _ground(job, folder), folder)
    decision = _decide(job, candidate, defender, why_not)
    report = _report(job, ground, candidate, defender, decision, champion, sha256_of(weights))
    _record(job, ground, candidate, defender, report, folder)
    return report


def registry_of(job: Job) -> ModelRegistry:
    """Return the pipeline's registered model."""
    return ModelRegistry(job.record.client, job.pipeline.registry.model)


def candidate_weights(job: Job, folder: Path) -> Path:
    """Fetch the weights that train stored in the run."""
    return job.record.download("weights/best.pt", folder / "candidate")


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def example_picture(job: Job, manifest: Manifest) -> Path:
    """Return one of the pictures that the models are measured on."""
    return _picture(job, manifest, manifest.of(manifest.measured_split)[0])


# -- measuring --------------------------------------------------------------------------------------------------------


def _ground(job: Job, folder: Path) -> _Ground:
    from trainer.datasets import materialize_dataset
    from trainer.frameworks import MeasureSettings

    manifest = load_manifest(job.record, folder, dataset_digest(job.record))
    settings = MeasureSettings(
        task=job.pipeline.task,
        data=materialize_dataset(manifest, job, folder / "dataset"),
        split=manifest.measured_split,
        imgsz=job.pipeline.training.imgsz,
        device=environment.device_for(job.settings, job.order.resources.gpus).split(",")[0],
        workers=min(_MOST_WORKERS, environment.available_cpus()),
    )
    chosen = manifest.of(manifest.measured_split)[:_PICTURES]
    return _Ground(manifest, settings, tuple((item, _picture(job, manifest, item)) for item in chosen))


def _picture(job: Job, manifest: Manifest, item: ManifestItem) -> Path:
    cache = job.settings.trainer_cache_dir.absolute()
    return cached_object(cache, job.storage, manifest.uri, item.stored, item.content_hash)


def _measure_alike(
    ours: _Loaded, theirs: _Loaded | None, ground: _Ground, folder: Path
) -> tuple[_Ground, _Subject, _Subject | None]:
    """Measure both with the same batch: half of it for both, if the memory does not suffice for one of them."""
    from trainer.machine import device_failures

    while True:
        try:
            candidate = _measure(ours, ground, folder / "candidate")
            return ground, candidate, _measure(theirs, ground, folder / "champion") if theirs else None
        except OutOfMemory as error:
            half = ground.settings.batch // 2
            if not half:
                raise
            _log.warning("%s; measuring with %d at once", error, half)
        # Outside of the handler, whose traceback holds what was on the device.
        device_failures.free_device_memory()
        ground = replace(ground, settings=replace(ground.settings, batch=half))


def _measure(loaded: _Loaded, ground: _Ground, folder: Path) -> _Subject:
    from trainer.frameworks.ultralytics.measurement import measure

    sample = ground.pictures[0][1]
    return _Subject(loaded.model, measure(loaded.model, loaded.weights, ground.settings, sample, folder / "val"))


def _load_champion(
    job: Job, champion: RegisteredVersion | None, candidate: _Loaded, folder: Path
) -> tuple[_Loaded | None, str]:
    """Return the champion ready to be measured, or None and the reason why there is none to compare with."""
    from trainer.frameworks import UnreadableModel
    from trainer.frameworks.ultralytics.measurement import class_names, load

    if champion is None:
        return None, "There is no champion to compare with."
    try:
        weights = registry_of(job).download_weights(champion, folder / "champion")
        model = load(weights, job.pipeline.task)
        theirs, ours = class_names(model), class_names(candidate.model)
        if theirs != ours:
            raise UnreadableModel(f"its classes are {_listed(theirs)}, the candidate's are {_listed(ours)}")
    except (MissingWeights, UnreadableModel) as error:
        if job.pipeline.gate.unreadable_champion == "fail":
            raise BadData(_advice(job, champion, error)) from error
        reason = f"Champion version {champion.version} cannot be compared with ({error}); the minimum alone decides."
        return None, reason
    return _Loaded(model, weights), ""


def _advice(job: Job, champion: RegisteredVersion, error: BadData) -> str:
    alias = job.pipeline.registry.champion
    return (
        f"champion version {champion.version} of {champion.model!r} cannot be compared with: {error}. It stays "
        f"champion. Point alias {alias!r} to a version that can be, or delete the alias, or set "
        "gate.unreadable_champion to replace, so that the minimum alone decides; then run evaluate again"
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


# -- deciding and recording -------------------------------------------------------------------------------------------


def _decide(job: Job, candidate: _Subject, champion: _Subject | None, why_not: str) -> Decision:
    rule = job.pipeline.gate
    theirs = champion.measurement.for_gate(rule.metric) if champion else None
    return decide(rule, candidate.measurement.for_gate(rule.metric), theirs, why_not)


def _report(
    job: Job,
    ground: _Ground,
    candidate: _Subject,
    defender: _Subject | None,
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


def _model_report(measured: "Measurement", version: str | None, metric: str) -> ModelReport:
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
    job: Job, ground: _Ground, candidate: _Subject, champion: _Subject | None, report: GateReport, folder: Path
) -> None:
    """Store numbers and pictures, the verdict last."""
    job.record.ownership.check()
    sides = {"candidate": candidate} | ({"champion": champion} if champion else {})
    _log_metrics(job, report)
    job.record.log_table(_class_table(job, sides), "evaluation/per_class.json")
    for side, subject in sides.items():
        measured, picture = subject.measurement, folder / f"confusion_matrix_{side}.png"
        draw_confusion(side, measured.confusion, measured.names, picture, _font(job))
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
    """Return the number of this comparison in the run: a repeated try continues it, another champion is another."""
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


def _class_table(job: Job, sides: Mapping[str, _Subject]) -> dict[str, list[object]]:
    names = sides["candidate"].measurement.names
    measured = [name for name in names if any(name in side.measurement.classes for side in sides.values())]
    columns: dict[str, list[object]] = {"class": list(measured)}
    for side, subject in sides.items():
        rows = [subject.measurement.classes.get(name, {}) for name in measured]
        for metric in dict.fromkeys(metric for row in rows for metric in row):
            title = metric if metric == "instances" else f"{side} {metric}"
            columns[title] = [row.get(metric) for row in rows]
    return columns


def _side_by_side(job: Job, ground: _Ground, sides: Mapping[str, _Subject], folder: Path) -> Path:
    from trainer.frameworks.ultralytics.measurement import predict

    pictures = [picture for _, picture in ground.pictures]
    seen = [predict(subject.model, pictures, ground.settings) for subject in sides.values()]
    rows = []
    for index, (item, picture) in enumerate(ground.pictures):
        labelled = truth(item.label, ground.manifest.names, job.pipeline.task, item.width, item.height)
        rows.append(Row(picture, [labelled, *(side[index] for side in seen)]))
    return draw(["truth", *sides], rows, folder / "side_by_side.jpg", _font(job))


def _font(job: Job) -> Path:
    return job.settings.trainer_cache_dir.absolute() / "Ultralytics" / "Arial.Unicode.ttf"
