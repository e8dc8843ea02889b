"""Record what evaluate found: ``gate.json`` and the gate's tags.

register and promote read it from here, not from an earlier step's memory. ``gate.json`` is what they trust; the tags
say the same to people and to other programs. Must not import mlflow.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from step_contract.catalog import Gate
from step_contract.frozen import Frozen
from step_contract.result import Verdict
from step_contract.tags import GATE_CHAMPION_TAG, GATE_METRIC_TAG, GATE_VERDICT_TAG
from trainer.errors import BadRequest
from trainer.frameworks import USUAL_BATCH

if TYPE_CHECKING:
    from trainer.tracking import RunRecord

REPORT_FILE = "gate.json"
_REASONS_LENGTH = 2500


class ModelReport(Frozen):
    """One model's numbers; those that are no finite number are left out."""

    version: str | None
    """Model version; null for a candidate, which has none yet."""
    metrics: dict[str, float]
    per_class: dict[str, float]
    """The gate's metric for each class."""
    latency_ms: float
    size_bytes: int
    parameters: int


class GateReport(Frozen):
    """A comparison: the rule, the numbers it was applied to, and what came of it."""

    rule: Gate
    verdict: Verdict
    reasons: tuple[str, ...]
    champion_version: str | None
    """Version the candidate was compared with; null if there was no champion."""
    dataset_digest: str
    split: str
    images: int
    """Images in the split that both were measured on."""
    batch: int = USUAL_BATCH
    """Images that both were measured on at once."""
    weights_sha256: str
    """The candidate's weights file."""
    candidate: ModelReport
    champion: ModelReport | None


def write_report(record: "RunRecord", report: GateReport) -> None:
    """Record a comparison, replacing an earlier one."""
    record.log_json(report.model_dump(mode="json"), REPORT_FILE)
    record.set_tags(
        {
            GATE_VERDICT_TAG: report.verdict,
            "gate.reasons": "\n".join(report.reasons),
            GATE_CHAMPION_TAG: report.champion_version or "",
            GATE_METRIC_TAG: report.rule.metric,
        }
    )


def find_report(record: "RunRecord", folder: Path) -> GateReport | None:
    """Return the recorded comparison, if there is one."""
    if REPORT_FILE not in record.artifacts():
        return None
    text = record.download(REPORT_FILE, folder).read_text(encoding="utf-8")
    try:
        return GateReport.model_validate_json(text)
    except ValidationError as error:
        raise BadRequest(
            f"{REPORT_FILE} of MLflow run {record.run_id} is not as evaluate writes it "
            f"({error.error_count()} problems); run evaluate of this DAG run again with force"
        ) from error


def read_report(record: "RunRecord", folder: Path) -> GateReport:
    """Return the recorded comparison.

    Raises:
        BadRequest: there is none, or it is not as evaluate writes it.
    """
    report = find_report(record, folder)
    if report is None:
        raise BadRequest(
            f"MLflow run {record.run_id} has no {REPORT_FILE}; run evaluate of this DAG run again with force"
        )
    return report


def short_reasons(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Return as many reasons as fit into a tag, and how many were left out."""
    kept: list[str] = []
    for reason in reasons:
        if kept and sum(map(len, kept)) + len(reason) > _REASONS_LENGTH:
            return (*kept, f"And {len(reasons) - len(kept)} more, see {REPORT_FILE}.")
        kept.append(reason[:_REASONS_LENGTH])
    return tuple(kept)
