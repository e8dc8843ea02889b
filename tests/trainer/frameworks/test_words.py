"""Only a framework's own folder names its library and its files, in code as in docstrings and comments."""

import re
from pathlib import Path

import pytest

import trainer

SOURCE = Path(trainer.__file__).parent
MODULES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))

OWN_WORDS = re.compile(r"ultralytics|yolo|\btorch|best\.pt|last\.pt|results\.csv", re.IGNORECASE)
LAYOUT = re.compile(r"yolo", re.IGNORECASE)
"""Also a layout of datasets and a format of labels, which ``datasets`` handles for every framework."""

REGISTERED = re.compile(r'"(trainer\.frameworks\.)?ultralytics"')
"""The line in which ``frameworks`` lists a framework, and the name of the usual one."""

SHARED = {"frameworks/torch_devices.py"}
"""Modules for every framework that is built on torch."""


def foreign_words(module: str, text: str) -> list[str]:
    """Return the lines that name what only a framework's own folder may name."""
    if module.startswith("frameworks/ultralytics/") or module in SHARED:
        return []
    if module == "frameworks/__init__.py":
        text = REGISTERED.sub("", text).replace("built on torch share ``torch_devices``", "")
    if module.startswith("datasets/"):
        text = LAYOUT.sub("", text)
    return [line.strip() for line in text.splitlines() if OWN_WORDS.search(line)]


@pytest.mark.parametrize("module", MODULES)
def test_no_module_outside_of_a_framework_names_its_library_or_its_files(module: str) -> None:
    assert foreign_words(module, (SOURCE / module).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("steps/train.py", "import torch"),
        ("gate/models.py", '"""Fetch best.pt."""'),
        ("frameworks/__init__.py", "from .ultralytics import FRAMEWORK"),
        ("frameworks/interface.py", "# as YOLO has it"),
        ("datasets/materialize.py", "# for ultralytics"),
    ],
)
def test_the_search_finds_what_it_is_for(module: str, line: str) -> None:
    assert foreign_words(module, f"x = 1\n{line}\n") == [line]
