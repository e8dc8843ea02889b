"""Provide a stack for the tests: real api-server, scheduler, dag-processor and MLflow, in a temporary folder."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.stacks.airflow_api import AirflowApi
from include.stacks.local.layout import ADMIN, Layout, Ports, choose_ports, environment
from include.stacks.local.services import TRAINER_BIN, containers, processes, start, stop
from tests.web_receiver import Receiver, receiving

NIGHT_ENDS = (datetime.now(UTC) - timedelta(hours=12)).replace(minute=0, second=0, microsecond=0)
"""When the last night's data interval ended, half a day ago: no other night falls due while the tests run."""

CATALOG = """
version: 1
defaults:
  owner: e2e
  task: detect
  start_date: 2026-01-01
  schedule: {cron: "0 HOUR * * *"}
  model: yolo11n.yaml
  training:
    epochs: 4
    batch: 8
    imgsz: 64
    arguments: {nbs: 8, optimizer: AdamW, lr0: 0.003, warmup_epochs: 1, mosaic: 0, amp: false, workers: 0}
  resources: {train: {cpu: 1}}
  gate: {metric: mAP50, minimum: 0.0, tolerance: 1.0}
  execution: {retries: 2, retry_delay_seconds: 1, max_active_runs: 1}
pipelines:
  small:
    description: 작은 파이프라인, end to end
    dataset: {uri: digits, partition: {pattern: "%Y-%m-%d"}, split: {seed: 0}}
    execution: {deadline: HOUR:01} # has passed when the run begins
    registry: {model: small}
  strict:
    description: 아무도 통과하지 못하는 기준
    schedule: null
    dataset: {uri: digits/fixed, split: {seed: 0}}
    training: {epochs: 1}
    gate: {minimum: 1.0}
    registry: {model: strict}
  empty:
    description: the dataset is not there
    schedule: null
    dataset: {uri: nowhere}
    registry: {model: empty}
  broken:
    description: has a typo
    dataset: {uri: digits}
    trainning: {epochs: 1}
    registry: {model: broken}
""".replace("HOUR", f"{NIGHT_ENDS:%H}")


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    layout: Layout
    ports: Ports
    api: AirflowApi
    receiver: Receiver
    variables: dict[str, str]
    """The environment of its processes."""

    def messages(self, run_id: str) -> list[dict[str, Any]]:
        """The messages that people received about a run."""
        return self._posted("/people", run_id)

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """The events that the web UI received about a run."""
        return self._posted("/web-ui", run_id)

    def _posted(self, path: str, run_id: str) -> list[dict[str, Any]]:
        posts = [post.json for post in list(self.receiver.posts) if post.path == path]
        return [post for post in posts if post["run_id"] == run_id]


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start the stack with the tests' catalog and data for three days; stop it and see that nothing is left.

    A module's ``CATALOG`` takes the place of this one's, its ``STACK_ENVIRONMENT`` adds to the environment of the
    stack's processes.
    """
    layout = Layout(tmp_path_factory.mktemp("stack"))
    layout.create()
    catalog = layout.state / "catalog.yaml"
    catalog.write_text(getattr(request.module, "CATALOG", CATALOG), encoding="utf-8")
    _write_data(layout.store / "digits")
    ports = choose_ports(layout)
    with receiving() as receiver:
        try:
            own = getattr(request.module, "STACK_ENVIRONMENT", {})
            extra = {"TRAINING_CATALOG": str(catalog)} | _reporting_to(receiver) | own
            start(layout, ports, print, extra)
            api = AirflowApi(ports.airflow_url, ADMIN, layout.password())
            yield Stack(layout, ports, api, receiver, environment(layout, ports, extra))
        finally:
            stop(layout)
    assert processes(layout) == []
    assert containers(layout) == []


def _reporting_to(receiver: Receiver) -> dict[str, str]:
    """Return the settings of a stack that sends all messages and events to a receiver."""
    address = f"http://127.0.0.1:{receiver.port}"
    return {
        "NOTIFY_TARGETS": "people",
        "AIRFLOW_CONN_PEOPLE": json.dumps({"conn_type": "http", "host": f"{address}/people"}),
        "BACKEND_CALLBACK_URL": f"{address}/web-ui",
        "BACKEND_CALLBACK_SECRET": "of the tests",
    }


def _write_data(root: Path) -> None:
    days = [f"{NIGHT_ENDS - timedelta(days=back):%Y-%m-%d}" for back in range(5)]
    command = [str(TRAINER_BIN / "trainer"), "sample-data", "--pictures", "48", "--root", str(root), "--days", *days]
    subprocess.run(command, check=True)
    (root / days[0]).rename(root / "fixed")
