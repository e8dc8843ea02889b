"""Messages between Airflow and a step: requests, runs, results, tagged lines and keys."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from step_contract import PROTOCOL_VERSION, transport
from step_contract.catalog import Pipeline
from step_contract.failure import ExitCode, Failure, FailureKind
from step_contract.order import Step, StepOrder, resources_of, timeout_minutes_of
from step_contract.result import (
    EvaluateResult,
    PreprocessResult,
    Progress,
    PromoteResult,
    RegisterResult,
    Result,
    StepOutcome,
    TrainResult,
    Verdict,
)
from step_contract.step import StepRun, TriggerForm, day_of, run_key
from step_contract.transport import ContractError, decode_environment, decode_line, decode_order, decode_run


def make_pipeline(**overrides: Any) -> Pipeline:
    """Return a pipeline with a field of each kind that JSON could lose."""
    fields: dict[str, Any] = {
        "name": "digits",
        "description": "손글씨 숫자 {{ ds }}",
        "task": "detect",
        "schedule": {"cron": "0 2 * * *", "timezone": "Asia/Seoul"},
        "dataset": {"uri": "digits", "split": {}, "partition": {"pattern": "%Y-%m-%d"}},
        "model": "yolo11n.yaml",
        "training": {"epochs": 12, "arguments": {"lr0": 0.003, "mosaic": 0, "amp": False, "scale": [0.5, 1.5]}},
        "registry": {"model": "digits"},
        "resources": {"register": {"cpu": 3}},
    }
    return Pipeline.model_validate(fields | overrides)


def make_request(**overrides: Any) -> StepOrder:
    """Return a request for the train step."""
    return StepOrder.model_validate({"step": "train", "pipeline": make_pipeline()} | overrides)


def make_run(**overrides: Any) -> StepRun:
    """Return the nightly run over 2026-03-01, Korean time."""
    fields: dict[str, Any] = {
        "dag_id": "train_digits",
        "run_id": "scheduled__2026-03-01T17:00:00+00:00",
        "data_interval_start": datetime(2026, 2, 28, 17, tzinfo=UTC),
        "data_interval_end": datetime(2026, 3, 1, 17, tzinfo=UTC),
    }
    return StepRun.model_validate(fields | overrides)


OUTCOMES: list[StepOutcome] = [
    PreprocessResult(dataset_digest="d", images={"train": 7, "val": 3}),
    TrainResult(epochs_done=12, resumed_from_epoch=4, metrics={"mAP50": 0.6}),
    EvaluateResult(verdict=Verdict.KEEP, reasons=("더 나쁨",), candidate=0.5, champion=0.6, champion_version="3"),
    RegisterResult(model="digits", version=None, refused_because="below the minimum"),
    PromoteResult(model="digits", version="4", promoted=True, champion_version="4", reason="better"),
]


@pytest.mark.parametrize("step", Step)
def test_request_and_run_survive_the_environment(step: Step) -> None:
    request, run = make_request(step=step), make_run(form=TriggerForm(epochs=3, note="왜?\n'\"", force=True))
    assert decode_environment(transport.encode_environment(request, run)) == (request, run)


def test_the_environment_names_are_fixed() -> None:
    assert list(transport.encode_environment(make_request(), make_run())) == ["STEP_REQUEST", "STEP_RUN"]


def test_a_request_keeps_the_types_of_arguments() -> None:
    arguments = decode_order(make_request().model_dump_json()).pipeline.training.arguments
    assert [(name, type(value)) for name, value in arguments.items()] == [
        ("lr0", float), ("mosaic", int), ("amp", bool), ("scale", list)
    ]  # fmt: skip


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: outcome.verb)
def test_a_result_survives_its_line(outcome: StepOutcome) -> None:
    result = Result(mlflow_run_id="r", summary="끝", outcome=outcome)
    line = transport.encode_result(result)
    assert "\n" not in line
    assert decode_line(f"  {line}\n") == result


@pytest.mark.parametrize("kind", FailureKind)
def test_a_failure_survives_its_line(kind: FailureKind) -> None:
    failure = Failure(step=Step.TRAIN, kind=kind, message="첫 줄\n둘째 줄")
    line = transport.encode_failure(failure)
    assert "\n" not in line
    assert decode_line(line) == failure


@pytest.mark.parametrize("line", ["", "epoch 1", "STEP_RESULT: {}", " VTM_PROGRESS::{}", "x STEP_RESULT::{}"])
def test_any_other_line_carries_nothing(line: str) -> None:
    assert decode_line(line) is None


def test_the_web_ui_gets_its_progress_line_exactly() -> None:
    progress = Progress(
        epoch=3, total_epochs=12, metrics={"metrics/mAP50": 0.5, "train/box_loss": 1.25}, device="cuda:0"
    )
    assert transport.encode_progress(progress) == (
        'VTM_PROGRESS::{"epoch": 3, "total_epochs": 12, '
        '"metrics/mAP50": 0.5, "train/box_loss": 1.25, "device": "cuda:0"}'
    )


def test_the_web_ui_gets_its_run_line_exactly() -> None:
    assert transport.encode_run_meta("0123abc") == 'VTM_RUN_META::{"mlflow_run_id": "0123abc"}'


def test_a_metric_cannot_replace_what_the_web_ui_reads() -> None:
    line = transport.encode_progress(Progress(epoch=1, total_epochs=2, metrics={"device": 0.5}, device="cpu"))
    assert json.loads(line.removeprefix("VTM_PROGRESS::"))["device"] == "cpu"


@pytest.mark.parametrize(
    ("protocol", "reason"),
    [
        (PROTOCOL_VERSION - 1, "protocol 0, but this side speaks 1; the sender is older: update it"),
        (PROTOCOL_VERSION + 1, "protocol 2, but this side speaks 1; this side is older: update it"),
        ("one", "protocol is 'one'; expected the number 1"),
    ],
)
def test_another_protocol_is_refused_first_and_says_which_is_older(protocol: object, reason: str) -> None:
    text = json.dumps({"protocol": protocol, "a field of": "another version"})
    with pytest.raises(ContractError) as refused:
        decode_order(text)
    assert str(refused.value) == f"request (STEP_REQUEST): {reason}"
    with pytest.raises(ContractError) as refused:
        decode_line(f"STEP_RESULT::{text}")
    assert str(refused.value) == f"result line: {reason}"


@pytest.mark.parametrize(
    ("decode", "text", "reason"),
    [
        (decode_order, "", "request (STEP_REQUEST): not JSON (Expecting value: line 1 column 1 (char 0)); got ''"),
        (decode_order, "[]", "request (STEP_REQUEST): expected a JSON object, got list"),
        (
            decode_order,
            "{}",
            "request (STEP_REQUEST): step: Field required (got {})",
        ),
        (decode_run, '{"dag_id": ""}', "run (STEP_RUN): dag_id: String should have at least 1 character (got '')"),
        (decode_line, "STEP_FAILURE::{", "failure line: not JSON (Expecting property name enclosed in double quotes"),
        (decode_line, 'STEP_RESULT::{"surprise": 1}', "result line: summary: Field required"),
    ],
)
def test_a_broken_message_names_what_is_broken(decode: Callable[[str], object], text: str, reason: str) -> None:
    with pytest.raises(ContractError) as refused:
        decode(text)
    assert str(refused.value).startswith(reason)


def test_an_unknown_field_is_refused() -> None:
    fields = json.loads(make_run().model_dump_json()) | {"try_numbr": 2, "note": "x" * 200}
    with pytest.raises(ContractError) as refused:
        decode_run(json.dumps(fields))
    assert "try_numbr: Extra inputs are not permitted (got 2)" in str(refused.value)
    assert f"(got '{'x' * 76}...)" in str(refused.value)


@pytest.mark.parametrize(
    ("environment", "missing"),
    [({}, "STEP_REQUEST and STEP_RUN"), ({"STEP_REQUEST": "{}"}, "STEP_RUN"), ({"STEP_RUN": "{}"}, "STEP_REQUEST")],
)
def test_a_missing_variable_is_named(environment: dict[str, str], missing: str) -> None:
    with pytest.raises(ContractError) as refused:
        decode_environment(environment)
    assert str(refused.value) == f"{missing} not set; expected the step's request and run as JSON"


def test_a_rule_between_fields_says_itself_what_was_got() -> None:
    fields = json.loads(make_request().model_dump_json())
    fields["pipeline"]["gate"]["metric"] = "accuracy_top1"
    with pytest.raises(ContractError) as refused:
        decode_order(json.dumps(fields))
    assert str(refused.value) == (
        "request (STEP_REQUEST): pipeline.gate.metric: got 'accuracy_top1', which task detect does not have; expected "
        "one of mAP50-95, mAP50, precision, recall"
    )


def test_a_run_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"data interval ends .* before it starts"):
        make_run(data_interval_end=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_run_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="should have timezone info"):
        make_run(data_interval_end=datetime(2026, 3, 1))


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make_run().run_id = "other"  # type: ignore[misc]  # what is tested


def test_the_run_key_is_what_earlier_runs_were_recorded_under() -> None:
    assert run_key("train_digits", "manual__1") == "7a97b92618bca484b408df6c6e99cc59"
    assert make_run(run_id="manual__1").key == run_key("train_digits", "manual__1")


HOSTILE = [
    "",
    " ",
    "a/b",
    "'; DROP TABLE runs; --",
    "{{ ds }}",
    "한글",
    "\0",
    "\ud800",
    "x" * 10_000,
    '","',
    '["a","b"]',
]


@pytest.mark.parametrize("run_id", HOSTILE, ids=range(len(HOSTILE)))
def test_the_run_key_of_hostile_ids_is_plain(run_id: str) -> None:
    key = run_key("train_digits", run_id)
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), unique=True, max_size=20))
def test_different_runs_have_different_keys(runs: list[tuple[str, str]]) -> None:
    assert len({run_key(*run) for run in runs}) == len(runs)


def test_exit_codes_are_fixed() -> None:
    assert {code.name: int(code) for code in ExitCode} == {
        "DONE": 0, "BAD_REQUEST": 64, "BAD_DATA": 65, "BUG": 70, "TRY_AGAIN": 75, "REFUSED": 99, "TERMINATED": 143
    }  # fmt: skip
    assert {kind.name: int(kind.exit_code) for kind in FailureKind} == {
        "BAD_REQUEST": 64, "BAD_DATA": 65, "BUG": 70, "OUT_OF_MEMORY": 75, "TRY_AGAIN": 75, "TERMINATED": 143
    }  # fmt: skip


@pytest.mark.parametrize(
    ("form", "changes"),
    [
        ({}, {}),
        ({"note": "only a note", "force": True}, {}),
        ({"epochs": 12, "model": "yolo11n.yaml", "dataset_uri": "digits", "batch": 16, "imgsz": 640, "seed": 0}, {}),
        ({"epochs": 3, "model": "", "dataset_uri": None}, {"epochs": 3}),
        ({"seed": 5, "batch": 4, "imgsz": 64}, {"seed": 5, "batch": 4, "imgsz": 64}),
        ({"model": "a.pt", "dataset_uri": "file:///b"}, {"model": "a.pt", "dataset_uri": "file:///b"}),
    ],
)
def test_the_trigger_form_changes_only_what_a_person_changed(form: dict[str, Any], changes: dict[str, Any]) -> None:
    assert TriggerForm(**form).changes(make_pipeline()) == changes


def test_zero_is_a_change() -> None:
    pipeline = make_pipeline(training={"seed": 5})
    assert TriggerForm(seed=0).changes(pipeline) == {"seed": 0}
    assert TriggerForm(seed=0).applied_to(pipeline).training.seed == 0


def test_a_changed_pipeline_is_the_catalogs_in_everything_else() -> None:
    pipeline = make_pipeline()
    form = TriggerForm(epochs=3, batch=4, imgsz=64, seed=9, model="a.pt", dataset_uri="file:///b", note="n", force=True)
    changed = form.applied_to(pipeline)
    assert (changed.training.epochs, changed.training.batch, changed.training.imgsz, changed.training.seed) == (
        3,
        4,
        64,
        9,
    )
    assert (changed.model, changed.dataset.uri) == ("a.pt", "file:///b")
    assert TriggerForm(
        epochs=12, batch=16, imgsz=640, seed=0, model="yolo11n.yaml", dataset_uri="digits"
    ).applied_to(changed) == pipeline  # fmt: skip
    assert pipeline == make_pipeline()


@pytest.mark.parametrize("field", [{"epochs": 0}, {"batch": 0}, {"imgsz": 16}, {"seed": -1}, {"seed": 2**31}])
def test_the_trigger_form_has_the_limits_of_the_catalog(field: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        TriggerForm(**field)
    with pytest.raises(ValidationError):
        make_pipeline(training=field)


def test_each_step_has_its_own_resources_and_timeout() -> None:
    limits = {step.value: {"cpu": number} for number, step in enumerate(Step, start=1)}
    minutes = {step.value: number for number, step in enumerate(Step, start=1)}
    pipeline = make_pipeline(resources=limits, execution={"timeout_minutes": minutes})
    for number, step in enumerate(Step, start=1):
        assert make_request(step=step, pipeline=pipeline).resources == resources_of(pipeline, step)
        assert (resources_of(pipeline, step).cpu, timeout_minutes_of(pipeline, step)) == (number, number)


def test_a_day_begins_in_the_pipelines_time_zone() -> None:
    assert day_of(make_run(), make_pipeline()).isoformat() == "2026-03-01T02:00:00+09:00"
