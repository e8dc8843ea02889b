"""preprocess: list the source, validate it, split it, and record the manifest that all later steps read.

Nothing here needs a GPU or a framework. What was read once is known by its content: an unchanged dataset costs
one listing.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from step_contract.result import PreprocessResult
from trainer.datasets import (
    SPLITS,
    Candidate,
    ImageContent,
    Manifest,
    Source,
    SourceReader,
    ValidationReport,
    label_check,
    list_source,
    record_manifest,
    validate,
)
from trainer.datasets.layouts import Layout, Listing, Sample, join_layouts, read_layout
from trainer.errors import BadData
from trainer.job import Job, versioned_digest
from trainer.pictures import draw_contact_sheet
from trainer.storage import StoredObject, eviction, readable

from .plan import StepPlan, planned

_log = logging.getLogger(__name__)


def plan(job: Job) -> StepPlan:
    """List the source once, for the fingerprint and for the work."""
    source = list_source(job)
    return planned(fingerprint(job, source), partial(work, job, source), summary)


def fingerprint(job: Job, source: Source) -> str:
    """Return the digest of the dataset's settings and its listing: the same digest means the same manifest."""
    listing = [
        (folder.name, [(item.key, item.size, item.etag, item.version_id) for item in folder.objects])
        for folder in source.folders
    ]
    dataset = job.pipeline.dataset.model_dump(mode="json")
    return versioned_digest(dataset, job.pipeline.task, source.uri, source.missing, listing)


def work(job: Job, source: Source) -> PreprocessResult:
    """Validate the listed dataset and record its manifest, report and contact sheet.

    Raises:
        BadRequest: the dataset's URI cannot be understood.
        BadData: there is no dataset, it is not laid out as the catalog says, or it is over the catalog's limits.
        TryAgain: the store or MLflow does not answer, or somebody is still writing to the dataset.
    """
    layout, candidates = _read(source, job)
    items, report = validate(candidates, layout, job.pipeline.dataset)
    job.record.ownership.check()
    job.record.log_json(_document(report, source, job), "dataset/report.json")
    if report.violations:
        raise BadData(_refusal(report, source))
    manifest = Manifest(
        task=job.pipeline.task,
        format=job.pipeline.dataset.format,
        uri=source.uri,
        names=layout.names,
        kpt_shape=layout.kpt_shape,
        items=items,
        flip_idx=layout.flip_idx,
    )
    _record(manifest, report, job)
    settings = job.settings
    limits = {"max_gb": settings.trainer_cache_max_gb, "keep_days": settings.trainer_cache_keep_days}
    eviction.evict_if_due(settings.trainer_cache_dir, **limits)
    return PreprocessResult(dataset_digest=manifest.digest, images=manifest.images)


def summary(outcome: PreprocessResult) -> str:
    """Say how many images there are and under which digest."""
    splits = ", ".join(f"{split} {count:,}" for split, count in outcome.images.items())
    return f"{sum(outcome.images.values()):,} images ({splits}), dataset {outcome.dataset_digest[:12]}"


# -- reading ----------------------------------------------------------------------------------------------------------


def _read(source: Source, job: Job) -> tuple[Layout, list[Candidate]]:
    """Read what is not known yet of each folder, and keep what was found out whatever happens."""
    dataset, cache = job.pipeline.dataset, job.settings.trainer_cache_dir
    readers = {folder.name: SourceReader(job.storage, cache, folder.uri, folder.objects) for folder in source.folders}
    try:
        layouts = {
            folder.name: read_layout(
                dataset.format,
                job.pipeline.task,
                Listing(folder.uri, folder.objects),
                readers[folder.name],
                is_pooled=dataset.split is not None,
            )
            for folder in source.folders
        }
        layout = join_layouts(layouts)
        if not layout.samples:
            raise BadData(f"no images in {readable(source.uri)}; expected images as format {dataset.format} has them")
        rules = label_check.LabelRules(job.pipeline.task, len(layout.names), layout.kpt_shape)
        read = [pair for name in layouts for pair in _read_samples(layouts[name].samples, readers[name], rules)]
    finally:
        for reader in readers.values():
            reader.save()
    return layout, [Candidate(sample, *pair) for sample, pair in zip(layout.samples, read, strict=True)]


def _read_samples(
    samples: Sequence[Sample], reader: SourceReader, rules: label_check.LabelRules
) -> list[tuple[ImageContent | None, label_check.CheckedLabel | None]]:
    """Return content and label of each sample, in order."""
    images = {sample.image.key: sample.image for sample in samples if sample.image}
    files = {sample.label.key: sample.label for sample in samples if isinstance(sample.label, StoredObject)}
    name = f"label{label_check.VERSION}-{rules.task}-{rules.classes}-{rules.kpt_shape}"
    read = reader.derived(list(files.values()), name, partial(label_check.read_label, rules=rules))
    labels = {key: label_check.CheckedLabel(*label) for key, label in zip(files, read, strict=True)}
    contents = dict(zip(images, reader.images(list(images.values())), strict=True))

    def label_of(sample: Sample) -> label_check.CheckedLabel | None:
        if isinstance(sample.label, StoredObject):
            return labels[sample.label.key]
        return None if sample.label is None else label_check.check_label(sample.label, rules)

    return [(contents[sample.image.key] if sample.image else None, label_of(sample)) for sample in samples]


# -- recording --------------------------------------------------------------------------------------------------------


def _record(manifest: Manifest, report: ValidationReport, job: Job) -> None:
    """Record manifest, statistics and contact sheet; recorded again, nothing doubles."""
    job.record.ownership.check()
    record_manifest(job.record, manifest, job.workspace)
    job.record.log_artifact(draw_contact_sheet(manifest, job.settings.trainer_cache_dir, job.storage), "dataset")
    job.record.log_table(
        {"class": list(report.classes), **{split: [row[split] for row in report.classes.values()] for split in SPLITS}},
        "dataset/classes.json",
    )
    statistics = _statistics(manifest, report)
    profile = {"digest": manifest.digest, "uri": manifest.uri, **statistics}
    job.record.log_dataset(job.pipeline.name, manifest.digest, manifest.uri, profile)
    logged = job.record.metrics()
    metrics = {f"dataset/{name}": float(value) for name, value in statistics.items()}
    if changed := {name: value for name, value in metrics.items() if logged.get(name) != value}:
        job.record.log_metrics(changed)


def _statistics(manifest: Manifest, report: ValidationReport) -> dict[str, float]:
    numbers: dict[str, float] = {f"images_{split}": count for split, count in manifest.images.items()}
    for split in SPLITS:
        numbers[f"objects_{split}"] = sum(row[split] for row in report.classes.values())
    for name, spread in (("width", report.width), ("height", report.height)):
        if spread is not None:
            numbers |= {f"{name}_min": spread.minimum, f"{name}_median": spread.median, f"{name}_max": spread.maximum}
    return numbers | {"classes": len(manifest.names), "images_left_out": report.images_left_out}


def _document(report: ValidationReport, source: Source, job: Job) -> dict[str, Any]:
    about = {
        "task": job.pipeline.task,
        "format": job.pipeline.dataset.format,
        "uri": source.uri,
        "folders": [folder.name for folder in source.folders],
        "missing_folders": list(source.missing),
    }
    return about | report.model_dump(mode="json")


def _refusal(report: ValidationReport, source: Source) -> str:
    listed = " ".join(f"({number}) {text}." for number, text in enumerate(report.violations, 1))
    return (
        f"the dataset at {readable(source.uri)} is over {len(report.violations)} of the limits in dataset.limits: "
        f"{listed} Repair the data, or change the limits; the whole report is the run's artifact dataset/report.json"
    )
