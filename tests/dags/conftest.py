"""Parse dags/ as the dag-processor does, with the test's catalog, in a separate process."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

_PROGRAM = """
import json, sys
from airflow.dag_processing.dagbag import BundleDagBag
sys.path.append({root!r})

bag = BundleDagBag(dag_folder={root!r} + "/dags", bundle_path={path}, bundle_name="nightshift")
banned = {{"torch", "ultralytics", "mlflow", "boto3", "cv2", "docker", "kubernetes", "kubernetes_asyncio"}}
heavy = sorted(name for name in sys.modules if name.split(".")[0] in banned)
print("ANSWER" + json.dumps({{
    "dags": sorted(bag.dags), "import_errors": bag.import_errors, "heavy": heavy,
    "deadlines": [alert.name for dag in bag.dags.values() for alert in dag.deadline or ()],
    "weight_rules": sorted({{str(task.weight_rule) for dag_id, dag in bag.dags.items() for task in dag.tasks
                             if dag_id.startswith("train_")}}),
    "tasks": {{dag_id: [task.task_id for task in dag.tasks] for dag_id, dag in bag.dags.items()}},
}}))
"""


@pytest.fixture
def parse(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Return a function that parses dags/ with a given catalog: a text, files by name, or the shipped catalog."""

    def run(catalog: str | dict[str, str] | None = None, **environment: str) -> dict[str, Any]:
        variables = os.environ | {"AIRFLOW_HOME": str(tmp_path / "airflow"), **environment}
        if isinstance(catalog, dict):
            folder = tmp_path / "catalog"
            folder.mkdir(exist_ok=True)
            for name, text in catalog.items():
                (folder / name).write_text(text, encoding="utf-8")
            variables["TRAINING_CATALOG"] = str(folder)
        elif catalog is not None:
            path = tmp_path / "catalog.yaml"
            path.write_text(catalog, encoding="utf-8")
            variables["TRAINING_CATALOG"] = str(path)
        program = _PROGRAM.format(root=str(ROOT), path=f"__import__('pathlib').Path({str(ROOT)!r})")
        done = subprocess.run(
            [sys.executable, "-c", program], env=variables, capture_output=True, text=True, check=False, cwd=tmp_path
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER")]
        assert lines, done.stderr
        answer: dict[str, Any] = json.loads(lines[0].removeprefix("ANSWER"))
        return answer

    return run
