"""The generated list of train arguments follows ultralytics, and says so when it no longer understands it."""

import json
from pathlib import Path
from typing import Any

import pytest

from step_contract.catalog import train_arguments
from trainer.frameworks.ultralytics import arguments as listing


@pytest.fixture(autouse=True)
def _ultralytics(tmp_path: Path) -> None:
    listing.prepare(tmp_path)


def test_the_printed_list_is_the_committed_one(capsys: pytest.CaptureFixture[str]) -> None:
    listing.main()
    assert capsys.readouterr().out == train_arguments.LIST_PATH.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("lr0", {"type": "number", "minimum": 0, "maximum": 1, "default": 0.01}),
        ("nbs", {"type": "integer", "minimum": 1, "default": 64}),
        ("cos_lr", {"type": "boolean", "default": False}),
        ("conf", {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "null"}], "default": None}),
        ("cache", {"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["ram", "disk"]}], "default": False}),
    ],
)
def test_an_argument_has_type_range_and_default(name: str, schema: dict[str, Any]) -> None:
    listed = listing.list_train_arguments()["arguments"][name]
    assert {key: value for key, value in listed.items() if key != "description"} == schema


def test_arguments_of_prediction_are_not_listed() -> None:
    listed = listing.list_train_arguments()
    assert "show_labels" not in listed["arguments"]
    assert "show_labels" in listed["arguments_of_other_modes"]


def test_an_argument_that_is_not_understood_stops_the_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ultralytics.utils.DEFAULT_CFG_DICT", {"lr0": 0.01, "surprise": 1})
    with pytest.raises(ValueError, match=r"arguments that were not understood: \['surprise'\]"):
        listing.list_train_arguments()


def test_a_choice_that_ultralytics_dropped_stops_the_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(listing._CHOICES, "copy_paste_mode", ["flip", "swap"])
    with pytest.raises(ValueError, match=r"help of copy_paste_mode no longer names \['swap'\]"):
        listing.list_train_arguments()


def test_the_list_is_json_with_a_version() -> None:
    assert json.loads(train_arguments.LIST_PATH.read_text(encoding="utf-8"))["ultralytics"].count(".") == 2
