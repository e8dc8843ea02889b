"""Provide a stack whose training is small and has as many retries as it needs."""

from pathlib import Path

import pytest

from tests.e2e.conftest import Stack, stack
from tests.tiny_model import TINY_MODEL

__all__ = ["Stack", "stack"]

CATALOG = """
version: 1
pipelines:
  small:
    description: 아무 때나 죽는 학습
    owner: faults
    task: detect
    start_date: 2026-01-01
    dataset: {uri: digits/fixed, split: {seed: 0}}
    model: tiny.yaml
    training:
      epochs: 20
      batch: 4
      imgsz: 64
      arguments: {nbs: 8, optimizer: AdamW, lr0: 0.003, warmup_epochs: 1, mosaic: 0, amp: false, workers: 0}
    gate: {metric: mAP50, minimum: 0.0, tolerance: 1.0}
    execution: {retries: 20, retry_delay_seconds: 1, maximum_retry_delay_seconds: 2, max_active_runs: 1}
    registry: {model: small}
"""


@pytest.fixture(scope="module", autouse=True)
def catalog(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the module's stack a catalog of its own, and Airflow less patience with a task that is silent.

    A module's ``CATALOG`` comes in place of the one above.
    """
    path = tmp_path_factory.mktemp("catalog") / "catalog.yaml"
    path.write_text(getattr(request.module, "CATALOG", CATALOG), encoding="utf-8")
    # No plain module constant: ``stack`` is made after this and reads it from the module.
    request.module.STACK_ENVIRONMENT = getattr(request.module, "STACK_ENVIRONMENT", {}) | {
        "TRAINING_CATALOG": str(path),
        "SWEEP_GRACE_MINUTES": "0",
        "TRAINER_WORKSPACE_KEEP_HOURS": "0",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "15",
    }
    return path


@pytest.fixture
def tiny_model(stack: Stack) -> None:
    """Put the model's architecture into the store."""
    (stack.layout.store / "tiny.yaml").write_text(TINY_MODEL, encoding="utf-8")
