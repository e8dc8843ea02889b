"""`trainer` as a process: the protocol that every runtime speaks. Each answer is what a task's end is made of.

With ``TRAINER_IMAGE_UNDER_TEST=name:tag`` the same suite runs against that image, without a network and with a
read-only root file system (``make test-image``).
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from step_contract import transport
from step_contract.failure import Failure, FailureKind
from step_contract.order import Order, Step, StepOrder, SweepOrder
from step_contract.result import Result, SweepResult
from step_contract.step import StepRun
from tests.trainer.mlflow_client import client_of
from tests.web_receiver import Receiver
from trainer.datasets.sample_data import write_digits
from trainer.settings import Settings
from trainer.tracking import find_record

from .conftest import make_pipeline, make_run

Answer = tuple[int, transport.Answer | None, str]
RunTrainer = Callable[..., Answer]
IMAGE = os.environ.get("TRAINER_IMAGE_UNDER_TEST")
_PASSED_ON = ("STEP_", "TRAINER_", "MLFLOW_", "DATASET_", "PYTHON")


def trainer_command(environment: Mapping[str, str]) -> list[str]:
    """The trainer of this environment, or of the image under test with this folder in it under the same path."""
    if not IMAGE:
        return [sys.executable, "-m", "trainer"]
    folder = Path.cwd()
    docker = [os.environ.get("DOCKER", "docker"), "run", "--rm", "--interactive", "--read-only", "--network", "none"]
    confined = ["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", f"{os.getuid()}:{os.getgid()}"]
    folders = ["--tmpfs", "/tmp", "--volume", f"{folder}:{folder}", "--workdir", str(folder)]
    variables = [f"--env={name}" for name in environment if name.startswith(_PASSED_ON)]
    return [*docker, *confined, *folders, *variables, IMAGE]


@pytest.fixture
def environment(settings: Settings, tmp_path: Path) -> dict[str, str]:
    """The environment of a deployment in the test's own folder."""
    return os.environ | {
        "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri,
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "DATASET_ROOT": settings.dataset_root,
        "TRAINER_WORK_DIR": str(tmp_path / "work"),
        "TRAINER_CACHE_DIR": str(tmp_path / "cache"),
        "TRAINER_DEVICE": "cpu",
    }


@pytest.fixture
def run_trainer(environment: dict[str, str]) -> RunTrainer:
    """Return a function that runs a command and returns exit code, answer and log."""

    def run(*arguments: str, request: Order | str = "", run: StepRun | str = "", **variables: str) -> Answer:
        inputs = {"STEP_REQUEST": _json(request), "STEP_RUN": _json(run)}
        everything = environment | inputs | variables
        done = subprocess.run(
            [*trainer_command(everything), *arguments],
            env=everything,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        answers = [answer for line in done.stdout.splitlines() if (answer := transport.decode_line(line))]
        return done.returncode, answers[-1] if answers else None, done.stdout + done.stderr

    return run


def _json(message: Order | StepRun | str) -> str:
    return message if isinstance(message, str) else message.model_dump_json()


def request_for(step: Step, **overrides: object) -> StepOrder:
    return StepOrder(step=step, pipeline=make_pipeline(**overrides))


def test_help_names_steps_and_exit_codes(run_trainer: RunTrainer) -> None:
    code, _answer, output = run_trainer("--help")
    assert code == 0
    assert all(step in output for step in Step)
    assert "99 refused by the gate" in output.replace("\n", " ")


def test_nothing_asked_prints_help(run_trainer: RunTrainer) -> None:
    code, _answer, output = run_trainer()
    assert code == 64
    assert "usage: trainer" in output


def test_version_names_what_is_installed(run_trainer: RunTrainer) -> None:
    code, _answer, output = run_trainer("--version")
    assert code == 0
    assert {line.split()[0] for line in output.splitlines()} >= {"trainer", "contract", "ultralytics", "torch"}


def test_missing_request_is_named(run_trainer: RunTrainer) -> None:
    code, answer, _log = run_trainer("train")
    assert code == 64
    assert answer == Failure(
        step=Step.TRAIN,
        kind=FailureKind.BAD_REQUEST,
        message="STEP_REQUEST and STEP_RUN not set; expected the step's request and run as JSON",
    )


def test_newer_request_says_who_is_older(run_trainer: RunTrainer) -> None:
    newer = request_for(Step.TRAIN).model_dump_json().replace('"protocol":1', '"protocol":2')
    code, answer, _log = run_trainer("train", request=newer, run=make_run())
    assert code == 64
    assert isinstance(answer, Failure)
    assert "protocol 2, but this side speaks 1; this side is older: update it" in answer.message


def test_request_of_another_step_is_refused(run_trainer: RunTrainer) -> None:
    code, answer, _log = run_trainer("train", request=request_for(Step.PROMOTE), run=make_run())
    assert code == 64
    assert isinstance(answer, Failure)
    assert answer.message == "the request is for promote, but the command is train; expected the same"


def test_wrong_setting_is_named(run_trainer: RunTrainer, tmp_path: Path) -> None:
    files = [("--request", request_for(Step.TRAIN)), ("--run", make_run())]
    arguments = []
    for option, message in files:
        path = tmp_path / f"{option[2:]}.json"
        path.write_text(message.model_dump_json())
        arguments += [option, str(path)]
    code, answer, _log = run_trainer("train", *arguments, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
    assert code == 75
    assert isinstance(answer, Failure)
    assert "is the tracking server up?" in answer.message


def test_unreadable_request_file_is_named(run_trainer: RunTrainer) -> None:
    code, answer, _log = run_trainer("train", "--request", "missing.json", run=make_run())
    assert code == 64
    assert isinstance(answer, Failure)
    assert answer.message.startswith("cannot read missing.json")


def test_missing_dataset_is_bad_data(run_trainer: RunTrainer, settings: Settings) -> None:
    code, answer, _log = run_trainer("preprocess", request=request_for(Step.PREPROCESS), run=make_run())
    assert code == 65
    assert isinstance(answer, Failure)
    record = find_record(settings.mlflow_tracking_uri, make_pipeline(), make_run())
    assert record is not None
    assert answer.mlflow_run_id == record.run_id
    assert record.tags()["failure.reason"] == answer.message
    assert client_of(record).get_run(record.run_id).info.status == "FAILED"


@pytest.mark.faults
def test_step_without_its_predecessor_is_refused(run_trainer: RunTrainer) -> None:
    code, answer, _log = run_trainer("evaluate", request=request_for(Step.EVALUATE), run=make_run())
    assert code == 64
    assert isinstance(answer, Failure)
    assert answer.message.startswith("step train has no done-marker in MLflow run")


def test_step_done_before_says_so_and_leaves_no_scratch(
    run_trainer: RunTrainer, settings: Settings, tmp_path: Path
) -> None:
    write_digits(Path(settings.dataset_root) / "digits", pictures=40, seed=1)
    answers = []
    for _ in range(2):
        code, answer, log = run_trainer("preprocess", request=request_for(Step.PREPROCESS), run=make_run())
        assert code == 0, log
        answers.append(answer)
    first, second = answers
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    assert (first.already_done, second.already_done) == (False, True)
    assert second.summary == f"already done: {first.summary}"
    assert first.outcome == second.outcome
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.faults
def test_lost_run_is_closed_from_the_command_line(run_trainer: RunTrainer, settings: Settings) -> None:
    code, _answer, log = run_trainer("close", "--reason", "gone", request=request_for(Step.TRAIN), run=make_run())
    assert code == 0
    assert "no MLflow run to close" in log


@pytest.mark.faults
def test_rollback_by_hand_says_what_is_missing_and_what_there_is(run_trainer: RunTrainer) -> None:
    code, answer, _log = run_trainer("rollback", "--model", "digits", "--by", "kim")
    assert code == 64
    assert isinstance(answer, Failure)
    assert answer.message == (
        "trainer rollback: reason: Input should be a valid string (got None); see trainer rollback --help"
    )
    code, answer, _log = run_trainer("rollback", "--model", "digits", "--reason", "오탐")
    assert code == 64
    assert isinstance(answer, Failure)
    assert answer.message == "there is no registered model 'digits'; expected one of: none"


@pytest.mark.faults
def test_sweep_by_hand_and_a_request_for_another_chore(run_trainer: RunTrainer) -> None:
    code, answer, _log = run_trainer("sweep", "--dry-run", "--over", "train_digits", "manual__1")
    outcome = SweepResult(dry_run=True, removed={})
    assert (code, answer) == (0, Result(summary="would remove nothing (dry run)", outcome=outcome))
    request = SweepOrder()
    code, answer, _log = run_trainer("rollback", request=request, run=make_run())
    assert code == 64
    assert isinstance(answer, Failure)
    assert answer.message == "the request is for sweep, but the command is rollback; expected the same"


def test_sample_data_are_written_by_day(run_trainer: RunTrainer, tmp_path: Path) -> None:
    arguments = ("--root", str(tmp_path / "days"), "--pictures", "4", "--days", "2026-03-01", "2026-03-02")
    code, _answer, output = run_trainer("sample-data", *arguments)
    assert code == 0, output
    assert sorted(path.name for path in (tmp_path / "days").iterdir()) == ["2026-03-01", "2026-03-02"]


@pytest.mark.faults
@pytest.mark.skipif(bool(IMAGE), reason="a container without a network tells nobody")
def test_the_web_ui_hears_of_a_step_and_of_one_that_was_lost(
    run_trainer: RunTrainer, settings: Settings, web_ui: Receiver
) -> None:
    write_digits(Path(settings.dataset_root) / "digits", pictures=40, seed=1)
    variables = {"BACKEND_CALLBACK_URL": web_ui.url, "BACKEND_CALLBACK_SECRET": "of the tests"}
    request, run = request_for(Step.PREPROCESS), make_run()
    code, answer, log = run_trainer("preprocess", request=request, run=run, **variables)
    assert code == 0, log
    assert isinstance(answer, Result)
    assert run_trainer("close", "--reason", "killed", request=request, run=run, **variables)[0] == 0
    told = [(event["type"], event["step"], event["mlflow_run_id"]) for event in web_ui.events]
    of_step = "preprocess", answer.mlflow_run_id
    assert told == [("running", *of_step), ("completed", *of_step), ("failed", "preprocess", None)]
    assert web_ui.events[2]["error"] == {"kind": "try_again", "message": "killed"}
    assert "secret-path" not in log


@pytest.mark.faults
@pytest.mark.parametrize("how", ["SIGTERM", pytest.param("end of standard input", marks=pytest.mark.faults)])
def test_training_that_is_told_to_stop_ends_with_143_and_its_record_is_killed(
    environment: dict[str, str], run_trainer: RunTrainer, settings: Settings, web_ui: Receiver, how: str
) -> None:
    write_digits(Path(settings.dataset_root) / "digits", pictures=40, seed=1)
    assert run_trainer("preprocess", request=request_for(Step.PREPROCESS), run=make_run())[0] == 0
    long = {"epochs": 500, "batch": 8, "imgsz": 32, "arguments": {"amp": False, "workers": 0}}
    inputs = {
        "STEP_REQUEST": request_for(Step.TRAIN, training=long).model_dump_json(),
        "STEP_RUN": make_run().model_dump_json(),
        "STEP_STOP_ON_STDIN_END": "1",
        "PYTHONUNBUFFERED": "1",
        "BACKEND_CALLBACK_URL": web_ui.url,
        "BACKEND_CALLBACK_SECRET": "of the tests",
    }
    with subprocess.Popen(
        [*trainer_command(environment | inputs), "train"],
        env=environment | inputs,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        progress = next(json.loads(line[14:]) for line in process.stdout if line.startswith(transport.PROGRESS_TAG))
        assert progress["epoch"] == 1
        if how == "SIGTERM":
            process.send_signal(signal.SIGTERM)
        else:
            if IMAGE:
                pytest.skip("a container outlives whoever started it: that is the docker runtime's promise")
            process.stdin.close()
        begin = time.monotonic()
        rest = process.stdout.read()
        assert process.wait(timeout=30) == 143
        assert time.monotonic() - begin < 30
    failures = [answer for line in rest.splitlines() if isinstance(answer := transport.decode_line(line), Failure)]
    assert failures[-1].kind is FailureKind.TERMINATED
    record = find_record(settings.mlflow_tracking_uri, make_pipeline(), make_run())
    assert record is not None
    assert client_of(record).get_run(record.run_id).info.status == "KILLED"
    assert record.tags()["step.train"] == "failed"
    assert "checkpoint" in record.tags()
    if not IMAGE:  # which has no network
        told = [(event["type"], event.get("epoch")) for event in web_ui.events]
        assert (told[:2], told[-1]) == ([("running", None), ("epoch", 1)], ("cancelled", None))


# -- the image ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not IMAGE, reason="about a container's limits")
@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="with one CPU a limit of one is none")
def test_threads_are_as_many_as_the_limit_of_the_container_has_cpus(environment: dict[str, str]) -> None:
    *command, image = trainer_command(environment)
    code = "from trainer.machine.environment import available_cpus; print(available_cpus())"
    limited = [*command, "--cpus", "1", "--entrypoint", "/opt/venv/bin/python", image, "-c", code]
    assert subprocess.run(limited, capture_output=True, text=True, check=True, timeout=60).stdout.strip() == "1"


@pytest.mark.skipif(not IMAGE, reason="needs a scratch folder of its own file system")
def test_a_full_scratch_folder_is_said_and_tried_again(environment: dict[str, str], tmp_path: Path) -> None:
    write_digits(tmp_path / "store" / "digits", pictures=48, seed=0)
    request = {"STEP_REQUEST": _json(request_for(Step.PREPROCESS)), "STEP_RUN": _json(make_run())}
    inputs = request | {"TRAINER_WORK_DIR": "/scratch"}
    *command, image = trainer_command(environment | inputs)
    small = [*command, "--tmpfs", "/scratch:size=4k,mode=1777", image, "preprocess"]
    done = subprocess.run(
        small,
        env=environment | inputs,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    answers = [answer for line in done.stdout.splitlines() if (answer := transport.decode_line(line))]
    assert done.returncode == 75, done.stdout + done.stderr
    assert isinstance(answers[-1], Failure)
    assert answers[-1].kind is FailureKind.TRY_AGAIN
    assert answers[-1].message.startswith("No space left on device")
