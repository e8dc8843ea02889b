"""Addresses and environment of the local stack."""

import json
import socket
from pathlib import Path

import pytest

from include.stacks.local.layout import Layout, Ports, choose_ports, environment, known_ports


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    stack = Layout(tmp_path)
    stack.create()
    return stack


def test_ports_in_use_are_skipped(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("AIRFLOW_PORT", str(port))
        assert choose_ports(layout).airflow > port


def test_addresses_stay_the_same(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_PORT", "28080")
    first = choose_ports(layout)
    monkeypatch.setenv("AIRFLOW_PORT", "38080")
    assert choose_ports(layout) == first == known_ports(layout)


def test_no_ports_before_the_first_start(layout: Layout) -> None:
    assert known_ports(layout) is None


def test_environment_points_everything_into_the_state_folder(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "somebody else's")
    monkeypatch.setenv("AIRFLOW_CONN_TEAM_CHAT", "{}")
    variables = environment(layout, Ports(1, 2), {"TRAINING_CATALOG": "x"})
    assert variables["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert variables["TRAINING_CATALOG"] == "x"
    assert variables["AIRFLOW_CONN_TEAM_CHAT"] == "{}"
    for name in ("AIRFLOW_HOME", "DATASET_ROOT", "TRAINER_WORK_DIR", "TRAINER_CACHE_DIR"):
        assert variables[name].startswith(str(layout.state))
    (bundle,) = json.loads(variables["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert (Path(bundle["kwargs"]["path"]) / "dags/training.py").exists()
    assert (
        variables["AIRFLOW__API_AUTH__JWT_SECRET"] == environment(layout, Ports(1, 2))["AIRFLOW__API_AUTH__JWT_SECRET"]
    )
