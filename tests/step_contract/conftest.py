"""A valid catalog with one pipeline, and a function that reads a catalog from a text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from step_contract.catalog.reading import CatalogReading, read_catalog

SOUND = """\
version: 1
pipelines:
  digits:
    description: 손글씨 숫자
    task: detect
    dataset:
      uri: digits
    model: yolo11n.yaml
    registry:
      model: digits
"""

SECOND = """\
  letters:
    description: second
    task: detect
    dataset: {uri: letters}
    model: yolo11n.yaml
    registry: {model: letters}
"""


@pytest.fixture
def sound() -> str:
    """Return the text of a valid catalog of ten lines; the text that a test appends starts in line 11."""
    return SOUND


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., CatalogReading]:
    """Return a function that writes a text to catalog.yaml and reads it."""
    monkeypatch.chdir(tmp_path)

    def read_text(text: str | bytes, only_dag_id: str | None = None) -> CatalogReading:
        path = Path("catalog.yaml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_catalog(path, only_dag_id)

    return read_text


@pytest.fixture
def messages(read: Callable[..., CatalogReading]) -> Callable[..., list[str]]:
    """Return a function that reads a text and returns its problems' messages, without ``catalog.yaml:``."""

    def read_messages(text: str | bytes, only_dag_id: str | None = None) -> list[str]:
        return [str(problem).removeprefix("catalog.yaml:").lstrip() for problem in read(text, only_dag_id).problems]

    return read_messages
