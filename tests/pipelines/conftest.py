"""A step of the local runtime, with a small program in place of the trainer."""

import stat
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from include.pipelines.runtimes.local.runtime import LocalStepOperator
from include.pipelines.settings import read_settings
from include.step_contract.catalog import Pipeline
from include.step_contract.order import Step, StepOrder
from include.step_contract.result import PreprocessResult, Result
from tests.lifeline import lifeline

RUN = (
    '{"dag_id": "train_digits", "run_id": "manual__1", "data_interval_start": "2026-03-01T00:00:00Z", '
    '"data_interval_end": "2026-03-02T00:00:00Z"}'
)


def make_pipeline(**overrides: Any) -> Pipeline:
    """A valid catalog entry."""
    fields: dict[str, Any] = {
        "name": "digits",
        "description": "손글씨 숫자",
        "task": "detect",
        "schedule": {"cron": "0 2 * * *", "timezone": "Asia/Seoul"},
        "dataset": {"uri": "digits"},
        "model": "yolo11n.yaml",
        "registry": {"model": "digits"},
    }
    return Pipeline.model_validate(fields | overrides)


RESULT = Result(
    mlflow_run_id="abc", summary="100 images", outcome=PreprocessResult(dataset_digest="d", images={"train": 100})
)


@pytest.fixture
def make_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], LocalStepOperator]]:
    """Return a function that makes an operator whose trainer runs the given Python code."""

    def make(code: str) -> LocalStepOperator:
        program = tmp_path / "trainer"
        prelude = f"#!{sys.executable}\nimport os, signal, sys, time\n{lifeline()}\n"
        program.write_text(f"{prelude}{textwrap.dedent(code)}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("TRAINER_COMMAND", str(program))
        read_settings.cache_clear()
        request = StepOrder(step=Step.PREPROCESS, pipeline=make_pipeline())
        return LocalStepOperator(task_id="preprocess", request=request, step_run=RUN)

    yield make
    read_settings.cache_clear()
