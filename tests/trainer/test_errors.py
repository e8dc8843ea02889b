"""One tree of errors, drawn whole, and one kind for each error wherever it is said."""

import ast
import builtins
import re
from pathlib import Path

import pytest

import trainer
from step_contract import transport
from step_contract.failure import Failure, FailureKind
from step_contract.order import Step, StepOrder
from tests.web_receiver import Receiver
from trainer import errors
from trainer.__main__ import main
from trainer.errors import BadData, BadRequest, Bug, OutOfMemory, StepError, Terminated, TryAgain
from trainer.registry import MissingWeights
from trainer.settings import Settings
from trainer.steps import preprocess
from trainer.storage import NothingThere
from trainer.tracking import open_record

from .conftest import make_pipeline, make_run

ENDINGS: list[tuple[BaseException, FailureKind, str]] = [
    (BadRequest("no such model"), FailureKind.BAD_REQUEST, "no such model"),
    (BadData("no images"), FailureKind.BAD_DATA, "no images"),
    (NothingThere("nothing there"), FailureKind.BAD_DATA, "nothing there"),
    (MissingWeights("no weights"), FailureKind.BAD_DATA, "no weights"),
    (Bug("no metrics"), FailureKind.BUG, "no metrics"),
    (StepError(), FailureKind.BUG, "StepError"),
    (OutOfMemory("one image does not fit"), FailureKind.OUT_OF_MEMORY, "one image does not fit"),
    (MemoryError("std::bad_alloc"), FailureKind.OUT_OF_MEMORY, "the host's memory did not suffice: std::bad_alloc"),
    (TryAgain("MLflow is away"), FailureKind.TRY_AGAIN, "MLflow is away"),
    (OSError(28, "No space left on device"), FailureKind.TRY_AGAIN, "No space left on device; expected TRAINER_WORK_"),
    (Terminated("ordered to stop"), FailureKind.TERMINATED, "ordered to stop"),
    (KeyError("images"), FailureKind.BUG, "KeyError: 'images'"),
    (RuntimeError("CUDA error"), FailureKind.BUG, "RuntimeError: CUDA error"),
]


def drawn_tree() -> dict[str, str]:
    """Return the parent of each class in the drawing at the top of errors.py."""
    parents, above = {}, list[tuple[int, str]]()
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"^ {4}([│├└─ ]*)([A-Z]\w+)", line)
        if found is None:
            continue
        depth, name = len(found[1]), found[2]
        above = [(indent, parent) for indent, parent in above if indent < depth]
        if above:
            parents[name] = above[-1][1]
        above.append((depth, name))
    return {name: parent for name, parent in parents.items() if not hasattr(builtins, name)}


def real_tree() -> dict[str, str]:
    """Return the base of each exception class in the trainer's source."""
    sources = [ast.parse(path.read_text()) for path in Path(trainer.__file__).parent.rglob("*.py")]
    classes = [node for source in sources for node in ast.walk(source) if isinstance(node, ast.ClassDef) and node.bases]
    bases = {node.name: ast.unparse(node.bases[0]) for node in classes}

    def is_error(name: str) -> bool:
        known = getattr(builtins, name, None)
        if isinstance(known, type):
            return issubclass(known, BaseException)
        return name in bases and is_error(bases[name])

    return {name: base for name, base in bases.items() if is_error(name)}


def test_the_drawing_shows_every_error_of_the_trainer_in_its_place() -> None:
    assert len(real_tree()) > 12
    assert drawn_tree() == real_tree()


@pytest.mark.parametrize(("error", "kind", "reason"), ENDINGS, ids=lambda value: type(value).__name__)
def test_an_error_has_one_kind_on_the_line_in_mlflow_in_the_events_and_as_exit_code(
    settings: Settings,
    web_ui: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    kind: FailureKind,
    reason: str,
) -> None:
    def fail(_job: object) -> None:
        raise error

    monkeypatch.setattr(preprocess, "plan", fail)
    set_environment(monkeypatch, settings, web_ui)
    code = main(["preprocess"])
    answer = transport.decode_line(capsys.readouterr().out)
    record = open_record(settings.mlflow_tracking_uri, make_pipeline(), make_run())
    tags = record.tags()
    assert isinstance(answer, Failure)
    assert (answer.kind, tags["failure.kind"], code) == (kind, kind.value, kind.exit_code)
    assert answer.message.startswith(reason)
    assert tags["failure.reason"] == answer.message
    assert answer.mlflow_run_id == record.run_id
    event = web_ui.events[-1]
    assert event["type"] == ("cancelled" if kind is FailureKind.TERMINATED else "failed")
    assert event["error"] == {"kind": kind.value, "message": answer.message}


def set_environment(monkeypatch: pytest.MonkeyPatch, settings: Settings, web_ui: Receiver) -> None:
    order = StepOrder(step=Step.PREPROCESS, pipeline=make_pipeline())
    variables = transport.encode_environment(order, make_run()) | {
        "MLFLOW_TRACKING_URI": settings.mlflow_tracking_uri,
        "TRAINER_WORK_DIR": str(settings.trainer_work_dir),
        "TRAINER_CACHE_DIR": str(settings.trainer_cache_dir),
        "BACKEND_CALLBACK_URL": web_ui.url,
        "BACKEND_CALLBACK_SECRET": "secret",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_an_error_before_the_record_is_open_names_no_mlflow_run(
    settings: Settings, web_ui: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(monkeypatch, settings, web_ui)
    monkeypatch.setattr("trainer.execution.open_record", lambda *_: (_ for _ in ()).throw(TryAgain("MLflow is away")))
    assert main(["preprocess"]) == 75
    answer = transport.decode_line(capsys.readouterr().out)
    assert answer == Failure(step=Step.PREPROCESS, kind=FailureKind.TRY_AGAIN, message="MLflow is away")
