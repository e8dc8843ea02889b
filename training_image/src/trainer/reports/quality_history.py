"""Chart quality over data time: the result of each DAG run of a pipeline, as a table and a picture.

It is for a person after a backfill: which data gave which model, which became champion and why the others did not.
Each run that ends stores the results known by then in its own record, so the last run of a backfill has them all.
Must not import mlflow: the record's client is enough.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from PIL import Image, ImageDraw
from pydantic import ValidationError

from step_contract.order import Step
from step_contract.result import PromoteResult, RegisterResult, Result
from step_contract.tags import (
    CANDIDATE_PREFIX,
    DATA_END_TAG,
    GATE_METRIC_TAG,
    GATE_VERDICT_TAG,
    RUN_ID_TAG,
    RUN_TYPE_TAG,
    reason_tag,
    result_tag,
)
from trainer.errors import StepError
from trainer.job import Job
from trainer.pictures import open_font
from trainer.tracking import RunRecord

FOLDER = "quality"
TABLE = f"{FOLDER}/over_data_time.json"
PICTURE = "over_data_time.png"

_MAX_RUNS = 500
_SIZE = (960, 380)
_MARGIN = (60, 40, 20, 40)
"""Left, top, right, bottom, in pixels."""
_INK, _GRID = (30, 30, 30), (225, 228, 234)
_CHAMPION, _KEPT, _REFUSED = (16, 66, 140), (150, 156, 168), (200, 50, 60)
_DATES = 6

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Row:
    """The result of one DAG run."""

    data_until: str
    """End of the data interval, ISO 8601 in UTC."""
    run: str
    run_type: str
    metric: str
    candidate: float
    compared_with: float | None
    """The same metric of the champion at that time, on the same images."""
    verdict: str
    version: str | None
    became_champion: bool
    why: str
    mlflow_run_id: str


def leave(job: Job) -> None:
    """Store table and picture in the run's artifacts; failures of MLflow or the disk are only logged."""
    try:
        rows = rows_of(job.record)
        if not rows:
            return
        job.record.log_table({name: [asdict(row)[name] for row in rows] for name in asdict(rows[0])}, TABLE)
        metric = job.pipeline.gate.metric
        # Earlier runs may have used another metric for the gate, which does not belong on the same axis.
        if shown := [row for row in rows if row.metric == metric]:
            picture = draw(f"{job.pipeline.name}: {metric} over data time", shown, job.workspace / PICTURE)
            job.record.log_artifact(picture, FOLDER)
    except (StepError, OSError) as error:
        _log.warning("the table of quality over data time was not updated: %s", error)


def rows_of(record: RunRecord) -> list[Row]:
    """Return the results of the DAG runs of this record's pipeline, oldest data first; at most the 500 latest."""
    runs = record.runs_of_pipeline(
        f"tags.`{GATE_VERDICT_TAG}` != ''", order_by=f"tags.{DATA_END_TAG} DESC", most=_MAX_RUNS
    )
    found = (_row(run.run_id, run.tags, run.metrics) for run in runs)
    return sorted((row for row in found if row is not None), key=lambda row: (row.data_until, row.run))


def _row(run_id: str, tags: Mapping[str, str], metrics: Mapping[str, float]) -> Row | None:
    metric, data_until = tags.get(GATE_METRIC_TAG, ""), tags.get(DATA_END_TAG, "")
    candidate = metrics.get(f"{CANDIDATE_PREFIX}{metric}")
    if candidate is None or not math.isfinite(candidate) or not _is_moment(data_until):
        return None
    outcome = _outcome(tags)
    return Row(
        data_until=data_until,
        run=tags.get(RUN_ID_TAG, ""),
        run_type=tags.get(RUN_TYPE_TAG, ""),
        metric=metric,
        candidate=candidate,
        compared_with=metrics.get(f"champion/{metric}"),
        verdict=tags[GATE_VERDICT_TAG],
        version=outcome.version if outcome else None,
        became_champion=isinstance(outcome, PromoteResult) and outcome.promoted,
        why=tags.get(reason_tag(Step.PROMOTE)) or tags.get(reason_tag(Step.REGISTER)) or "",
        mlflow_run_id=run_id,
    )


def _is_moment(text: str) -> bool:
    """Return whether a tag, which people can edit, still contains a time."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _outcome(tags: Mapping[str, str]) -> PromoteResult | RegisterResult | None:
    """Return the result of promote, or else of register."""
    for step in (Step.PROMOTE, Step.REGISTER):
        try:
            outcome = Result.model_validate_json(tags.get(result_tag(step), "")).outcome
        except ValidationError:
            continue
        if isinstance(outcome, PromoteResult | RegisterResult):
            return outcome
    return None


def draw(title: str, rows: Sequence[Row], target: Path) -> Path:
    """Draw each run's candidate over the end of its data, the champions joined by a line, and save it as PNG."""
    sheet = Image.new("RGB", _SIZE, "white")
    pen, font = ImageDraw.Draw(sheet), open_font(None)
    moments = [datetime.fromisoformat(row.data_until).timestamp() for row in rows]
    left, top, right, bottom = _MARGIN[0], _MARGIN[1], _SIZE[0] - _MARGIN[2], _SIZE[1] - _MARGIN[3]
    low, high = min(row.candidate for row in rows), max(row.candidate for row in rows)
    low, high = max(0.0, low - 0.05), high + 0.05
    across = max(moments) - min(moments) or 1.0
    points = [
        (
            left + 10 + (moment - min(moments)) / across * (right - left - 20),
            bottom - (row.candidate - low) / (high - low) * (bottom - top),
        )
        for moment, row in zip(moments, rows, strict=True)
    ]
    pen.text((8, 6), f"{title}. Blue: became champion; grey: kept out; red: refused", _INK, font)
    for share in (0, 0.25, 0.5, 0.75, 1):
        height = bottom - share * (bottom - top)
        pen.line((left, height, right, height), _GRID)
        pen.text((left - 8, height), f"{low + share * (high - low):.3f}", _INK, font, anchor="rm")
    for moment in dict.fromkeys(moments[:: max(1, len(moments) // _DATES)]):
        place = left + 10 + (moment - min(moments)) / across * (right - left - 20)
        pen.text((place, bottom + 14), f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}", _INK, font, anchor="mm")
    champions = [point for point, row in zip(points, rows, strict=True) if row.became_champion]
    if len(champions) > 1:
        pen.line(champions, _CHAMPION, 2)
    for (x, y), row in zip(points, rows, strict=True):
        colour = _CHAMPION if row.became_champion else _REFUSED if row.verdict == "REFUSE" else _KEPT
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
    sheet.save(target)
    return target
