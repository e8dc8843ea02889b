"""Essential properties of a pipeline's DAG."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import pytest
from airflow.sdk import CronDataIntervalTimetable
from airflow.serialization.serialized_objects import DagSerialization
from hypothesis import given
from hypothesis import strategies as st

from include.pipelines.retry import StepRetryPolicy
from include.pipelines.settings import BUNDLE_ROOT, read_settings
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.pipelines.training_dag import training_dag
from include.step_contract import transport
from include.step_contract.catalog import RuntimeName
from include.step_contract.order import Step

from .conftest import make_pipeline


def make_dag(**overrides: Any) -> Any:
    return training_dag(make_pipeline(**overrides), RuntimeName.LOCAL, "the page")


def test_steps_are_one_chain_in_their_order() -> None:
    """Register before evaluate would register an unmeasured model; promote before register has no version."""
    dag = make_dag()
    assert dag.dag_id == "train_digits"
    assert [task.task_id for task in dag.topological_sort()] == [step.value for step in Step]
    for before, after in zip(Step, list(Step)[1:], strict=False):
        assert dag.get_task(before.value).downstream_task_ids == {after.value}


def test_a_refused_register_skips_promote() -> None:
    """The rule all_success passes a skip on; any other would promote a refused candidate."""
    assert {task.trigger_rule for task in make_dag().tasks} == {"all_success"}


def test_nothing_is_caught_up_and_every_wait_ends() -> None:
    dag = make_dag(execution={"run_timeout_hours": 5, "max_active_runs": 2, "timeout_minutes": {"train": 90}})
    assert not dag.catchup
    assert dag.max_active_runs == 2
    assert dag.dagrun_timeout == timedelta(hours=5)
    assert dag.get_task("train").execution_timeout == timedelta(minutes=90)
    assert all(task.execution_timeout for task in dag.tasks)


def test_retries_back_off_and_ask_the_policy() -> None:
    execution = {"retries": 4, "retry_delay_seconds": 7, "maximum_retry_delay_seconds": 70}
    for task in make_dag(execution=execution, owner="비전팀").tasks:
        assert (task.retries, task.retry_delay, task.max_retry_delay) == (
            4,
            timedelta(seconds=7),
            timedelta(seconds=70),
        )
        assert task.retry_exponential_backoff
        assert isinstance(task.retry_policy, StepRetryPolicy)
        assert task.owner == "비전팀"


@pytest.mark.parametrize(("runtime", "retries"), [("local", 0), ("docker", 1), ("kubernetes", 1)])
def test_a_step_that_outlives_its_worker_has_a_retry_that_can_attach(runtime: str, retries: int) -> None:
    tasks = make_dag(runtime=runtime, execution={"retries": 0}).tasks
    assert {task.retries for task in tasks} == {retries}


def test_schedule_has_data_intervals_in_its_time_zone() -> None:
    timetable = make_dag().timetable
    assert isinstance(timetable, CronDataIntervalTimetable)
    assert make_dag().start_date == datetime(2026, 1, 1, tzinfo=ZoneInfo("Asia/Seoul"))


def test_schedule_by_assets_and_none_at_all() -> None:
    condition = make_dag(schedule={"assets": ["images", "labels"]}).timetable.asset_condition
    assert [asset.name for asset in condition.objects] == ["images", "labels"]
    assert make_dag(schedule=None).schedule is None


def test_each_task_carries_the_validated_entry() -> None:
    for task in make_dag().tasks:
        assert task.request.verb == task.task_id
        assert task.request.pipeline == make_pipeline()


def test_request_is_no_template_field() -> None:
    """A catalog text with braces must reach the step unchanged."""
    task = make_dag(description="{{ 1 + 1 }}").get_task("train")
    assert task.template_fields == ("step_run",)
    assert task.request.pipeline.description == "{{ 1 + 1 }}"


def test_form_shows_the_catalogs_values_and_their_schema() -> None:
    stored = DagSerialization.to_dict(make_dag(training={"epochs": 7}))["dag"]["params"]
    form = dict(stored)
    assert form["epochs"]["default"] == 7
    assert form["epochs"]["schema"]["__var"]["minimum"] == 1
    assert set(form) == {"epochs", "batch", "imgsz", "seed", "model", "dataset_uri", "note", "force"}


def test_runtime_of_the_catalog_beats_the_deployments() -> None:
    tasks = make_dag(runtime="kubernetes").tasks
    assert {type(task).__name__ for task in tasks} == {"KubernetesStepOperator"}
    assert {type(task).__name__ for task in make_dag().tasks} == {"LocalStepOperator"}


@pytest.mark.parametrize(("devices", "slots"), [("", 1), ("0", 1), ("0,1", 2), ("0,1,2,3,4", 4)])
def test_a_task_never_asks_for_more_slots_than_there_are(
    monkeypatch: pytest.MonkeyPatch, devices: str, slots: int
) -> None:
    """Airflow would let such a task wait silently; the step says that there are too few GPUs."""
    monkeypatch.setenv("DOCKER_GPUS", devices)
    read_settings.cache_clear()
    task = make_dag(runtime="docker", resources={"train": {"gpus": 4}}).get_task("train")
    read_settings.cache_clear()
    assert (task.pool, task.pool_slots) == ("gpu", slots)


_KUBERNETES = ["airflow.providers.cncf.kubernetes.operators", "kubernetes", "kubernetes_asyncio"]
_DOCKER = ["airflow.providers.docker.operators", "docker"]


@pytest.mark.parametrize(
    ("runtime", "absent"),
    [("local", [*_KUBERNETES, *_DOCKER]), ("docker", _KUBERNETES), ("kubernetes", _DOCKER)],
)
def test_a_parse_pays_for_no_provider_but_its_runtimes(runtime: str, absent: list[str]) -> None:
    """Importing a provider takes longer than all other work of a parse."""
    code = (
        "import sys\n"
        "from include.pipelines.training_dag import training_dag\n"
        "from include.step_contract.catalog import RuntimeName\n"
        "from tests.pipelines.conftest import make_pipeline\n"
        f"training_dag(make_pipeline(), RuntimeName({runtime!r}), '')\n"
        f"print([name for name in {absent!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=BUNDLE_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_page_says_what_the_pipeline_does() -> None:
    page = make_dag().doc_md
    assert page.startswith("the page")
    assert "| Registered model | `digits`, alias `champion`" in page


class _Moment:
    def __init__(self, text: str) -> None:
        self._text = text

    def isoformat(self) -> str:
        return self._text


@given(run_id=st.text(min_size=1), note=st.text())
def test_no_run_id_and_no_note_leaves_its_string(run_id: str, note: str) -> None:
    moment = _Moment("2026-03-01T00:00:00+00:00")
    dag_run: dict[str, Any] = {
        "dag_id": "train_digits",
        "run_id": run_id,
        "run_type": "manual",
        "logical_date": None,
        "data_interval_start": None,
        "data_interval_end": None,
        "run_after": moment,
    }
    ti = {"task_id": "train", "map_index": -1, "try_number": 2}
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    text = environment.from_string(STEP_RUN_TEMPLATE).render(dag_run=dag_run, ti=ti, params={"note": note})
    assert json.loads(text)["run_id"] == run_id
    run = transport.decode_run(text)
    assert (run.run_id, run.form.note, run.try_number) == (run_id, note, 2)
    assert run.data_interval_start == run.data_interval_end
