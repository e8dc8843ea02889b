"""Names that version 0.1 left in Airflow's database resolve to today's code, the way Airflow resolves them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from include.pipelines.training_dag import training_dag
from include.step_contract.catalog.pipeline import RuntimeName
from tests.pipelines.conftest import make_pipeline

ROOT = Path(__file__).resolve().parents[2]
STORED = Path(__file__).parent / "v0_1" / "serialized_dag.json"

READ_STORED_DAG = """
from airflow.serialization.decoders import decode_deadline_alert
from airflow.serialization.serialized_objects import DagSerialization

dag = DagSerialization.from_dict(json.load(open({stored!r})))
(alert,) = map(decode_deadline_alert, dag.deadline)
inner = alert.reference.inner_ref
weights = {{type(task.weight_rule) for task in dag.tasks}}
answer({{
    "deadline": [f"{{type(inner).__module__}}.{{type(inner).__name__}}", inner.clock, inner.timezone],
    "weight_rules": sorted(f"{{rule.__module__}}.{{rule.__name__}}" for rule in weights),
    "imported": sorted(name for name in sys.modules if name.split(".")[0] == "include"),
}})
"""

IMPORT_CALLBACK = """
from airflow import settings  # puts the plugins on the path, as in each process of Airflow's
from airflow._shared.module_loading import import_string

before = import_string({path!r})
from airflow.plugins_manager import ensure_plugins_loaded, get_import_errors

ensure_plugins_loaded()
answer({{"name": before.__name__, "same": before is import_string({path!r}), "errors": get_import_errors()}})
"""


def in_airflow(tmp_path: Path, program: str, *path: str) -> Any:
    """Run a program in a process of Airflow's that knows of the plugins, not of the DAG bundle."""
    prelude = "import json, sys\ndef answer(value): print('ANSWER' + json.dumps(value))\n"
    variables = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "PYTHONPATH": os.pathsep.join(path),
    }
    command = [sys.executable, "-c", prelude + program]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, cwd=tmp_path)
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
    assert lines, done.stderr
    return json.loads(lines[0].removeprefix("ANSWER"))


def test_scheduler_reads_a_dag_that_0_1_serialized(tmp_path: Path) -> None:
    answer = in_airflow(tmp_path, READ_STORED_DAG.format(stored=str(STORED)))
    assert answer["deadline"] == ["nightshift.NextClockTime", "06:00", "Europe/Berlin"]
    assert answer["weight_rules"] == ["nightshift.NightlyFirst"]
    assert answer["imported"] == []


@pytest.mark.parametrize(
    ("path", "bundle"),
    [
        ("nightshift.tell_late_in_triggerer", ()),  # the triggerer's
        ("include.pipelines.deadline.tell_late", (str(ROOT),)),  # an executor's, which has the bundle on its path
    ],
)
def test_callback_of_a_run_that_0_1_created_is_found(tmp_path: Path, path: str, bundle: tuple[str, ...]) -> None:
    answer = in_airflow(tmp_path, IMPORT_CALLBACK.format(path=path), *bundle)
    assert answer == {"name": path.rpartition(".")[2], "same": True, "errors": {}}


def test_a_task_that_0_1_deferred_can_be_resumed() -> None:
    """Its row names the method that Airflow calls when the trigger fires."""
    task = training_dag(make_pipeline(), RuntimeName.KUBERNETES, "").get_task("train")
    assert callable(task.resume)
