"""Tests of the quality report that a person reads after a backfill: which data gave which model, and its result."""

from pathlib import Path

import pytest
from PIL import Image

from step_contract.result import Verdict
from tests.trainer.conftest import make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.trained_runs import MakeRun, RunStep, read_json
from trainer.errors import TryAgain
from trainer.reports.quality_history import PICTURE, TABLE, Row, draw, rows_of
from trainer.tracking import RunRecord


def row(day: int, candidate: float, **fields: object) -> Row:
    known = {"verdict": "KEEP", "version": "1", "became_champion": False, "why": "made up"} | fields
    data_until = f"2026-03-{day:02d}T00:00:00+00:00"
    return Row(data_until, "run", "backfill", "mAP50", candidate, None, mlflow_run_id="abc", **known)  # type: ignore[arg-type]


def test_the_last_run_of_a_backfill_has_them_all_in_the_order_of_their_data(
    do: RunStep, registered_run: MakeRun
) -> None:
    for night, verdict, against in ((5, Verdict.PROMOTE, None), (2, Verdict.PROMOTE, "1"), (3, Verdict.KEEP, "1")):
        job = registered_run(make_run(night), verdict=verdict, against=against)
        job.record.log_metrics({"candidate/mAP50": night / 10})
        do("promote", make_run(night))
    table = read_json(job, TABLE)
    rows = [dict(zip(table["columns"], values, strict=True)) for values in table["data"]]
    assert [(item["candidate"], item["version"], item["became_champion"]) for item in rows] == [
        (0.2, "2", False),
        (0.3, "3", False),
        (0.5, "1", True),
    ]
    assert "its data ends 2026-03-07 00:00 UTC" in rows[0]["why"]
    assert [item.candidate for item in rows_of(job.record)] == [0.2, 0.3, 0.5]
    assert [Path(path).name for path in job.record.artifacts("quality")] == ["over_data_time.json", PICTURE]


def test_a_table_that_cannot_be_written_fails_no_step(
    do: RunStep, registered_run: MakeRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = registered_run(make_run(1))
    job.record.log_metrics({"candidate/mAP50": 0.5})

    def away(*_: object) -> None:
        raise TryAgain("MLflow is away")

    monkeypatch.setattr(RunRecord, "log_table", away)
    do("promote", make_run(1))
    assert "the table of quality over data time was not updated: MLflow is away" in caplog.text
    assert client_of(job.record).get_run(job.record.run_id).info.status == "FINISHED"


def colours_of(picture: Path) -> dict[object, int]:
    """Return how many pixels of a picture have each colour."""
    return {colour: count for count, colour in Image.open(picture).getcolors(1 << 20) or []}


def test_a_run_with_unreadable_tags_or_metrics_is_left_out(do: RunStep, registered_run: MakeRun) -> None:
    for night, tags, candidate in (
        (1, {"data_interval_end": "soon"}, 0.1),
        (2, {}, float("nan")),
        (3, {"gate.metric": "recall"}, 0.3),
        (4, {}, 0.4),
    ):
        job = registered_run(make_run(night), against=str(night - 1) if night > 1 else None)
        job.record.log_metrics({"candidate/mAP50": candidate, "candidate/recall": 0.9})
        job.record.set_tags(tags)
        do("promote", make_run(night))
    assert [(item.metric, item.candidate) for item in rows_of(job.record)] == [("recall", 0.9), ("mAP50", 0.4)]
    assert "over_data_time.png" in job.record.artifacts("quality")[1]


@pytest.mark.parametrize("days", [[1], [1, 1], list(range(1, 31))])
def test_one_run_runs_of_one_day_and_a_month_can_be_drawn(days: list[int], tmp_path: Path) -> None:
    rows = [row(day, day / 40) for day in days]
    colours = colours_of(draw("digits: mAP50 over data time", rows, tmp_path / PICTURE))
    assert colours[(150, 156, 168)] > 40 * len(set(days))


def test_champions_are_joined_and_the_refused_are_red(tmp_path: Path) -> None:
    rows = [row(1, 0.4, became_champion=True), row(2, 0.1, verdict="REFUSE"), row(3, 0.6, became_champion=True)]
    colours = colours_of(draw("digits", rows, tmp_path / PICTURE))
    assert colours[(200, 50, 60)] > 20
    assert colours[(16, 66, 140)] > 1000, "two points and the line between them"
