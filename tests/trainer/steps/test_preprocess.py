"""preprocess from end to end: what is recorded, what is refused, and which data a run reads."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from step_contract.catalog import Pipeline
from step_contract.order import Step
from step_contract.result import PreprocessResult
from step_contract.step import StepRun
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.dataset_files import (
    HALVES,
    coco,
    image_bytes,
    pipeline_over,
    write,
    write_image_folder,
    write_yolo_pool,
)
from tests.trainer.mlflow_client import client_of
from tests.trainer.preprocessing import fingerprint_of, preprocessed
from trainer.datasets.manifest import Manifest, load_manifest
from trainer.errors import BadData, BadRequest, Superseded
from trainer.job import Job
from trainer.steps import preprocess
from trainer.tracking import RunRecord

MakeJob = Callable[..., Job]


def manifest_of(job: Job) -> Manifest:
    return load_manifest(job.record, job.workspace)


def dataset_inputs_of(job: Job) -> list[str]:
    inputs = client_of(job.record).get_run(job.record.run_id).inputs
    return [item.dataset.digest for item in inputs.dataset_inputs] if inputs else []


def report_of(job: Job) -> dict[str, Any]:
    path = job.record.download("dataset/report.json", job.workspace / "report")
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def test_manifest_report_picture_and_statistics_are_recorded(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "set", names=("고양이", "개"))
    job = make_job("preprocess", pipeline_over())
    result = preprocessed(job)
    manifest = manifest_of(job)
    assert result == PreprocessResult(dataset_digest=manifest.digest, images=manifest.images)
    assert sum(result.images.values()) == 24
    assert result.images["test"] == 0
    assert manifest.uri == (tmp_path / "store" / "set").as_uri()
    assert job.record.tags()["dataset.digest"] == manifest.digest
    assert job.record.metrics()["dataset/images_train"] == result.images["train"]
    (digest,) = dataset_inputs_of(job)
    assert manifest.digest.startswith(digest)
    report = report_of(job)
    assert report["verdict"] == "accepted"
    assert report["classes"]["고양이"]["train"] > 0
    assert report["width"] == {"minimum": 32, "median": 32, "maximum": 32}
    with Image.open(job.record.download("dataset/contact_sheet.jpg", job.workspace)) as sheet:
        assert (sheet.format, sheet.width) == ("JPEG", 960)


@pytest.mark.parametrize(
    ("place", "name", "left"),
    [(preprocess, "validate", []), (RunRecord, "log_json", ["dataset/report.json"])],
    ids=["while it validates", "after its report"],
)
def test_a_try_that_was_given_up_records_nothing_more(
    make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: object, name: str, left: list[str]
) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    job = make_job("preprocess", pipeline_over())
    job.record.ownership.take(Step.PREPROCESS, 1)
    own = getattr(place, name)

    def overtaken(*arguments: Any) -> Any:
        answer = own(*arguments)
        RunRecord(client_of(job.record), job.record.run_id).ownership.take(Step.PREPROCESS, 2)
        return answer

    monkeypatch.setattr(place, name, overtaken)
    with pytest.raises(Superseded, match="try 1 stops and leaves the record to it"):
        preprocessed(job)
    assert job.record.artifacts("dataset") == left
    assert dataset_inputs_of(job) == []


def test_what_is_bad_below_the_limits_is_left_out_and_said(make_job: MakeJob, tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "store" / "set")
    write(folder, {"images/000.jpg": image_bytes(0)[:400], "labels/001.txt": "5 0.5 0.5 0.1 0.1", "note.gif": "x"})
    limits = {"maximum_unreadable_share": 0.1, "maximum_bad_label_share": 0.1, "minimum_train_images": 5}
    job = make_job("preprocess", pipeline_over(limits=limits))
    assert sum(preprocessed(job).images.values()) == 22
    report = report_of(job)
    assert report["images_left_out"] == 2
    findings = {finding["what"]: finding["examples"] for finding in report["findings"]}
    assert findings["class id is not one of 0 to 1"] == ["images/001.jpg: line 1: 5 0.5 0.5 0.1 0.1"]
    assert findings["unreadable or truncated image"][0].startswith("images/000.jpg: ")


def test_over_the_limits_it_fails_with_everything_that_is_wrong_and_the_report_is_recorded(
    make_job: MakeJob, tmp_path: Path
) -> None:
    folder = write_yolo_pool(
        tmp_path / "store" / "자료", images=12, names=("고양이", "개", "새"), label="0 0.5 0.5 0.1 0.1\n"
    )
    write(folder, {"images/000.jpg": b"", "labels/001.txt": "0 nan 0.5 0.1 0.1"})
    job = make_job("preprocess", pipeline_over("자료", limits={"minimum_train_images": 50}))
    with pytest.raises(BadData) as failure:
        preprocessed(job)
    message = str(failure.value)
    assert message.startswith(
        f"the dataset at file://{tmp_path}/store/자료 is over 4 of the limits in dataset.limits: (1) 1 of 12"
    )
    for part in (
        "000.jpg: is not an image of a known format",
        "NaN or infinity: images/001.jpg: line 1: 0 nan",
        "(minimum_train_images)",
        "2 of 3 classes have fewer than 1 objects in train (minimum_class_instances): 개 has 0; 새 has 0",
        "the whole report is the run's artifact dataset/report.json",
    ):
        assert part in message
    assert report_of(job)["verdict"] == "refused"
    assert len(report_of(job)["violations"]) == 4
    assert job.record.artifacts("dataset") == ["dataset/report.json"]


def test_again_in_the_same_run_nothing_doubles(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "set")
    first, second = make_job("preprocess", pipeline_over()), make_job("preprocess", pipeline_over())
    assert preprocessed(first) == preprocessed(second)
    assert second.record.metric_epochs("dataset/images_train") == [0]
    assert len(dataset_inputs_of(second)) == 1
    assert second.record.artifacts("dataset") == [
        f"dataset/{name}" for name in ("classes.json", "contact_sheet.jpg", "manifest.jsonl.gz", "report.json")
    ]


@pytest.mark.parametrize(
    ("fields", "write_source"),
    [
        (
            {"task": "classify", "gate": {"metric": "accuracy_top1"}, "dataset": {"uri": "s", "format": "imagefolder"}},
            lambda folder: write_image_folder(folder, {"train/고양이": 8, "train/개": 8, "val/고양이": 2, "val/개": 2}),
        ),
        (
            {"task": "segment", "dataset": {"uri": "s", "format": "coco", "split": HALVES}},
            lambda folder: write(
                folder,
                {f"{n}.jpg": image_bytes(n) for n in range(24)}
                | {
                    "all.json": coco(
                        [f"{n}.jpg" for n in range(24)],
                        [
                            {"image": n, "category_id": (3, 7)[n % 2], "segmentation": [[1, 1, 9, 1, 9, 9]]}
                            for n in range(24)
                        ],
                    )
                },
            ),
        ),
        (
            {"task": "pose", "dataset": {"uri": "s", "split": HALVES}},
            lambda folder: write(
                write_yolo_pool(folder, label="0 0.5 0.5 0.5 0.5 0.5 0.5 2 0.4 0.4 0\n"),
                {"data.yaml": "names: [p]\nkpt_shape: [2, 3]"},
            ),
        ),
        (
            {"task": "obb", "dataset": {"uri": "s", "split": HALVES}},
            lambda folder: write(
                write_yolo_pool(folder, label="0 0.1 0.1 0.4 0.2 0.3 0.5 0.1 0.4\n"), {"data.yaml": "names: [p]"}
            ),
        ),
    ],
)
def test_every_task_and_layout_gets_its_manifest_and_picture(
    make_job: MakeJob, tmp_path: Path, fields: Mapping[str, Any], write_source: Callable[[Path], Path]
) -> None:
    write_source(tmp_path / "store" / "s")
    job = make_job("preprocess", make_pipeline(**fields))
    result = preprocessed(job)
    assert manifest_of(job).digest == result.dataset_digest
    assert "dataset/contact_sheet.jpg" in job.record.artifacts("dataset")


def daily(days: int = 1) -> dict[str, Any]:
    return {"partition": {"pattern": "%Y-%m-%d", "days": days}}


def test_a_run_reads_the_folder_of_its_own_day_in_the_pipelines_time_zone(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "set" / "2026-03-02")
    seoul = make_pipeline(
        dataset={"uri": "set", "split": HALVES} | daily(),
        schedule={"cron": "0 2 * * *", "timezone": "Asia/Seoul"},
    )
    # 17:00 of March 1 in UTC is 02:00 of March 2 in Seoul.
    run = make_run(data_interval_start="2026-03-01T17:00:00Z", data_interval_end="2026-03-02T17:00:00Z")
    job = make_job("preprocess", seoul, run)
    preprocessed(job)
    assert {item.key.split("/")[0] for item in manifest_of(job).items} == {"2026-03-02"}


def test_several_days_are_joined_and_a_missing_earlier_one_is_reported(
    make_job: MakeJob, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for day, seed in ((1, 100), (3, 300)):
        write_yolo_pool(tmp_path / "store" / "set" / f"2026-03-0{day}", first_seed=seed)
    job = make_job("preprocess", pipeline_over(**daily(3)), make_run(2))
    assert sum(preprocessed(job).images.values()) == 48
    report = report_of(job)
    assert report["folders"] == ["2026-03-01", "2026-03-03"]
    assert report["missing_folders"] == ["2026-03-02"]
    assert "nothing for 2026-03-02; training on the other days" in caplog.text


def test_a_missing_own_day_is_bad_data_that_names_path_and_day(make_job: MakeJob, tmp_path: Path) -> None:
    write_yolo_pool(tmp_path / "store" / "한글" / "2026-03-01")
    job = make_job("preprocess", pipeline_over("한글", **daily(2)), make_run(1))
    with pytest.raises(BadData) as failure:
        fingerprint_of(job)
    assert str(failure.value) == (
        f"no dataset for 2026-03-02, the day of this run: expected images at file://{tmp_path}/store/한글/2026-03-02; "
        "write it, or correct dataset.uri or dataset.partition"
    )


def test_a_partition_cannot_lead_out_of_the_dataset(make_job: MakeJob) -> None:
    job = make_job("preprocess", pipeline_over(partition={"pattern": "../%d"}))
    with pytest.raises(BadRequest, match=r"leads out of dataset\.uri"):
        preprocessed(job)


def test_a_source_without_images_says_so(make_job: MakeJob, tmp_path: Path) -> None:
    write(tmp_path / "store" / "set", {"data.yaml": "names: [a]"})
    with pytest.raises(BadData, match=r"no images in file://.*/store/set; expected images as format yolo has them"):
        preprocessed(make_job("preprocess", pipeline_over()))


def test_the_fingerprint_follows_the_data_and_what_is_asked_for(make_job: MakeJob, tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "store" / "set")

    def fingerprint(pipeline: Pipeline, run: StepRun | None = None) -> str:
        return fingerprint_of(make_job("preprocess", pipeline, run))

    before = fingerprint(pipeline_over())
    assert fingerprint(pipeline_over(), make_run(1)) == before
    assert fingerprint(pipeline_over(limits={"minimum_train_images": 1})) != before
    assert fingerprint(pipeline_over(split={"seed": 1})) != before
    (folder / "images" / "000.jpg").touch()
    assert fingerprint(pipeline_over()) != before


def test_each_plan_lists_once_and_sees_the_present(make_job: MakeJob, tmp_path: Path) -> None:
    folder = write_yolo_pool(tmp_path / "store" / "set")
    job = make_job("preprocess", pipeline_over())
    first = preprocessed(job)
    write(folder, {"images/new.jpg": image_bytes(99), "labels/new.txt": "0 0.5 0.5 0.1 0.1"})
    assert sum(preprocessed(job).images.values()) == sum(first.images.values()) + 1


def test_the_summary_is_one_line_for_a_person() -> None:
    result = PreprocessResult(dataset_digest="ab" * 32, images={"train": 1000, "val": 20, "test": 3})
    assert preprocess.summary(result) == "1,023 images (train 1,000, val 20, test 3), dataset abababababab"
