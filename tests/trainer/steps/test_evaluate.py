from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from step_contract.failure import ExitCode
from step_contract.order import Step
from step_contract.result import EvaluateResult, Result, Verdict
from step_contract.step import TriggerForm
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.trained_runs import (
    ALWAYS,
    NEVER,
    REFUSES,
    MakeRun,
    RunStep,
    champion_of,
    read_json,
    register_made_up,
    registry_of,
    rewritten,
)
from trainer.datasets.manifest import Manifest, load_manifest, record_manifest
from trainer.errors import BadData, BadRequest, OutOfMemory, Superseded
from trainer.gate import comparison
from trainer.registry.model_registry import Mover

TEST = Mover("the test", "because")


def outcome_of(result: Result) -> EvaluateResult:
    assert isinstance(result.outcome, EvaluateResult)
    return result.outcome


def make_champion(trained_run: MakeRun, weights: Path, night: int = 0) -> None:
    """Let an earlier night's run be champion, with given weights, without having measured anything."""
    job = trained_run(make_run(night), weights=weights)
    registry_of(job).move_alias("champion", register_made_up(job, weights), None, TEST)


# -- without a champion -----------------------------------------------------------------------------------------------


def test_the_first_candidate_is_measured_and_recorded(do: RunStep, trained_run: MakeRun) -> None:
    job = trained_run(pipeline=make_pipeline(gate=ALWAYS))
    result, code = do("evaluate", pipeline=make_pipeline(gate=ALWAYS))

    outcome = outcome_of(result)
    assert (code, outcome.verdict, outcome.champion_version) == (ExitCode.DONE, Verdict.PROMOTE, None)
    assert result.summary.startswith("PROMOTE against no champion: mAP50 is 0.")

    metrics = client_of(job.record).get_run(job.record.run_id).data.metrics
    assert metrics["candidate/mAP50"] == outcome.candidate
    assert metrics["candidate/latency_ms"] > 0
    assert metrics["candidate/parameters"] > 2_000_000
    assert metrics["candidate/size_bytes"] > 5_000_000
    assert not [name for name in metrics if name.startswith(("champion/", "delta/"))]

    tags = job.record.tags()
    assert (tags["gate.verdict"], tags["gate.metric"], tags["gate.champion_version"]) == ("PROMOTE", "mAP50", "")
    assert tags["gate.reasons"].endswith("There is no champion to compare with.")

    gate = read_json(job, "gate.json")
    assert gate["verdict"] == "PROMOTE"
    assert gate["rule"]["minimum_improvement"] == -1.0
    assert gate["dataset_digest"] == tags["dataset.digest"]
    assert (gate["split"], gate["images"], gate["champion"]) == ("val", 3, None)

    table = read_json(job, "evaluation/per_class.json")
    assert table["columns"][:3] == ["class", "instances", "candidate mAP50-95"]
    assert sum(row[1] for row in table["data"]) == sum(
        len(item.label.splitlines()) for item in load_manifest(job.record, job.workspace).of("val")
    )
    pictures = job.record.artifacts("evaluation")
    assert "evaluation/confusion_matrix_candidate.png" in pictures
    assert "evaluation/confusion_matrix_champion.png" not in pictures


def test_the_test_split_is_measured_where_there_is_one(do: RunStep, trained_run: MakeRun, digits: Manifest) -> None:
    chosen = digits.of("train")[0]
    items = tuple(replace(item, split="test") if item is chosen else item for item in digits.items)
    job = trained_run(manifest=replace(digits, items=items))
    do("evaluate")
    gate = read_json(job, "gate.json")
    assert (gate["split"], gate["images"]) == ("test", 1)


def test_a_candidate_below_the_minimum_is_refused_and_the_step_is_done(do: RunStep, trained_run: MakeRun) -> None:
    job = trained_run()
    result, code = do("evaluate", pipeline=make_pipeline(gate=REFUSES))
    assert (code, outcome_of(result).verdict) == (ExitCode.DONE, Verdict.REFUSE)
    assert job.record.tags()["step.evaluate"] == "done"
    assert job.record.tags()["gate.verdict"] == "REFUSE"
    assert "below the minimum of 1.0000" in result.summary


def test_evaluate_does_not_start_without_train(do: RunStep) -> None:
    with pytest.raises(BadRequest, match="step train has no done-marker"):
        do("evaluate")


@pytest.mark.parametrize(("name", "metrics"), [("_report", []), ("_side_by_side", [0])])
def test_a_try_that_was_given_up_leaves_the_verdict_to_the_next(
    do: RunStep, trained_run: MakeRun, monkeypatch: pytest.MonkeyPatch, name: str, metrics: list[int]
) -> None:
    job = trained_run()
    own = getattr(comparison, name)

    def overtaken(*arguments: Any) -> Any:
        answer = own(*arguments)
        job.record.ownership.take(Step.EVALUATE, 2)
        return answer

    monkeypatch.setattr(comparison, name, overtaken)
    with pytest.raises(Superseded, match="try 1 stops and leaves the record to it"):
        do("evaluate")
    assert "gate.json" not in job.record.artifacts()
    assert "gate.verdict" not in job.record.tags()
    assert job.record.metric_epochs("candidate/mAP50") == metrics


def test_pictures_that_preprocess_did_not_record_are_not_measured(
    do: RunStep, trained_run: MakeRun, digits: Manifest
) -> None:
    job = trained_run()
    other = replace(digits, items=digits.items[1:])
    record_manifest(job.record, other, job.workspace)
    with pytest.raises(BadData) as refusal:
        do("evaluate")
    assert str(refusal.value) == (
        f"the run's manifest has digest {other.digest}, but preprocess recorded {digits.digest}; run preprocess again"
    )


# -- against a champion -----------------------------------------------------------------------------------------------


@pytest.fixture
def memory_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[tuple[str, int]]]:
    """Return a function that lets the device have room for so many images; it returns who is measured with how many."""

    def arrange(images: int) -> list[tuple[str, int]]:
        from trainer.frameworks.ultralytics import measurement

        seen: list[tuple[str, int]] = []
        original = measurement._validate

        def validate(model: Any, settings: measurement.MeasureSettings, folder: Path) -> Any:
            seen.append((folder.parent.name, settings.batch))
            # The champion is the one that needs more than there is.
            if settings.batch > images and folder.parent.name == "champion":
                raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
            return original(model, settings, folder)

        monkeypatch.setattr(measurement, "_validate", validate)
        return seen

    return arrange


def test_memory_for_fewer_pictures_halves_them_for_both_models(
    do: RunStep,
    trained_run: MakeRun,
    other_weights: Path,
    memory_for: Callable[[int], list[tuple[str, int]]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    from ultralytics import YOLO

    make_champion(trained_run, other_weights)
    job = trained_run(make_run(1))
    seen = memory_for(4)
    result, code = do("evaluate", make_run(1), make_pipeline(gate=NEVER))

    outcome = outcome_of(result)
    assert (code, outcome.verdict) == (ExitCode.DONE, Verdict.KEEP)
    assert seen == [(side, batch) for batch in (16, 8, 4) for side in ("candidate", "champion")]
    assert "out of memory while measuring 8 images at once at imgsz 64 on cpu" in caplog.text
    assert "measuring with 4 at once" in caplog.text
    report = read_json(job, "gate.json")
    assert report["batch"] == 4
    # Were they measured before in themselves, not in copies, their layers would be fused.
    whole = sum(item.numel() for item in YOLO(str(other_weights)).model.parameters())
    assert report["candidate"]["parameters"] == report["champion"]["parameters"] == whole
    assert outcome.champion == outcome.candidate


def test_memory_for_no_picture_at_all_is_tried_again(
    do: RunStep, trained_run: MakeRun, other_weights: Path, memory_for: Callable[[int], list[tuple[str, int]]]
) -> None:
    make_champion(trained_run, other_weights)
    trained_run(make_run(1))
    seen = memory_for(0)
    with pytest.raises(OutOfMemory, match="out of memory while measuring 1 image at imgsz"):
        do("evaluate", make_run(1), make_pipeline(gate=NEVER))
    assert [batch for _, batch in seen] == [16, 16, 8, 8, 4, 4, 2, 2, 1, 1]


def test_candidate_and_champion_are_measured_on_the_same_pictures(
    do: RunStep,
    trained_run: MakeRun,
    other_weights: Path,
    tmp_path: Path,
) -> None:
    make_champion(trained_run, other_weights)
    job = trained_run(make_run(1))
    result, _ = do("evaluate", make_run(1), make_pipeline(gate=NEVER))

    outcome = outcome_of(result)
    assert (outcome.verdict, outcome.champion_version) == (Verdict.KEEP, "1")
    # The same layers in another file measure the same to the last digit.
    assert outcome.champion == outcome.candidate
    metrics = client_of(job.record).get_run(job.record.run_id).data.metrics
    assert metrics["delta/mAP50"] == 0
    assert metrics["delta/latency_ms"] == pytest.approx(
        metrics["candidate/latency_ms"] - metrics["champion/latency_ms"]
    )
    assert "evaluation/confusion_matrix_champion.png" in job.record.artifacts("evaluation")
    with Image.open(job.record.download("evaluation/side_by_side.jpg", tmp_path)) as picture:
        assert picture.width > 3 * 320
    assert "champion mAP50" in read_json(job, "evaluation/per_class.json")["columns"]
    assert champion_of(job) == "1"


@pytest.mark.faults
def test_repeated_after_a_stop_each_metric_has_one_point(
    do: RunStep,
    trained_run: MakeRun,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = trained_run()

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(comparison, "write_report", stopped)
        with pytest.raises(KeyboardInterrupt):
            do("evaluate")
    do("evaluate")
    assert job.record.metric_epochs("candidate/mAP50") == [0]
    assert job.record.metric_epochs("candidate/latency_ms") == [0]


@pytest.mark.faults
def test_done_stays_done_until_the_champion_changes(
    do: RunStep,
    trained_run: MakeRun,
    other_weights: Path,
) -> None:
    job = trained_run(make_run(1))
    do("evaluate", make_run(1))
    assert do("evaluate", make_run(1))[0].already_done
    make_champion(trained_run, other_weights)
    again, _ = do("evaluate", make_run(1))
    assert not again.already_done
    assert outcome_of(again).champion_version == "1"
    # Another comparison is another point.
    assert job.record.metric_epochs("candidate/mAP50") == [0, 1]
    assert job.record.metric_epochs("champion/mAP50") == [1]


@pytest.mark.faults
def test_the_verdict_of_a_run_that_became_champion_stays(do: RunStep, trained_run: MakeRun) -> None:
    pipeline = make_pipeline(gate=ALWAYS)
    job = trained_run(pipeline=pipeline)
    before = do("evaluate", pipeline=pipeline)[0]
    for step in ("register", "promote"):
        do(step, pipeline=pipeline)
    assert champion_of(job) == "1"

    assert do("evaluate", pipeline=pipeline)[0].already_done
    forced = make_run(form=TriggerForm(force=True))
    again = do("evaluate", forced, pipeline)[0]
    assert again.outcome == before.outcome
    assert outcome_of(again).champion_version is None
    assert job.record.metric_epochs("candidate/mAP50") == [0]

    # An older trainer left it, and was replaced by this one.
    job.record.log_json({"verdict": "PROMOTE"}, "gate.json")
    assert outcome_of(do("evaluate", forced, pipeline)[0]).champion_version == "1"
    assert do("promote", forced, pipeline)[0].outcome.promoted  # type: ignore[union-attr]


# -- a champion that cannot be compared with --------------------------------------------------------------------------


def lose_weights(trained_run: MakeRun, weights: Path, tmp_path: Path) -> Path:
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(weights.read_bytes()[:1000])
    return damaged


def rename_classes(trained_run: MakeRun, weights: Path, tmp_path: Path) -> Path:
    return rewritten(weights, tmp_path / "renamed.pt", names={index: f"숫자 {index}" for index in range(10)})


UNREADABLE = [
    (lose_weights, "model weights best.pt cannot be loaded"),
    (rename_classes, "its classes are 숫자 0, 숫자 1"),
]


@pytest.mark.parametrize(("spoil", "reason"), UNREADABLE)
def test_an_unreadable_champion_fails_the_step_and_stays(
    do: RunStep,
    trained_run: MakeRun,
    tiny_weights: Path,
    tmp_path: Path,
    spoil: object,
    reason: str,
) -> None:
    make_champion(trained_run, spoil(trained_run, tiny_weights, tmp_path))  # type: ignore[operator]
    job = trained_run(make_run(1))
    with pytest.raises(BadData) as caught:
        do("evaluate", make_run(1))
    message = str(caught.value)
    assert message.startswith("champion version 1 of 'digits' cannot be compared with: ")
    assert reason in message
    assert "It stays champion. Point alias 'champion' to a version that can be, or delete the alias" in message
    assert job.record.tags()["step.evaluate"] == "failed"
    assert champion_of(job) == "1"


@pytest.mark.faults
@pytest.mark.parametrize(("spoil", "reason"), UNREADABLE)
def test_an_unreadable_champion_is_passed_over_where_the_catalog_says_so(
    do: RunStep,
    trained_run: MakeRun,
    tiny_weights: Path,
    tmp_path: Path,
    spoil: object,
    reason: str,
) -> None:
    make_champion(trained_run, spoil(trained_run, tiny_weights, tmp_path))  # type: ignore[operator]
    trained_run(make_run(1))
    result, _ = do("evaluate", make_run(1), make_pipeline(gate=NEVER | {"unreadable_champion": "replace"}))
    outcome = outcome_of(result)
    assert (outcome.verdict, outcome.champion, outcome.champion_version) == (Verdict.PROMOTE, None, "1")
    assert "Champion version 1 cannot be compared with" in outcome.reasons[-1]
    assert reason in outcome.reasons[-1]
    assert outcome.reasons[-1].endswith("the minimum alone decides.")
