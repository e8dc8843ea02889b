"""A ``.env`` of version 0.1: Airflow's side and Compose still know each name and take the same values from it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from include.pipelines.runtimes.docker.settings import docker_settings
from include.pipelines.runtimes.kubernetes.settings import kubernetes_settings
from include.pipelines.runtimes.local.settings import local_settings
from include.pipelines.settings import read_settings, settings
from tests.compatibility.dotenv import EXPECTED, values_of, variables

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Values of Airflow's side by the name of their variable."""
    for name, value in variables().items():
        monkeypatch.setenv(name, value)
    read_settings.cache_clear()
    sides: list[BaseModel] = [settings(), local_settings(), docker_settings(), kubernetes_settings()]
    yield {name: value for side in sides for name, value in values_of(side).items()}
    read_settings.cache_clear()


def test_airflows_side_takes_the_same_values(today: dict[str, Any]) -> None:
    expected = EXPECTED["airflow"]
    assert {name: today.get(name) for name in expected} == expected


def test_compose_still_uses_each_name() -> None:
    files = ("docker-compose.airflow.yml", "docker-compose.gpu.yml")
    used = re.findall(r"\$\{([A-Z0-9_]+)", "".join((ROOT / name).read_text(encoding="utf-8") for name in files))
    assert set(EXPECTED["compose"]) <= set(used)


def test_each_name_is_still_documented() -> None:
    known = re.findall(r"^(?:# )?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(variables()) <= set(known)
