"""A catalog that version 0.1 read: the same DAGs, schedules and orders."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.step_contract.transport import decode_order

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "v0_1"
CATALOG = FOLDER / "catalog.yaml"
DAGS: dict[str, Any] = json.loads((FOLDER / "dags.json").read_text(encoding="utf-8"))
ORDERS = (FOLDER / "orders.jsonl").read_text(encoding="utf-8").splitlines()
"""The order for train of each pipeline, as version 0.1 wrote it into a DAG."""

PARSE = f"""
import json, pathlib, sys
sys.path.append({str(ROOT)!r})
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.serialization.serialized_objects import DagSerialization
from include.step_contract.catalog.reading import read_catalog

bag = BundleDagBag({str(ROOT)!r} + "/dags", bundle_path=pathlib.Path({str(ROOT)!r}), bundle_name="nightshift")
print("ANSWER" + json.dumps({{
    "import_errors": bag.import_errors,
    "dags": {{dag_id: DagSerialization.to_dict(dag)["dag"] for dag_id, dag in bag.dags.items()}},
    "pipelines": {{pipeline.name: pipeline.model_dump(mode="json")
                   for pipeline in read_catalog(pathlib.Path({str(CATALOG)!r})).pipelines.values()}},
}}))
"""


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the dag-processor makes of the catalog."""
    folder = tmp_path_factory.mktemp("airflow")
    variables = os.environ | {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "TRAINING_CATALOG": str(CATALOG),
    }
    command = [sys.executable, "-c", PARSE]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, cwd=folder)
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    assert lines, done.stderr
    answer: dict[str, Any] = json.loads(lines[0].removeprefix("ANSWER"))
    return answer


def test_it_is_read_without_a_problem(today: dict[str, Any]) -> None:
    assert today["import_errors"] == {}
    assert {name for name in today["dags"] if name.startswith("train_")} == set(DAGS)


@pytest.mark.parametrize("dag_id", DAGS)
def test_each_dag_has_the_same_schedule_and_limits(today: dict[str, Any], dag_id: str) -> None:
    expected = {name: value for name, value in DAGS[dag_id].items() if name != "tasks"}
    assert {name: today["dags"][dag_id].get(name) for name in expected} == expected


@pytest.mark.parametrize("dag_id", DAGS)
def test_each_task_has_the_same_retries_and_limits(today: dict[str, Any], dag_id: str) -> None:
    tasks = {task["__var"]["task_id"]: task["__var"] for task in today["dags"][dag_id]["tasks"]}
    for task_id, expected in DAGS[dag_id]["tasks"].items():
        assert {name: tasks[task_id].get(name) for name in expected} == expected


@pytest.mark.parametrize("line", ORDERS, ids=[json.loads(line)["pipeline"]["name"] for line in ORDERS])
def test_each_order_says_the_same(today: dict[str, Any], line: str) -> None:
    expected = json.loads(line)["pipeline"]
    assert merged(today["pipelines"][expected["name"]], expected) == today["pipelines"][expected["name"]]
    assert decode_order(line).pipeline.model_dump(mode="json") == today["pipelines"][expected["name"]]


def merged(base: Any, changes: Any) -> Any:
    """Return ``base`` with the values of ``changes``; a field that later versions added stays."""
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return changes
    return base | {name: merged(base.get(name), value) for name, value in changes.items()}
