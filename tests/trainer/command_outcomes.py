"""Run the command line in this process and check that exit code and answer fit each other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from step_contract import transport
from step_contract.failure import Failure, FailureKind
from step_contract.order import Step, StepOrder
from step_contract.result import PreprocessResult, Result
from trainer.__main__ import main

from .conftest import make_pipeline, make_run
from .dataset_files import HALVES


class Outcome(NamedTuple):
    """How a command ended; ``has_traceback`` tells whether the log holds one."""

    code: int
    answers: list[transport.Answer]
    has_traceback: bool


RunMain = Callable[..., Outcome]
Preprocess = Callable[..., Outcome]
LENIENT = {"minimum_train_images": 1, "minimum_val_images": 1, "minimum_class_instances": 0}


def outcome_of_main(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    *arguments: str,
    **variables: str,
) -> Outcome:
    """Run a command in this process."""
    caplog.clear()
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        code = main(arguments)
    lines = capsys.readouterr().out.splitlines()
    answers = [answer for line in lines if (answer := transport.decode_line(line))]
    return Outcome(code, answers, any(record.exc_info for record in caplog.records))


def preprocessing(run_main: RunMain, **pipeline: Any) -> Preprocess:
    """Return a function that preprocesses the dataset ``set`` of the store; overrides are fields of the dataset."""

    def run(**dataset: Any) -> Outcome:
        fields = {"uri": "set", "split": HALVES, "limits": LENIENT} | dataset
        request = StepOrder(step=Step.PREPROCESS, pipeline=make_pipeline(dataset=fields, **pipeline))
        return run_main("preprocess", **transport.encode_environment(request, make_run()))

    return run


def check_refused(outcome: Outcome, kind: FailureKind, *expected: str) -> None:
    """Hold a failure against what a failure must be: of its kind, said once, in words, and without a traceback."""
    (answer,) = outcome.answers
    assert isinstance(answer, Failure), answer
    assert (answer.kind, outcome.code) == (kind, kind.exit_code), answer.message
    for part in expected:
        assert part in answer.message
    assert len(answer.message) < 2000
    assert not outcome.has_traceback


def check_accepted(outcome: Outcome, images: int) -> None:
    """Hold a success against the number of images that there must be in it."""
    (answer,) = outcome.answers
    assert isinstance(answer, Result), answer
    assert outcome.code == 0
    assert isinstance(answer.outcome, PreprocessResult)
    assert sum(answer.outcome.images.values()) == images


def store_of(folder: Path) -> Path:
    """Return where the dataset ``set`` lies in a test's folder."""
    return folder / "store" / "set"
