"""Build the DAG that every hour removes what finished DAG runs left behind, containers and pods included.

The trainer sees MLflow, scratch and cache; only Airflow knows which DAG runs have finished. So ``survey`` lists the DAG
runs that left something behind, and ``sweep`` first asks Airflow about exactly these. A run that started in between is
in no list.
"""

import logging
from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, BaseOperator, Context, Param

from include.step_contract import transport
from include.step_contract.catalog import RuntimeName
from include.step_contract.catalog.reading import read_catalog
from include.step_contract.order import Chore, SurveyOrder, SweepOrder
from include.step_contract.result import SurveyResult

from .airflow_state import is_dag_run_finished
from .chore_task import chore_task
from .runtimes import runtime_of
from .settings import settings

DAG_ID = "sweep"

_log = logging.getLogger(__name__)


def sweep_dag(runtime: RuntimeName, doc_md: str) -> DAG:
    """Return the DAG; it runs every hour unless a person pauses it."""
    with DAG(
        dag_id=DAG_ID,
        description="Removes what finished runs left behind",
        doc_md=doc_md,
        schedule="17 * * * *",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(minutes=55),
        is_paused_upon_creation=False,
        tags=["operations"],
        params={
            "dry_run": Param(
                False, type="boolean", title="Dry run", description="Only log what would be closed and removed."
            )
        },
    ) as dag:
        survey = chore_task(Chore.SURVEY, runtime, lambda _: SurveyOrder(), keeps_result=True)
        survey >> chore_task(Chore.SWEEP, runtime, sweep_order)
        SweepRuntimesOperator(task_id="sweep_runtimes", execution_timeout=timedelta(minutes=30))
    return dag


def sweep_order(context: Context) -> SweepOrder:
    """Return the order to sweep what the finished ones among the surveyed DAG runs left behind."""
    ti = context["ti"]
    surveyed = transport.decode_result(str(ti.xcom_pull(task_ids=Chore.SURVEY.value)))
    names = surveyed.outcome.dag_runs if isinstance(surveyed.outcome, SurveyResult) else ()
    over = tuple(name for name in names if is_dag_run_finished(ti, name.dag_id, name.run_id))
    _log.info("%d of %d DAG runs have finished", len(over), len(names))
    return SweepOrder(
        over=over, grace_minutes=settings().sweep_grace_minutes, dry_run=bool(context["params"]["dry_run"])
    )


class SweepRuntimesOperator(BaseOperator):
    """Remove containers and pods of finished tasks."""

    def execute(self, context: Context) -> None:
        """Sweep each runtime that the deployment or a pipeline of its catalog uses."""
        dry_run, airflow = bool(context["params"]["dry_run"]), context["ti"]
        for name in sorted(_runtimes_in_use()):
            runtime_of(name).sweep(airflow, datetime.now(UTC), dry_run=dry_run)


def _runtimes_in_use() -> set[RuntimeName]:
    pipelines = read_catalog(settings().catalog_path).pipelines.values()
    return {settings().training_runtime, *(pipeline.runtime for pipeline in pipelines if pipeline.runtime)}
