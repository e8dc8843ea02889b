"""A task process for tests of the docker runtime: the real operator and engine, without Airflow around it.

``python -m tests.pipelines.runtimes.docker.task FOLDER TRY`` reads FOLDER/request.json and FOLDER/run.json, executes
the operator as Airflow's task runner would (SIGTERM calls on_kill) and prints one line of JSON that says how it ended.
FOLDER/store.json and FOLDER/state stand in for Airflow's task state store and its answer about the task's state;
FOLDER/timeout holds the task's execution_timeout in seconds, if it has one. With FOLDER/catalog.yaml the operator comes
from dags/training.py, parsed as Airflow does, cluster policy included; FOLDER/rendered.json then holds the fields that
Airflow's UI shows.
"""

import json
import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields
from airflow.sdk.execution_time.timeout import timeout

from include.pipelines.errors import StepFailed
from include.pipelines.runtimes.docker.runtime import DockerStepOperator
from include.pipelines.settings import BUNDLE_ROOT
from include.step_contract.order import StepOrder


class FileStore:
    """Stands in for Airflow's task state store."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> Any:
        return json.loads(self._path.read_text()).get(key) if self._path.exists() else None

    def set(self, key: str, value: Any) -> None:
        known = json.loads(self._path.read_text()) if self._path.exists() else {}
        temporary = self._path.with_suffix(f".{os.getpid()}")  # two attempts may write at once
        temporary.write_text(json.dumps(known | {key: value}))
        temporary.replace(self._path)


class TaskInstance:
    """Stands in for Airflow's answer to whether the task is still wanted."""

    stats_tags: ClassVar[dict[str, str]] = {}

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_task_states(self, dag_id: str, task_ids: list[str], run_ids: list[str]) -> dict[str, dict[str, str]]:
        return {run_ids[0]: {task_ids[0]: self._path.read_text().strip()}}


def make_operator(folder: Path, step_run: str) -> DockerStepOperator:
    if not (folder / "catalog.yaml").exists():
        request = StepOrder.model_validate_json((folder / "request.json").read_text())
        return DockerStepOperator(task_id="step", request=request, step_run=step_run)
    bag = BundleDagBag(dag_folder=BUNDLE_ROOT / "dags/training.py", bundle_path=BUNDLE_ROOT, bundle_name="nightshift")
    (dag,) = bag.dags.values()
    operator = dag.get_task("preprocess")
    assert isinstance(operator, DockerStepOperator)
    operator.step_run = step_run
    return operator


def main() -> None:
    folder, try_number = Path(sys.argv[1]), int(sys.argv[2])
    run = json.loads((folder / "run.json").read_text()) | {"try_number": try_number}
    operator = make_operator(folder, json.dumps(run))
    signal.signal(signal.SIGTERM, lambda _number, _frame: operator.on_kill())
    context: Any = {"task_state_store": FileStore(folder / "store.json"), "ti": TaskInstance(folder / "state")}
    limit = folder / "timeout"
    ending = {"outcome": "done"}
    try:
        with timeout(float(limit.read_text())) if limit.exists() else nullcontext():
            operator.execute(context)
    except AirflowTaskTimeout as late:
        operator.on_kill()
        ending = {"outcome": type(late).__name__, "message": str(late)}
    except AirflowSkipException as skip:
        ending = {"outcome": "skipped", "message": str(skip)}
    except StepFailed as failure:
        ending = {"outcome": type(failure).__name__, "kind": failure.kind.value, "message": str(failure)}
    if (folder / "catalog.yaml").exists():
        (folder / "rendered.json").write_text(json.dumps(_serialize_rendered_fields(operator)))
    print("ENDING " + json.dumps(ending), flush=True)


if __name__ == "__main__":
    main()
