"""Call MLflow's REST API for tests of whole stacks; the Airflow side has no mlflow package."""

import json
import urllib.request
from typing import Any
from urllib.parse import quote, urlencode

from include.stacks.local.layout import Ports


def mlflow(ports: Ports, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make one call and return its JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{ports.mlflow_url}/api/2.0/mlflow/{path}", data=data)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as response:
        return dict(json.loads(response.read()))


def as_mapping(pairs: list[dict[str, str]] | None) -> dict[str, str]:
    """Return MLflow's lists of tags, params and aliases as mappings."""
    return {pair.get("key", pair.get("alias", "")): pair.get("value", pair.get("version", "")) for pair in pairs or []}


def runs(ports: Ports, experiment: str) -> list[dict[str, Any]]:
    """Return all runs of an experiment."""
    found = mlflow(ports, f"experiments/get-by-name?experiment_name={quote(experiment)}")["experiment"]
    body = {"experiment_ids": [found["experiment_id"]], "max_results": 1000}
    return list(mlflow(ports, "runs/search", body).get("runs", []))


def run_of(ports: Ports, run_id: str) -> dict[str, Any]:
    """Return one run."""
    return dict(mlflow(ports, f"runs/get?run_id={run_id}")["run"])


def epochs_of(ports: Ports, run_id: str, metric: str) -> list[int]:
    """Return MLflow's step of each point of a metric, in the order in which they were logged."""
    query = urlencode({"run_id": run_id, "metric_key": metric, "max_results": 1000})
    points = mlflow(ports, f"metrics/get-history?{query}").get("metrics", [])
    return [int(point["step"]) for point in points]


def artifacts(ports: Ports, run_id: str, folder: str) -> list[str]:
    """Return the paths below a folder of a run's artifacts."""
    answer = mlflow(ports, f"artifacts/list?{urlencode({'run_id': run_id, 'path': folder})}")
    return [file["path"] for file in answer.get("files", [])]


def registered_model(ports: Ports, name: str) -> dict[str, Any]:
    """Return a registered model with its aliases and tags."""
    return dict(mlflow(ports, f"registered-models/get?name={quote(name)}")["registered_model"])


def versions(ports: Ports, name: str) -> list[dict[str, Any]]:
    """Return all versions of a registered model."""
    query = urlencode({"filter": f"name='{name}'", "max_results": 1000})
    return list(mlflow(ports, f"model-versions/search?{query}").get("model_versions", []))
