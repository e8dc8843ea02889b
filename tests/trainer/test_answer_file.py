"""The file that gets a step's answer beside its standard output: a pod's termination message."""

from pathlib import Path

import pytest

from step_contract import transport
from step_contract.failure import Failure, FailureKind
from trainer import __main__ as command
from trainer.__main__ import main


def test_the_answer_stands_in_the_file_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "termination-log"
    monkeypatch.setenv("STEP_ANSWER_FILE", str(path))
    monkeypatch.delenv("STEP_REQUEST", raising=False)
    assert main(["train"]) == 64
    answer = transport.decode_line(path.read_text(encoding="utf-8"))
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.BAD_REQUEST
    assert path.read_text(encoding="utf-8") == capsys.readouterr().out.strip()


def test_an_answer_that_kubernetes_would_cut_off_is_left_out_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "termination-log"
    monkeypatch.setenv("STEP_ANSWER_FILE", str(path))
    command._say("가" * 1366)
    assert not path.exists()
    assert capsys.readouterr().out == "가" * 1366 + "\n"


def test_a_file_that_cannot_be_written_does_not_change_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STEP_ANSWER_FILE", str(tmp_path / "nowhere/file"))
    monkeypatch.delenv("STEP_REQUEST", raising=False)
    assert main(["train"]) == 64
    assert transport.decode_line(capsys.readouterr().out) is not None
