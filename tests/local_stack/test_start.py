"""Starting a stack where another program takes a port between the choice and the start."""

from pathlib import Path

import pytest

from include.local_stack import __main__ as local_stack
from include.local_stack.layout import Layout, Ports
from include.local_stack.services import StackError

IN_USE = "api-server ended with exit code 3:\n[Errno 98] error while attempting to bind: address already in use"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(local_stack, "write_sample_data", lambda *_: None)
    return Layout(tmp_path)


def test_a_port_that_was_taken_meanwhile_is_left_to_the_other(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Ports] = []

    def start(_layout: Layout, ports: Ports, _say: object) -> None:
        tried.append(ports)
        if len(tried) == 1:
            raise StackError(IN_USE)

    monkeypatch.setattr(local_stack, "start", start)
    assert local_stack._start(layout) == tried[1]
    assert len(tried) == 2


def test_other_errors_are_told_at_once(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> None:
        raise StackError("mlflow ended with exit code 1")

    monkeypatch.setattr(local_stack, "start", start)
    with pytest.raises(StackError, match="mlflow ended"):
        local_stack._start(layout)
