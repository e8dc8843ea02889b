"""Measure what the scheduler and our operator add to a pipeline of idle steps, compared with five BashOperators."""

import json
import stat
import sys
import textwrap
import time
from datetime import datetime
from pathlib import Path

from benchmarks.pairs import ROOT, Ratio, compare
from include.stacks.airflow_api import AirflowApi
from include.stacks.local.layout import ADMIN, Layout, choose_ports
from include.stacks.local.services import start, stop

CATALOG = """
version: 1
pipelines:
  bench:
    description: five steps that do nothing
    task: detect
    dataset: {uri: nothing}
    model: yolo11n.yaml
    registry: {model: bench}
"""

INSTANT_TRAINER = """
    import sys
    print('STEP_RESULT::{"protocol":1,"mlflow_run_id":"none","summary":"nothing","outcome":'
          '{"step":"preprocess","dataset_digest":"none","images":{}}}')
"""

BASH_DAG = """
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.sdk import DAG, chain

    with DAG("bash", schedule=None) as dag:
        chain(*(BashOperator(task_id=f"step{step}", bash_command="true") for step in range(5)))
"""


def scheduling(folder: Path) -> Ratio:
    """Compare the wall time of DAG runs whose steps take no time, in one running Airflow."""
    layout = Layout(folder / "stack")
    layout.create()
    (folder / "catalog.yaml").write_text(CATALOG)
    trainer = folder / "trainer"
    trainer.write_text(f"#!{sys.executable} -S\n{textwrap.dedent(INSTANT_TRAINER)}")
    trainer.chmod(trainer.stat().st_mode | stat.S_IXUSR)
    bash = folder / "bash"
    bash.mkdir()
    (bash / "bash.py").write_text(textwrap.dedent(BASH_DAG))
    variables = {
        "TRAINING_CATALOG": str(folder / "catalog.yaml"),
        "TRAINER_COMMAND": str(trainer),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": _bundles({"nightshift": ROOT, "bash": bash}),
    }
    try:
        ports = choose_ports(layout)
        start(layout, ports, print, variables)
        api = AirflowApi(ports.airflow_url, ADMIN, layout.password())
        for dag_id in ("train_bench", "bash"):
            api.wait_for_dag(dag_id)
            api.unpause(dag_id)
            _run(api, dag_id)
        return compare(
            "pipeline wall time minus the steps' own work, under the scheduler",
            "a DAG of five `true` BashOperators",
            1.5,
            lambda _pair: _run(api, "train_bench"),
            lambda _pair: _run(api, "bash"),
        )
    finally:
        stop(layout)


def _bundles(folders: dict[str, Path]) -> str:
    classpath = "airflow.dag_processing.bundles.local.LocalDagBundle"
    bundles = [{"name": name, "classpath": classpath, "kwargs": {"path": str(path)}} for name, path in folders.items()]
    return json.dumps(bundles)


def _run(api: AirflowApi, dag_id: str) -> float:
    run_id = api.trigger(dag_id)
    while (run := api.dag_run(dag_id, run_id))["state"] not in ("success", "failed"):
        time.sleep(0.3)
    if run["state"] != "success":
        raise RuntimeError(f"{dag_id} {run_id} failed")
    return (datetime.fromisoformat(run["end_date"]) - datetime.fromisoformat(run["start_date"])).total_seconds()
