"""Build the DAG that moves an alias back to an earlier version: one task and a form."""

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Context, Param

from include.step_contract.catalog import RuntimeName
from include.step_contract.order import PREVIOUS, Chore, RollbackOrder

from .chore_task import chore_task

DAG_ID = "rollback_model"


def rollback_dag(runtime: RuntimeName, doc_md: str) -> DAG:
    """Return the DAG; it runs only when a person triggers it."""
    with DAG(
        dag_id=DAG_ID,
        description="Moves the champion alias back to an earlier version",
        doc_md=doc_md,
        schedule=None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=2),
        is_paused_upon_creation=False,
        tags=["operations"],
        params=_form(),
    ) as dag:
        chore_task(Chore.ROLLBACK, runtime, rollback_order)
    return dag


def rollback_order(context: Context) -> RollbackOrder:
    """Return the order that the form asks for, in the name of the user who triggered the run."""
    by = getattr(context["dag_run"], "triggering_user_name", None) or "somebody"
    return RollbackOrder.model_validate({**context["params"], "by": by})


def _form() -> dict[str, Param]:
    return {
        "model": Param(
            type="string",
            minLength=1,
            maxLength=1000,
            title="Registered model",
            description="registry.model in the catalog.",
        ),
        "to": Param(
            PREVIOUS,
            type="string",
            pattern=rf"^({PREVIOUS}|[1-9][0-9]*)$",
            title="Version",
            description=f"A version's number, or `{PREVIOUS}`: the version that had the alias before.",
        ),
        "reason": Param(
            type="string",
            minLength=1,
            maxLength=1000,
            pattern=r"\S",
            title="Reason",
            description="Why, in one sentence; recorded in the alias's history and on the version.",
        ),
        "alias": Param(
            "champion", type="string", minLength=1, maxLength=1000, title="Alias", description="registry.champion."
        ),
    }
