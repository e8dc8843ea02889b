"""Measure loading 100 pipelines into a DagBag, and parsing for one task; each in a fresh process that times itself.

The task is one of the last pipeline: in the file its entry is the last, in the folder its file is.
"""

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.pairs import AIRFLOW_PYTHON, ROOT, Ratio, compare

PIPELINES = 100
FILES = 1000
_PAIRS = 15
"""A load takes a quarter of a second, so a single hiccup of the machine weighs much."""

_ENTRY = """
  pipeline{number}:
    description: 파이프라인 {number}
    task: detect
    schedule: {{cron: "0 2 * * *", timezone: Asia/Seoul}}
    dataset: {{uri: data/{number}, split: {{seed: 1}}}}
    model: yolo11n.yaml
    training: {{epochs: 100, batch: 16, imgsz: 640, arguments: {{mosaic: 0.5, optimizer: AdamW, lr0: 0.003}}}}
    gate: {{metric: mAP50-95, minimum: 0.4}}
    registry: {{model: model{number}}}
"""

_BY_HAND = """
from datetime import datetime, timezone
from {module} import {operator}
from airflow.sdk import DAG, chain

for number in range(100):
    with DAG(f"dag{{number}}", schedule="0 2 * * *", start_date=datetime(2026, 1, 1, tzinfo=timezone.utc)) as dag:
        chain(*({operator}(task_id=f"step{{step}}", {arguments}) for step in range(5)))
    globals()[f"dag{{number}}"] = dag
"""

_BASH = {
    "module": "airflow.providers.standard.operators.bash",
    "operator": "BashOperator",
    "arguments": 'bash_command="true"',
}
_POD = {
    "module": "airflow.providers.cncf.kubernetes.operators.pod",
    "operator": "KubernetesPodOperator",
    "arguments": 'name=f"step{step}", namespace="training", image="trainer:1", arguments=[f"step{step}"]',
}
_CONTAINER = {
    "module": "airflow.providers.docker.operators.docker",
    "operator": "DockerOperator",
    "arguments": 'image="trainer:1", command=[f"step{step}"]',
}

# What a process of Airflow 3.3's dag-processor has loaded before it parses a file (looked up in one): the plugins, for
# its job's listeners, and these libraries, but no operator.
_LOAD = """
import sys, time
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.plugins_manager import ensure_plugins_loaded
from airflow.sdk import get_parsing_context
import croniter, yaml
ensure_plugins_loaded()
folder, root, expected = sys.argv[1:]
begin = time.perf_counter()
bag = BundleDagBag(dag_folder=folder, bundle_path=Path(root), bundle_name="bench")
seconds = time.perf_counter() - begin
assert len(bag.dags) == int(expected) and not bag.import_errors, (len(bag.dags), bag.import_errors)
print(f"SECONDS {seconds}")
"""


def loading_pipelines(folder: Path) -> Ratio:
    """Compare dags/training.py with a file that builds as many DAGs of five BashOperators by hand."""
    return _loading(folder, "local", _BASH, 1.5)


def loading_pods(folder: Path) -> Ratio:
    """Compare pipelines whose steps are pods with as many DAGs of five of the provider's operators by hand."""
    return _loading(folder, "kubernetes", _POD, 1.2)


def loading_containers(folder: Path) -> Ratio:
    """Compare pipelines whose steps are containers with as many DAGs of five of the provider's operators by hand."""
    return _loading(folder, "docker", _CONTAINER, 1.2)


def _loading(folder: Path, runtime: str, by_hand: Mapping[str, str], limit: float) -> Ratio:
    catalog = _catalog(folder, PIPELINES)
    bare = folder / "by_hand"
    bare.mkdir()
    (bare / "dags.py").write_text(_BY_HAND.format(**by_hand))
    where = {"TRAINING_RUNTIME": runtime}
    on_runtime = "" if runtime == "local" else f" on {runtime}"
    return compare(
        f"loading {PIPELINES} pipelines{on_runtime} into a DagBag",
        f"{PIPELINES} DAGs of five {by_hand['operator']}s by hand",
        limit,
        lambda _pair: _load(ROOT / "dags/training.py", ROOT, PIPELINES, folder, catalog, where),
        lambda _pair: _load(bare / "dags.py", bare, PIPELINES, folder, catalog),
        _PAIRS,
    )


def parsing_for_one_task(folder: Path) -> Ratio:
    """Compare the parse that a task of one pipeline makes, with 100 pipelines in the catalog and with one."""
    return _parsing_for_one_task(
        f"parsing for one task with {PIPELINES} pipelines in the catalog",
        folder,
        _catalog(folder, PIPELINES),
        PIPELINES,
    )


def parsing_for_one_task_of_a_folder(folder: Path) -> Ratio:
    """Compare the parse that a task of one pipeline makes, with a folder of 1,000 files and with one pipeline."""
    return _parsing_for_one_task(
        f"parsing for one task with a catalog folder of {FILES} files", folder, _catalog_folder(folder, FILES), FILES
    )


def _parsing_for_one_task(name: str, folder: Path, catalog: Path, pipelines: int) -> Ratio:
    one = _catalog(folder, 1)
    last, only = _task_context(pipelines - 1), _task_context(0)
    return compare(
        name,
        "with 1 pipeline",
        1.2,
        lambda _pair: _load(ROOT / "dags/training.py", ROOT, 1, folder, catalog, last),
        lambda _pair: _load(ROOT / "dags/training.py", ROOT, 1, folder, one, only),
        _PAIRS,
    )


def _task_context(number: int) -> dict[str, str]:
    dag_id = f"train_pipeline{number}"
    return {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": dag_id, "_AIRFLOW_PARSING_CONTEXT_TASK_ID": "train"}


def _catalog(folder: Path, count: int) -> Path:
    return _catalog_file(folder / f"catalog{count}.yaml", range(count))


def _catalog_folder(folder: Path, count: int) -> Path:
    catalog = folder / f"catalog{count}"
    catalog.mkdir()
    (catalog / "defaults.yaml").write_text("version: 1\ndefaults: {owner: vision-team}\n")
    for number in range(count):
        _catalog_file(catalog / f"pipeline{number}.yaml", [number])
    return catalog


def _catalog_file(path: Path, numbers: Iterable[int]) -> Path:
    path.write_text("version: 1\npipelines:\n" + "".join(_ENTRY.format(number=number) for number in numbers))
    return path


def _load(
    dags: Path, root: Path, expected: int, folder: Path, catalog: Path, variables: Mapping[str, str] | None = None
) -> float:
    environment = os.environ | {
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "TRAINING_CATALOG": str(catalog),
    }
    command = [str(AIRFLOW_PYTHON), "-c", _LOAD, str(dags), str(root), str(expected)]
    done = subprocess.run(
        command, env=environment | dict(variables or {}), cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("SECONDS")]
    if not lines:
        raise RuntimeError(f"{json.dumps(command[3:])}: {done.stderr[-2000:]}")
    return float(lines[0].split()[1])
