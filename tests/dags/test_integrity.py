"""Parse dags/ and check the result as the dag-processor sees it."""

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ROOT

Parse = Callable[..., dict[str, Any]]

OPERATIONS = ["rollback_model", "sweep"]
"""There whatever the catalog says."""

PIPELINE = """
    description: 손글씨
    task: detect
    dataset: {uri: digits}
    model: yolo11n.yaml
"""

TWO = f"""
version: 1
pipelines:
  first: {PIPELINE}
    registry: {{model: first}}
  second: {PIPELINE}
    registry: {{model: second}}
"""


def test_shipped_catalog_parses_without_an_import_error(parse: Parse) -> None:
    answer = parse()
    assert answer["import_errors"] == {}
    assert answer["dags"] == [*OPERATIONS, "train_digits"]
    assert answer["tasks"]["train_digits"] == ["preprocess", "train", "evaluate", "register", "promote"]


def test_parsing_loads_nothing_heavy_and_no_provider_of_an_unused_runtime(parse: Parse) -> None:
    assert parse()["heavy"] == []
    assert "docker" in parse(TRAINING_RUNTIME="docker")["heavy"]


def test_one_dag_for_each_pipeline(parse: Parse) -> None:
    assert parse(TWO)["dags"] == [*OPERATIONS, "train_first", "train_second"]


def test_one_bad_pipeline_shows_as_an_import_error_and_leaves_the_others(parse: Parse) -> None:
    """The error belongs to a separate file, since Airflow hides every DAG of a file with an import error."""
    answer = parse(TWO.replace("model: second", "model: second, champion: latest"))
    assert answer["dags"] == [*OPERATIONS, "train_first"]
    assert list(answer["import_errors"]) == ["dags/catalog_problems.py"]
    error = answer["import_errors"]["dags/catalog_problems.py"]
    assert "pipeline 'second'" in error
    assert "got 'latest', which MLflow reserves; expected another name" in error
    assert "first" not in error


def test_unreadable_catalog_shows_as_one_import_error(parse: Parse) -> None:
    answer = parse("version: 1\npipelines: [")
    assert answer["dags"] == OPERATIONS
    assert list(answer["import_errors"]) == ["dags/catalog_problems.py"]


FOLDER = {
    "first.yaml": f"version: 1\npipelines:\n  first: {PIPELINE}\n    registry: {{model: first}}\n",
    "others.yaml": f"version: 1\npipelines:\n  second: {PIPELINE}\n    registry: {{model: second}}\n",
}


def test_a_folder_of_catalog_files_is_one_dag_for_each_pipeline_and_a_bad_file_leaves_the_others(parse: Parse) -> None:
    assert parse(FOLDER)["dags"] == [*OPERATIONS, "train_first", "train_second"]
    answer = parse(FOLDER | {"broken.yaml": "version: 1\npipelines: ["})
    assert answer["dags"] == [*OPERATIONS, "train_first", "train_second"]
    assert list(answer["import_errors"]) == ["dags/catalog_problems.py"]
    assert "catalog/broken.yaml:" in answer["import_errors"]["dags/catalog_problems.py"]


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_task_parses_its_own_pipeline_of_a_folder(name: str, parse: Parse) -> None:
    assert f"train_{name}" in parse(FOLDER, _AIRFLOW_PARSING_CONTEXT_DAG_ID=f"train_{name}")["dags"]
    only = parse(FOLDER | {"broken.yaml": "["}, _AIRFLOW_PARSING_CONTEXT_DAG_ID=f"train_{name}")["dags"]
    assert [dag for dag in only if dag.startswith("train_")] == [f"train_{name}"]


def test_unknown_runtime_says_what_is_expected(parse: Parse) -> None:
    errors = parse(TRAINING_RUNTIME="slurm")["import_errors"]
    expected = "training_runtime: Input should be 'local', 'docker' or 'kubernetes' (got 'slurm'); see .env.example"
    assert expected in errors["dags/training.py"]


def test_operations_are_short_chains_of_chores(parse: Parse) -> None:
    tasks = parse()["tasks"]
    assert tasks["rollback_model"] == ["rollback"]
    assert sorted(tasks["sweep"]) == ["survey", "sweep", "sweep_runtimes"]


WITH_DEADLINE = TWO.replace("model: first}", "model: first}\n    execution: {deadline: 06:00}")


def test_a_deadline_is_airflows_where_the_plugin_is_loaded(parse: Parse) -> None:
    answer = parse(WITH_DEADLINE, AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"))
    assert answer["import_errors"] == {}
    assert answer["deadlines"] == ["done by 06:00 UTC"]


def test_a_deadline_without_the_plugin_is_an_import_error_and_stops_no_run(parse: Parse) -> None:
    """Airflow could not create a run with a deadline that its scheduler does not know."""
    answer = parse(WITH_DEADLINE, AIRFLOW__CORE__PLUGINS_FOLDER="/nowhere")
    assert answer["dags"] == [*OPERATIONS, "train_first", "train_second"]
    assert answer["deadlines"] == []
    error = answer["import_errors"]["dags/catalog_problems.py"]
    assert "pipelines 'first' have an execution.deadline" in error
    assert "but Airflow has not loaded plugins/nightshift_plugin.py" in error
    assert "expected AIRFLOW__CORE__PLUGINS_FOLDER to name the folder plugins/" in error


def test_without_late_messages_a_pipeline_gets_no_deadline(parse: Parse) -> None:
    quiet = WITH_DEADLINE.replace("execution:", "notify: {events: [failed]}\n    execution:")
    assert parse(quiet, AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"))["deadlines"] == []


def test_nightly_runs_have_priority_where_the_plugin_is_loaded(parse: Parse) -> None:
    with_plugin = parse(TWO, AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"))
    assert (with_plugin["import_errors"], with_plugin["weight_rules"]) == ({}, ["nightshift.NightlyFirst"])
    without = parse(TWO, AIRFLOW__CORE__PLUGINS_FOLDER="/nowhere")
    assert (without["import_errors"], without["weight_rules"]) == ({}, ["downstream"])
