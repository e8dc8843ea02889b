"""Check what must hold after any fault, from Airflow, MLflow, the store and the machine; one sentence per violation.

Used when the DAG runs of a pipeline have ended. The numbers are those of the guarantees in docs/operations.md.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

from include.stacks.airflow_api import AirflowApi
from include.stacks.local.layout import Layout, Ports
from include.stacks.local.services import containers, processes
from include.step_contract.order import Step
from include.step_contract.step import run_key
from tests.e2e.mlflow_calls import artifacts, as_mapping, epochs_of, registered_model, run_of, runs, versions
from tests.pipelines.runtimes.docker.steps import engine

EPOCH_METRICS = ("train/cls_loss", "metrics/mAP50", "train/batch")
_MODEL_FILES = ("MLmodel", "artifacts/best.pt")
_LEFTOVERS = ("*.tmp", "*.part", "*.incoming", "*.lock")


class Stack(Protocol):
    """What of a running stack is looked at, one of the tests' or of the benchmarks'."""

    @property
    def layout(self) -> Layout:
        """Its files."""
        ...

    @property
    def ports(self) -> Ports:
        """Where MLflow is."""
        ...

    @property
    def api(self) -> AirflowApi:
        """A session with its Airflow."""
        ...


def violations(stack: Stack, pipeline: str, secrets: Iterable[str] = ()) -> list[str]:
    """Return what does not hold for a pipeline whose registered model has its name."""
    dag_runs = stack.api.dag_runs(f"train_{pipeline}")
    records = runs(stack.ports, pipeline)
    registered = versions(stack.ports, pipeline)
    return [
        *_one_record_for_each_run(pipeline, dag_runs, records),
        *version_violations(registered),
        *_statuses(stack, pipeline, dag_runs, records),
        *(alias_violations(stack.ports, pipeline) if registered else []),
        *_complete_versions(stack, registered),
        *_epochs(stack, records),
        *_leftovers(stack, records),
        *_told_secrets(stack.layout.state, secrets),
    ]


# -- 1: one record and one version for each DAG run, and the right end ------------------------------------------------


def _one_record_for_each_run(
    pipeline: str, dag_runs: list[dict[str, Any]], records: list[dict[str, Any]]
) -> Iterator[str]:
    counts = Counter(_tags(record).get("run_key") for record in records)
    for run in dag_runs:
        found = counts.pop(run_key(f"train_{pipeline}", run["dag_run_id"]), 0)
        if found != 1:
            yield f"1: DAG run {run['dag_run_id']} has {found} MLflow runs, not 1"
    for key, count in counts.items():
        yield f"1: {count} MLflow runs of run key {key}, which no DAG run has"


def version_violations(registered: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the versions of a registered model."""
    counts = Counter(as_mapping(version.get("tags")).get("run_key") for version in registered)
    for key, count in counts.items():
        if key is None or count != 1:
            yield f"1: {count} model versions of run key {key}"


def _statuses(
    stack: Stack, pipeline: str, dag_runs: list[dict[str, Any]], records: list[dict[str, Any]]
) -> Iterator[str]:
    by_run = {_tags(record).get("airflow.run_id"): record for record in records}
    for run in dag_runs:
        name, record = run["dag_run_id"], by_run.get(run["dag_run_id"])
        if record is None:
            continue
        tags, status = _tags(record), record["info"]["status"]
        if run["state"] == "success" and status != "FINISHED":
            yield f"1: {name} succeeded and its MLflow run is {status}"
        if run["state"] == "failed" and (status not in ("FAILED", "KILLED") or not tags.get("failure.reason")):
            yield f"1: {name} failed; its MLflow run is {status} because of {tags.get('failure.reason')!r}"
        if tags.get("owner"):
            yield f"3: {name} has ended and is still owned by {tags['owner']}"
        yield from _greens(name, stack.api.task_states(f"train_{pipeline}", name), tags)


# -- 5: green means done, and nothing runs after what is not --------------------------------------------------------


def _greens(run: str, tasks: dict[str, dict[str, Any]], tags: dict[str, str]) -> Iterator[str]:
    for step in Step:
        if tasks[step]["state"] == "success" and tags.get(f"step.{step}") != "done":
            yield f"5: {run}: {step} is green and its marker is {tags.get(f'step.{step}')!r}"
    for before, after in pairwise(Step):
        if tasks[before]["state"] != "success" and tasks[after]["state"] == "success":
            yield f"5: {run}: {after} is green after {before}, which is {tasks[before]['state']}"


# -- 1, 2: aliases and their history -----------------------------------------------------------------------------------


def alias_violations(ports: Ports, name: str) -> Iterator[str]:
    """Yield what is wrong with the aliases of a registered model and their history."""
    model = registered_model(ports, name)
    tags = as_mapping(model.get("tags"))
    params = as_mapping(run_of(ports, tags["alias_ledger"])["data"].get("params"))
    moves = [json.loads(params[key]) for key in sorted(params) if key.startswith("move.")]
    for move in moves:
        if f"made.{move['number']:06d}" not in params:
            yield f"1: move {move['number']} of {move['alias']} was claimed and never made"
        if f"alias_history.{move['number']:06d}" not in tags:
            yield f"1: move {move['number']} of {move['alias']} is not in the history"
    # The candidate's alias is set forward in data time and has no history.
    held = as_mapping(model.get("aliases")) | ({} if moves else {"champion": ""})
    for alias in {move["alias"] for move in moves} | ({"champion"} & set(held)):
        yield from _chain(alias, held.get(alias, ""), [move for move in moves if move["alias"] == alias])


def _chain(alias: str, holder: str, moves: list[dict[str, Any]]) -> Iterator[str]:
    if not moves or str(moves[-1]["to"]) != str(holder):
        yield f"1: {alias} is at version {holder}; its history ends at {moves[-1]['to'] if moves else 'nothing'}"
    for before, after in pairwise(moves):
        if before["to"] != after["from"]:
            yield f"1: {alias}: move {after['number']} is from {after['from']}, the one before went to {before['to']}"
        if after["data_interval_end"] < before["data_interval_end"]:
            yield f"2: {alias} went from data of {before['data_interval_end']} back to {after['data_interval_end']}"


def _complete_versions(stack: Stack, registered: list[dict[str, Any]]) -> Iterator[str]:
    for version in registered:
        tags = as_mapping(version.get("tags"))
        model_id = version.get("model_id") or version["source"].rpartition("/")[2]
        folders = list((stack.layout.state / "artifacts").glob(f"*/models/{model_id}/artifacts"))
        missing = [file for file in _MODEL_FILES if not (folders and (folders[0] / file).is_file())]
        if missing:
            yield f"2: version {version['version']} lacks {missing}"
        elif hashlib.sha256((folders[0] / _MODEL_FILES[1]).read_bytes()).hexdigest() != tags.get("weights.sha256"):
            yield f"2: version {version['version']} has other weights than its tag says"


# -- 4: no gap ---------------------------------------------------------------------------------------------------------


def _epochs(stack: Stack, records: list[dict[str, Any]]) -> Iterator[str]:
    for record in records:
        tags = _tags(record)
        if tags.get("step.train") != "done":
            continue
        done = json.loads(tags["step.train.result"])["outcome"]["epochs_done"]
        for metric in EPOCH_METRICS:
            found = epochs_of(stack.ports, record["info"]["run_id"], metric)
            if sorted(found) != list(range(1, done + 1)):
                yield f"4: {tags['airflow.run_id']}: {metric} has points of epochs {found}, not 1 to {done} once each"


# -- 3: nothing left ---------------------------------------------------------------------------------------------------


def _leftovers(stack: Stack, records: list[dict[str, Any]]) -> Iterator[str]:
    for process in processes(stack.layout):
        command = process.cmdline()
        if any(part.endswith("/trainer") for part in command):
            yield f"3: process {process.pid} is left: {' '.join(command)}"
    yield from _containers_left(stack)
    work = stack.layout.state / "work"
    for folder in work.iterdir() if work.exists() else ():
        yield f"3: workspace {folder.name} is left"
    for place in (stack.layout.cache, stack.layout.state / "artifacts"):
        for path in (path for pattern in _LEFTOVERS for path in place.rglob(pattern)):
            yield f"3: {path.relative_to(stack.layout.state)} is left"
    for path in (stack.layout.cache / "unsent").rglob("*.jsonl"):
        yield f"3: {path.relative_to(stack.layout.state)} never reached MLflow"
    for record in records:
        if _tags(record).get("step.train") == "done" and artifacts(
            stack.ports, record["info"]["run_id"], "checkpoints"
        ):
            yield f"3: checkpoints of {_tags(record)['airflow.run_id']} are left"


def _containers_left(stack: Stack) -> Iterator[str]:
    for container in containers(stack.layout):
        yield f"3: container {container} is left running"
    if not stack.layout.docker_marker.exists():
        return
    label = f"nightshift.stack={stack.layout.state}"
    for item in engine().containers(all=True, filters={"label": label}):
        # Who has taken a result removes the container, or keeps it for a look under a name that ends with its id.
        if not item["Names"][0].endswith(f"-{item['Id'][:8]}"):
            yield f"3: container {item['Names'][0]} ({item['Status']}) is left, and its result was not taken"


def _told_secrets(state: Path, secrets: Iterable[str]) -> Iterator[str]:
    wanted = [secret.encode() for secret in secrets]
    for path in [*state.glob("logs/*.log"), *state.glob("airflow/logs/**/*.log"), *state.glob("mlflow.db*")]:
        content = path.read_bytes()
        if any(secret in content for secret in wanted):
            yield f"4: {path.relative_to(state)} holds a secret"


def _tags(record: dict[str, Any]) -> dict[str, str]:
    return as_mapping(record["data"].get("tags"))
