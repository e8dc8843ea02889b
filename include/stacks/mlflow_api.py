"""Calls of MLflow's REST API for the demo's summary; the Airflow side has no mlflow package."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from include.step_contract.tags import RUN_ID_TAG


@dataclass(frozen=True)
class TrainingRecord:
    """One MLflow run as the summary shows it."""

    run_id: str
    status: str
    tags: dict[str, str]
    metrics: dict[str, float]
    epochs: dict[str, int]
    """MLflow's step of each metric's latest point."""
    version: str | None


def training_records(server: str, experiment: str, model: str) -> dict[str, TrainingRecord]:
    """Return the records of an experiment by their Airflow run id."""
    found = _call(server, f"experiments/get-by-name?experiment_name={experiment}")
    if found is None:
        return {}
    body = {"experiment_ids": [found["experiment"]["experiment_id"]], "max_results": 1000}
    runs = (_call(server, "runs/search", body) or {}).get("runs", [])
    versions = _versions_by_run(server, model)
    records = (_record(run, versions) for run in runs)
    return {record.tags.get(RUN_ID_TAG, ""): record for record in records}


def champion_version(server: str, model: str, alias: str) -> str | None:
    """Return the version that holds the champion alias."""
    answer = _call(server, f"registered-models/alias?name={model}&alias={alias}")
    return None if answer is None else str(answer["model_version"]["version"])


def _record(run: dict[str, Any], versions: dict[str, str]) -> TrainingRecord:
    info, data = run["info"], run["data"]
    tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
    metrics = {metric["key"]: metric["value"] for metric in data.get("metrics", [])}
    epochs = {metric["key"]: int(metric.get("step", 0)) for metric in data.get("metrics", [])}
    return TrainingRecord(info["run_id"], info["status"], tags, metrics, epochs, versions.get(info["run_id"]))


def _versions_by_run(server: str, model: str) -> dict[str, str]:
    answer = _call(server, f"model-versions/search?filter=name%3D%27{model}%27&max_results=1000") or {}
    return {version["run_id"]: version["version"] for version in answer.get("model_versions", [])}


def _call(server: str, path: str, body: object = None) -> dict[str, Any] | None:
    """Return the answer, or None if what was asked for does not exist (yet)."""
    request = urllib.request.Request(f"{server}/api/2.0/mlflow/{path}")
    request.add_header("Content-Type", "application/json")
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data=data, timeout=30) as response:
            return dict(json.loads(response.read()))
    except urllib.error.HTTPError as error:
        if error.code in (400, 404):
            return None
        raise
