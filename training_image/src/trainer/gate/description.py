"""Describe a model version in Markdown: what a person who finds it in MLflow wants to know first."""

from collections.abc import Mapping
from datetime import datetime

from trainer.job import Job

from .report import GateReport


def describe_version(job: Job, report: GateReport, images: Mapping[str, int]) -> str:
    """Say where the version comes from, on what it was trained, how it compares and what the gate said.

    Args:
        job: the registering step's.
        report: evaluate's comparison.
        images: number of images in each split.
    """
    pipeline, run = job.pipeline, job.run
    counts = ", ".join(f"{count} {split}" for split, count in images.items() if count)
    return "\n".join(
        [
            f"**{pipeline.name}**: {pipeline.description}",
            "",
            f"Trained on the data of {_time(job, run.data_interval_start)} to {_time(job, run.data_interval_end)} "
            f"({pipeline.timezone.key}) by DAG run `{run.run_id}` of `{run.dag_id}`, MLflow run `{job.record.run_id}`.",
            "",
            f"- dataset `{report.dataset_digest[:12]}`: {counts} images",
            f"- model `{pipeline.model}`, task {pipeline.task}, image size {pipeline.training.imgsz}",
            f"- {report.candidate.parameters:,} parameters, {report.candidate.size_bytes / 1e6:.1f} MB, "
            f"{report.candidate.latency_ms:.1f} ms an image",
            "",
            *_metrics_table(report),
            "",
            f"**{report.verdict}**, measured on {report.images} images of {report.split}:",
            "",
            *(f"- {reason}" for reason in report.reasons[:20]),
            *([f"- and {len(report.reasons) - 20} more, see gate.json"] if len(report.reasons) > 20 else []),
        ]
    )


def _metrics_table(report: GateReport) -> list[str]:
    ours, theirs = report.candidate.metrics, report.champion.metrics if report.champion else {}
    title = f"champion (version {report.champion_version})" if report.champion else "no champion"
    rows = [f"| {name} | {value:.4f} | {_cell(theirs.get(name))} |" for name, value in ours.items()]
    return [f"| metric | this version | {title} |", "|---|---|---|", *rows]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _time(job: Job, moment: datetime) -> str:
    return f"{moment.astimezone(job.pipeline.timezone):%Y-%m-%d %H:%M}"
