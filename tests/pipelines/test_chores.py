"""DAGs of sweep and rollback: their orders, their questions to Airflow, and how a chore's end becomes its task's."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
from airflow.serialization.serialized_objects import DagSerialization
from kubernetes import client as k8s
from pydantic import ValidationError

from include.pipelines.airflow_state import is_dag_run_finished, is_task_finished
from include.pipelines.chore_task import chore_task
from include.pipelines.errors import StepFailed, StepLost
from include.pipelines.rollback_dag import rollback_dag, rollback_order
from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from include.pipelines.runtimes.local.runtime import LocalStepOperator
from include.pipelines.step_identity import CHORE_RUN_TEMPLATE
from include.pipelines.sweep_dag import sweep_dag, sweep_order
from include.step_contract import transport
from include.step_contract.catalog import RuntimeName
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Chore, RollbackOrder, SweepOrder
from include.step_contract.result import Result, RollbackResult, SurveyResult
from include.step_contract.step import DagRunName

from .conftest import RUN

MakeStep = Callable[[str], LocalStepOperator]
DONE = Result(
    summary="version 1 is champion again",
    outcome=RollbackResult(model="digits", alias="champion", version="1", taken_from="2"),
)


@dataclass
class FakeAirflow:
    """Stands in for the Task SDK's answers: the states of DAG runs and of their tasks."""

    dag_runs: dict[tuple[str, str], str] = field(default_factory=dict)
    tasks: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    surveyed: str = ""

    def get_dr_count(self, dag_id: str, *, run_ids: list[str], states: list[str]) -> int:
        return sum(self.dag_runs.get((dag_id, run_id)) in states for run_id in run_ids)

    def get_ti_count(self, dag_id: str, *, task_ids: list[str] | None, run_ids: list[str], states: list[str]) -> int:
        return sum(
            (state or "null") in states
            for (dag, run, task), state in self.tasks.items()
            if dag == dag_id and run in run_ids and (task_ids is None or task in task_ids)
        )

    def xcom_pull(self, task_ids: str) -> str:
        assert task_ids == "survey"
        return self.surveyed


# -- finished ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dag_run", "task", "over"),
    [
        (None, None, True),
        ("success", "success", True),
        ("failed", "upstream_failed", True),
        ("running", "success", False),
        ("queued", "success", False),
        ("failed", "running", False),
        ("failed", "up_for_retry", False),
        ("failed", "awaiting_input", False),
    ],
)
def test_a_dag_run_has_finished_when_neither_it_nor_a_task_is_active(dag_run: str, task: str, over: bool) -> None:
    airflow = FakeAirflow()
    if dag_run:
        airflow.dag_runs["d", "r"] = dag_run
        airflow.tasks["d", "r", "train"] = task
    assert is_dag_run_finished(airflow, "d", "r") is over
    assert is_dag_run_finished(airflow, "d", "another")


@pytest.mark.parametrize(("state", "over"), [("failed", True), ("removed", True), ("queued", False), (None, False)])
def test_a_task_that_airflow_may_still_start_has_not_finished(state: str | None, over: bool) -> None:
    airflow = FakeAirflow(tasks={("d", "r", "train"): state})
    assert is_task_finished(airflow, "d", "r", "train") is over
    assert is_task_finished(airflow, "d", "r", "evaluate")


# -- sweep ------------------------------------------------------------------------------------------------------------


def test_sweep_runs_every_hour_once_at_a_time_and_ends() -> None:
    dag = sweep_dag(RuntimeName.LOCAL, "the page")
    assert (dag.dag_id, dag.catchup, dag.max_active_runs, dag.doc_md) == ("sweep", False, 1, "the page")
    assert DagSerialization.to_dict(dag)["dag"]["timetable"]["__var"]["expression"] == "17 * * * *"
    assert dag.get_task("survey").downstream_task_ids == {"sweep"}
    assert all(task.execution_timeout for task in dag.tasks)


def test_sweep_is_ordered_for_the_runs_that_airflow_reports_as_finished() -> None:
    over, living, forgotten = (DagRunName(dag_id="train_digits", run_id=name) for name in ("over", "living", "gone"))
    result = Result(summary="3", outcome=SurveyResult(dag_runs=(over, living, forgotten)))
    airflow = FakeAirflow(
        {("train_digits", "over"): "failed", ("train_digits", "living"): "running"}, surveyed=result.model_dump_json()
    )
    context: Any = {"ti": airflow, "params": {"dry_run": True}}
    assert sweep_order(context) == SweepOrder(over=(over, forgotten), grace_minutes=30, dry_run=True)


def test_nothing_is_swept_if_airflow_does_not_answer() -> None:
    def silent(*_: object, **__: object) -> int:
        raise RuntimeError("no answer")

    airflow = FakeAirflow(
        surveyed=Result(
            summary="1", outcome=SurveyResult(dag_runs=(DagRunName(dag_id="d", run_id="r"),))
        ).model_dump_json()
    )
    airflow.get_dr_count = silent  # type: ignore[method-assign]
    context: Any = {"ti": airflow, "params": {"dry_run": False}}
    with pytest.raises(RuntimeError, match="no answer"):
        sweep_order(context)


# -- rollback ---------------------------------------------------------------------------------------------------------


def test_rollback_runs_only_by_hand_and_asks_for_model_and_reason() -> None:
    dag = rollback_dag(RuntimeName.LOCAL, "the page")
    assert (dag.dag_id, dag.schedule, dag.max_active_runs) == ("rollback_model", None, 1)
    form = dict(DagSerialization.to_dict(dag)["dag"]["params"])
    assert list(form) == ["model", "to", "reason", "alias"]
    assert {name: form[name]["default"] for name in ("to", "alias")} == {"to": "previous", "alias": "champion"}
    assert all("minLength" in form[name]["schema"]["__var"] for name in ("model", "reason"))


def test_rollback_is_ordered_in_the_name_of_the_user_who_triggered_it() -> None:
    params = {"model": "digits", "to": "3", "reason": "오탐", "alias": "champion"}
    context: Any = {"params": params, "dag_run": SimpleNamespace(triggering_user_name="kim")}
    assert rollback_order(context) == RollbackOrder(model="digits", to="3", reason="오탐", by="kim")
    context["dag_run"] = SimpleNamespace(triggering_user_name=None)
    assert rollback_order(context).by == "somebody"


@pytest.mark.parametrize(("name", "value"), [("to", "v3"), ("to", "0"), ("reason", "  "), ("model", "")])
def test_an_invalid_order_is_refused(name: str, value: str) -> None:
    fields = {"model": "digits", "to": "3", "reason": "오탐", "by": "kim"} | {name: value}
    with pytest.raises(ValidationError, match=f"1 validation error for RollbackOrder\n{name}"):
        RollbackOrder.model_validate(fields)


# -- a chore as a task ------------------------------------------------------------------------------------------------


def ordered(operator: LocalStepOperator) -> LocalStepOperator:
    """The operator of a chore task, as Airflow has prepared it when it executes."""
    operator.request = RollbackOrder(model="digits", reason="오탐", by="kim")
    return operator


def test_the_order_is_made_when_the_task_starts() -> None:
    orders = iter([SweepOrder(dry_run=True)])
    task = chore_task(Chore.SWEEP, RuntimeName.LOCAL, lambda _: next(orders))
    assert isinstance(task, LocalStepOperator)
    assert (task.request.command, task.request.resources.memory) == ("sweep", "2Gi")
    assert task.request_in({}) == SweepOrder(dry_run=True)


def test_a_chore_gets_its_request_and_its_result_is_returned(
    make_step: MakeStep, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tmp_path / "seen"
    operator = make_step(f"""
        import json
        open({str(seen)!r}, 'w').write(json.dumps([sys.argv[1], os.environ['STEP_REQUEST'], os.environ['STEP_RUN']]))
        print({transport.encode_result(DONE)!r})
    """)
    assert transport.decode_result(ordered(operator).execute({})) == DONE
    command, request, run = json.loads(seen.read_text())
    decoded, _ = transport.decode_environment({"STEP_REQUEST": request, "STEP_RUN": run})
    assert (command, decoded) == ("rollback", operator.request)
    assert "version 1 is champion again" in capsys.readouterr().out


def test_a_refused_chore_is_not_retried(make_step: MakeStep) -> None:
    line = transport.encode_failure(Failure(step=None, kind=FailureKind.BAD_REQUEST, message="no version 7"))
    with pytest.raises(StepFailed, match="rollback: bad_request: no version 7") as caught:
        ordered(make_step(f"print({line!r}); sys.exit(64)")).execute({})
    assert caught.value.kind is FailureKind.BAD_REQUEST


def test_a_lost_chore_has_no_record_to_close(make_step: MakeStep, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    code = f"open({str(calls)!r}, 'a').write(sys.argv[1]); os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(StepLost, match="rollback: ended by SIGKILL"):
        ordered(make_step(code)).execute({})
    assert calls.read_text() == "rollback"


def test_a_chore_is_a_pod_like_a_step() -> None:
    task = chore_task(Chore.SWEEP, RuntimeName.KUBERNETES, lambda _: SweepOrder(dry_run=True), keeps_result=True)
    assert isinstance(task, KubernetesStepOperator)
    task.step_run = RUN
    pod = k8s.ApiClient().sanitize_for_serialization(task.build_pod_request_obj(dry_run=True))
    (container,) = pod["spec"]["containers"]
    assert container["args"] == ["sweep"]
    assert pod["metadata"]["labels"]["nightshift/step"] == "sweep"
    assert pod["spec"]["activeDeadlineSeconds"] > 30 * 60
    variables = {variable["name"]: variable["value"] for variable in container["env"]}
    assert transport.decode_order(variables["STEP_REQUEST"]) == SweepOrder(dry_run=True)


def test_a_chores_identity_has_no_form() -> None:
    moment = SimpleNamespace(isoformat=lambda: "2026-03-01T00:00:00+00:00")
    dag_run = SimpleNamespace(
        dag_id="sweep",
        run_id="it's \"{{ 1 }}",
        run_type="manual",
        logical_date=None,
        data_interval_start=None,
        data_interval_end=None,
        run_after=moment,
    )
    ti = SimpleNamespace(task_id="sweep", map_index=-1, try_number=1)
    text = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(CHORE_RUN_TEMPLATE)
    run = transport.decode_run(text.render(dag_run=dag_run, ti=ti))
    assert (run.dag_id, run.run_id) == ("sweep", "it's \"{{ 1 }}")
    assert transport.decode_run(RUN).dag_id == "train_digits"
