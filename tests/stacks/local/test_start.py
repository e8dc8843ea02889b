"""Starting a stack where another program takes a port between the choice and the start."""

from pathlib import Path

import pytest

from include.pipelines.settings import read_settings
from include.stacks.local import __main__ as local_stack
from include.stacks.local.demo import DemoFailed
from include.stacks.local.layout import Layout, Ports, choose_ports
from include.stacks.local.services import StackError

IN_USE = "api-server ended with exit code 3:\n[Errno 98] error while attempting to bind: address already in use"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(local_stack, "write_sample_data", lambda *_: None)
    return Layout(tmp_path)


def test_a_start_whose_port_was_taken_meanwhile_uses_another(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Ports] = []

    def start(_layout: Layout, ports: Ports, _say: object) -> None:
        tried.append(ports)
        if len(tried) == 1:
            raise StackError(IN_USE)

    monkeypatch.setattr(local_stack, "start", start)
    assert local_stack._start(layout) == tried[1]
    assert len(tried) == 2


def test_a_catalog_without_the_sample_pipeline_starts_and_its_demo_says_what_is_missing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog = layout.state / "catalog.yaml"
    catalog.write_text("version: 1\npipelines:\n  digits:\n    description: has a typo\n    modle: yolo11n.yaml\n")
    monkeypatch.setenv("TRAINING_CATALOG", str(catalog))
    read_settings.cache_clear()
    started: list[Ports] = []
    monkeypatch.setattr(local_stack, "start", lambda _layout, ports, _say: started.append(ports))
    assert local_stack._start(layout) == started[0]
    with pytest.raises(DemoFailed, match=r"(?s)has no valid pipeline 'digits'.*modle: unknown key"):
        local_stack._demo(layout)
    read_settings.cache_clear()


def test_a_command_by_hand_has_the_environment_of_the_stack(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StackError, match="no stack was started here yet; start it with `make up`"):
        local_stack._run(layout, ["airflow", "dags", "list"])
    layout.create()
    ports = choose_ports(layout)
    with pytest.raises(StackError, match=r"got 'rm'; expected one of airflow, trainer, with its arguments"):
        local_stack._run(layout, ["rm"])
    became: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr("os.execve", lambda *call: became.append(call))
    local_stack._run(layout, ["airflow", "dags", "list"])
    ((program, words, variables),) = became
    assert program.endswith(".venv/airflow/bin/airflow")
    assert words == [program, "dags", "list"]
    assert variables["MLFLOW_TRACKING_URI"] == ports.mlflow_url
    assert variables["AIRFLOW_HOME"] == str(layout.airflow_home)


def test_other_errors_are_reported_at_once(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> None:
        raise StackError("mlflow ended with exit code 1")

    monkeypatch.setattr(local_stack, "start", start)
    with pytest.raises(StackError, match="mlflow ended"):
        local_stack._start(layout)
