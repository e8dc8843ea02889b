"""A ``.env`` of version 0.1: the steps take the same values from it."""

import shutil
from pathlib import Path

import pytest

from tests.compatibility.dotenv import EXPECTED, FILE, values_of, variables
from trainer.settings import read_settings


def test_steps_take_the_same_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in variables():
        monkeypatch.delenv(name, raising=False)
    shutil.copyfile(FILE, tmp_path / ".env")
    monkeypatch.chdir(tmp_path)
    expected, today = EXPECTED["trainer"], values_of(read_settings())
    assert {name: today.get(name) for name in expected} == expected
