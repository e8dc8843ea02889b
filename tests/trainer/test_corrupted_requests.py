"""Requests and runs that are cut, changed or made up: exit code 64 and one message, before anything is touched."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from step_contract.failure import FailureKind
from step_contract.order import Step, StepOrder, SweepOrder

from .command_outcomes import RunMain, check_refused
from .conftest import make_pipeline, make_run

pytestmark = pytest.mark.timeout(60)

REQUEST = StepOrder(step=Step.PREPROCESS, pipeline=make_pipeline()).model_dump_json()
RUN = make_run().model_dump_json()
CHORE = SweepOrder().model_dump_json()


def changed(text: str, *path: str, to: Any) -> str:
    """Return a JSON text with another value at a path."""
    document = json.loads(text)
    *above, last = path
    place = document
    for name in above:
        place = place[name]
    place[last] = to
    return json.dumps(document)


BAD_REQUESTS: dict[str, tuple[str, str]] = {
    "nothing": ("", "STEP_REQUEST not set; expected the step's request and run as JSON"),
    "white space": ("  \n", "not JSON (Expecting value"),
    "cut in half": (REQUEST[: len(REQUEST) // 2], "not JSON ("),
    "its last byte lost": (REQUEST[:-1], "not JSON (Expecting ',' delimiter"),
    "twice": (REQUEST * 2, "not JSON (Extra data"),
    "a byte order mark": ("\ufeff" + REQUEST, "not JSON (Unexpected UTF-8 BOM"),
    "bytes that are not UTF-8": ("\udcff\udcfe", "not JSON (Expecting value"),
    "a value that is not UTF-8": (REQUEST.replace("digits", "\udcff"), "unable to parse raw data as a unicode string"),
    "half a character": (REQUEST.replace("digits", "\\ud800"), "Invalid JSON: "),
    "YAML": ("step: preprocess", "not JSON (Expecting value"),
    "Python": (str(json.loads(REQUEST)), "not JSON (Expecting property name enclosed in double quotes"),
    "a template that nobody filled in": ("{{ params.request }}", "not JSON (Expecting property name"),
    "a list": ("[]", "expected a JSON object, got list"),
    "null": ("null", "expected a JSON object, got NoneType"),
    "nested 100,000 deep": ('{"step": ' * 100_000, "not JSON (maximum recursion depth exceeded"),
    "nested deep in a field": (
        REQUEST.replace('"yolo11n.yaml"', "[" * 400 + "]" * 400),
        "pipeline",
    ),
    "a number of 5,000 digits": ('{"protocol": ' + "9" * 5000 + "}", "not JSON (Exceeds the limit"),
    "an older protocol": (
        changed(REQUEST, "protocol", to=0),
        "protocol 0, but this side speaks 1; the sender is",
    ),
    "a newer protocol": (changed(REQUEST, "protocol", to=2), "protocol 2, but this side speaks 1; this side is older"),
    "a protocol far away": (changed(REQUEST, "protocol", to=10**1000), "protocol 1000000000"),
    "a protocol of NaN": (changed(REQUEST, "protocol", to=float("nan")), "protocol is nan; expected the number 1"),
    "a protocol of a megabyte": (changed(REQUEST, "protocol", to="x" * 1_000_000), "protocol is 'xxxxxxxx"),
    "an unknown step": (changed(REQUEST, "step", to="deploy"), "step: Input should be 'preprocess', 'train', 'eval"),
    "another step": (
        changed(REQUEST, "step", to="train"),
        "the request is for train, but the command is preprocess; expected the same",
    ),
    "a chore": (CHORE, "the request is for sweep, but the command is preprocess; expected the same"),
    "no pipeline": ('{"protocol": 1, "step": "preprocess"}', "pipeline: Field required"),
    "an unknown field": (changed(REQUEST, "shell", to="rm -rf /"), "shell: Extra inputs are not permitted (got 'rm -"),
    "a thousand unknown fields": (
        json.dumps({"step": "train"} | {f"field{n}" * 99: "x" * 99 for n in range(1000)}),
        "; and 993 more",
    ),
    "epochs of NaN": (changed(REQUEST, "pipeline", "training", "epochs", to=float("nan")), "training.epochs: Input"),
    "epochs without end": (changed(REQUEST, "pipeline", "training", "epochs", to=10**40), "training.epochs: Input"),
    "epochs as a list": (changed(REQUEST, "pipeline", "training", "epochs", to=[1]), "training.epochs: Input"),
    "an argument of NaN": (
        changed(REQUEST, "pipeline", "training", "arguments", "lr0", to=float("inf")),
        "training.arguments.lr0",
    ),
    "a dataset of null": (changed(REQUEST, "pipeline", "dataset", to=None), "pipeline.dataset: Input should be"),
    "a split of three halves": (
        changed(REQUEST, "pipeline", "dataset", "split", to={"train": 0.5, "val": 0.5, "test": 0.5}),
        "pipeline.dataset.split: impossible split: train + val + test is 1.5; expected 1",
    ),
    "a metric of another task": (
        changed(REQUEST, "pipeline", "gate", "metric", to="accuracy_top1"),
        "pipeline.gate.metric: got 'accuracy_top1', which task detect does not have; expected one of mAP50-95",
    ),
    "a time zone that there is not": (
        changed(REQUEST, "pipeline", "schedule", to={"cron": "0 2 * * *", "timezone": "../../etc"}),
        "pipeline.schedule.timezone: unknown time zone '../../etc'",
    ),
    "a name that leads out": (changed(REQUEST, "pipeline", "name", to="../x"), "pipeline.name: String should match"),
}

BAD_RUNS: dict[str, tuple[str, str]] = {
    "nothing": ("", "STEP_RUN not set; expected the step's request and run as JSON"),
    "cut in half": (RUN[: len(RUN) // 2], "not JSON ("),
    "nested 100,000 deep": ("[" * 100_000, "not JSON (maximum recursion depth exceeded"),
    "a request": (REQUEST, "dag_id: Field required"),
    "no run id": (changed(RUN, "run_id", to=""), "run_id: String should have at least 1 character (got '')"),
    "a try of zero": (changed(RUN, "try_number", to=0), "try_number: Input should be greater than 0 (got 0)"),
    "no time zone": (
        changed(RUN, "data_interval_end", to="2026-03-02T00:00:00"),
        "data_interval_end: Input should",
    ),
    "a time that is none": (changed(RUN, "data_interval_end", to="25 o'clock"), "data_interval_end: Input should be a"),
    "a time of NaN": (changed(RUN, "data_interval_end", to=float("nan")), "data_interval_end: "),
    "an end before the start": (changed(RUN, "data_interval_end", to="2020-01-01T00:00:00Z"), "before it starts"),
    "the first moment of the calendar": (
        changed(RUN, "data_interval_start", to="0001-01-01T00:00:00+14:00"),
        "data_interval_start: Input should be greater than or equal to 1970-01-01",
    ),
    "the last moment of the calendar": (
        changed(RUN, "data_interval_end", to="9999-12-31T23:59:59-12:00"),
        "data_interval_end: Input should be less than 9999-01-01",
    ),
    "a form with an unknown field": (changed(RUN, "form", "epoch", to=3), "form.epoch: Extra inputs are not permitted"),
    "a form of text": (changed(RUN, "form", to="epochs=3"), "form: Input should be an object"),
    "a form with a batch of minus one": (changed(RUN, "form", "batch", to=-1), "form.batch: Input should be greater"),
}

BY_ITSELF = (" not set; ", "the request is for ")
CASES = [("STEP_REQUEST", "--request", *case) for case in BAD_REQUESTS.values()]
CASES += [("STEP_RUN", "--run", *case) for case in BAD_RUNS.values()]
NAMES = [f"request: {name}" for name in BAD_REQUESTS] + [f"run: {name}" for name in BAD_RUNS]


@pytest.mark.parametrize("is_file", [False, True], ids=["variable", "file"])
@pytest.mark.parametrize(("variable", "option", "text", "expected"), CASES, ids=NAMES)
def test_a_bad_request_or_run_is_refused_by_its_variable(
    variable: str, option: str, text: str, expected: str, is_file: bool, run_main: RunMain, tmp_path: Path
) -> None:
    inputs, arguments = {"STEP_REQUEST": REQUEST, "STEP_RUN": RUN}, ["preprocess"]
    path = tmp_path / "input.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    if is_file:
        arguments += [option, str(path)]
    else:
        inputs[variable] = text
    where = "" if any(words in expected for words in BY_ITSELF) else f"({variable}): "
    if is_file and "\udcff" in text:
        where, expected = f"cannot read {path}: ", "'utf-8' codec can't decode byte 0xff"
    check_refused(run_main(*arguments, **inputs), FailureKind.BAD_REQUEST, where, expected)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("nowhere.json", "cannot read nowhere.json: [Errno 2] No such file"),
        (".", "cannot read .: [Errno 21] Is a directory"),
        ("x" * 300, "[Errno 36] File name too long"),
        ("\udcff.json", "cannot read \\udcff.json: "),
        ("/dev/null", "STEP_REQUEST not set"),
    ],
    ids=["missing", "a folder", "too long", "not UTF-8", "empty"],
)
def test_a_request_file_that_cannot_be_read_is_named(path: str, expected: str, run_main: RunMain) -> None:
    check_refused(run_main("preprocess", "--request", path, STEP_RUN=RUN), FailureKind.BAD_REQUEST, expected)


@pytest.mark.parametrize("command", [*Step, "close", "sweep", "survey", "rollback"])
@pytest.mark.parametrize("text", ["{", "[" * 100_000, '{"protocol": 1}'], ids=["cut", "deep", "empty"])
def test_every_command_refuses_a_bad_request(command: str, text: str, run_main: RunMain) -> None:
    options = {"close": ["--reason", "x"], "rollback": ["--model", "m", "--reason", "x"]}.get(command, [])
    outcome = run_main(command, *options, STEP_REQUEST=text, STEP_RUN=RUN)
    check_refused(outcome, FailureKind.BAD_REQUEST, "request (STEP_REQUEST): ")


NEW = st.text('0"[]{}:,.-eInfNatrue ', max_size=9)
EDITS = st.lists(st.tuples(st.integers(0, 1 << 12), st.integers(0, 12), NEW), max_size=3)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(edits=EDITS, is_run=st.booleans())
def test_an_edited_request_is_refused_or_finds_no_dataset(
    edits: list[tuple[int, int, str]], is_run: bool, run_main: RunMain
) -> None:
    text = RUN if is_run else REQUEST
    for place, length, new in edits:
        start = place % (len(text) + 1)
        text = text[:start] + new + text[start + length :]
    inputs = {"STEP_REQUEST": REQUEST, "STEP_RUN": RUN} | {"STEP_RUN" if is_run else "STEP_REQUEST": text}
    outcome = run_main("preprocess", **inputs)
    kind = FailureKind.BAD_DATA if outcome.code == FailureKind.BAD_DATA.exit_code else FailureKind.BAD_REQUEST
    check_refused(outcome, kind, "no dataset at" if kind is FailureKind.BAD_DATA else "")
