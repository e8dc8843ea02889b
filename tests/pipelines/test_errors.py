"""The tree of errors is drawn whole, and the end of a step is mapped to its error in one place."""

import ast
import signal

import pytest

from include.pipelines import errors
from include.pipelines.errors import StepFailed, StepLost, failure_of
from include.pipelines.settings import BUNDLE_ROOT
from include.step_contract.failure import ExitCode, Failure, FailureKind
from include.step_contract.order import Step

from .conftest import RESULT

_ROOTS = {"Exception", "AirflowException", "AirflowSkipException"}


def test_every_error_of_the_airflow_side_is_in_the_drawing() -> None:
    bases = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for path in (BUNDLE_ROOT / "include/pipelines").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }
    found: set[str] = set()
    while more := {name for name, of in bases.items() if of & (found | _ROOTS)} - found:
        found |= more
    assert len(found) > 5
    assert errors.__doc__ is not None
    assert {name for name in found if f"─ {name} " not in errors.__doc__} == set()


@pytest.mark.parametrize(
    ("exit_code", "kind"),
    [
        (ExitCode.BAD_REQUEST, FailureKind.BAD_REQUEST),
        (ExitCode.BAD_DATA, FailureKind.BAD_DATA),
        (ExitCode.BUG, FailureKind.BUG),
        (ExitCode.TRY_AGAIN, FailureKind.TRY_AGAIN),
        (ExitCode.TERMINATED, FailureKind.TERMINATED),
        (ExitCode.DONE, FailureKind.BUG),
        (ExitCode.REFUSED, FailureKind.BUG),
    ],
)
def test_an_exit_code_without_an_answer_is_a_failure_of_its_kind(exit_code: int, kind: FailureKind) -> None:
    failure = failure_of("train", exit_code, None)
    assert (type(failure), failure.kind) == (StepFailed, kind)


@pytest.mark.parametrize(
    ("exit_code", "says"), [(-signal.SIGSEGV, "SIGSEGV"), (128 + 9, "SIGKILL"), (3, "exit code 3")]
)
def test_an_end_that_no_exit_code_names_is_a_lost_step(exit_code: int, says: str) -> None:
    failure = failure_of("train", exit_code, None)
    assert isinstance(failure, StepLost)
    assert says in str(failure)


def test_an_answer_beats_its_exit_code_but_a_result_does_not() -> None:
    answer = Failure(step=Step.TRAIN, kind=FailureKind.OUT_OF_MEMORY, message="한글", mlflow_run_id="abc")
    failure = failure_of("train", ExitCode.TRY_AGAIN, answer)
    assert (failure.kind, failure.mlflow_run_id, str(failure)) == ("out_of_memory", "abc", "train: out_of_memory: 한글")
    assert failure_of("train", ExitCode.BAD_DATA, RESULT).kind is FailureKind.BAD_DATA
