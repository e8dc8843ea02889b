"""Build a pipeline's DAG from its catalog entry: five tasks in a chain."""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Asset, BaseOperator, CronDataIntervalTimetable, chain
from airflow.sdk.definitions.param import ParamsDict

from include.pipelines.notify.deadline import deadline_alert
from include.pipelines.notify.messages import run_failed, step_ended, step_failed
from include.pipelines.notify.notifications import PipelineNotifier
from include.step_contract.catalog import Pipeline, RuntimeName
from include.step_contract.order import Step, StepOrder

from .priority import weight_rule
from .retry import StepRetryPolicy
from .runtimes import runtime_of
from .step_identity import STEP_RUN_TEMPLATE
from .trigger_form import trigger_form


def training_dag(pipeline: Pipeline, runtime: RuntimeName, doc_md: str) -> DAG:
    """Return the pipeline's DAG; its steps run in ``runtime`` unless the catalog names another."""
    execution = pipeline.execution
    with DAG(
        dag_id=pipeline.dag_id,
        description=pipeline.description,
        doc_md=f"{doc_md}\n\n{_summary(pipeline)}",
        schedule=_schedule(pipeline),
        start_date=datetime.combine(pipeline.start_date, datetime.min.time(), pipeline.timezone),
        catchup=False,
        max_active_runs=execution.max_active_runs,
        dagrun_timeout=timedelta(hours=execution.run_timeout_hours),
        tags=["training", pipeline.task, *pipeline.tags],
        on_failure_callback=PipelineNotifier(pipeline, run_failed),
        deadline=deadline_alert(pipeline),
    ) as dag:
        chain(*(_step_task(pipeline, step, pipeline.runtime or runtime) for step in Step))
    # Set past the constructor, which would check each field's JSON Schema at every parse (5 ms a DAG, measured) and
    # copy the form into each task. The values come from the catalog, which has checked them.
    object.__setattr__(dag, "params", ParamsDict(trigger_form(pipeline)))
    return dag


def _step_task(pipeline: Pipeline, step: Step, runtime: RuntimeName) -> BaseOperator:
    execution = pipeline.execution
    request = StepOrder(step=step, pipeline=pipeline)
    where = runtime_of(runtime)
    options: dict[str, Any] = {
        "task_id": step.value,
        "owner": pipeline.owner,
        "retry_delay": timedelta(seconds=execution.retry_delay_seconds),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(seconds=execution.maximum_retry_delay_seconds),
        "retry_policy": StepRetryPolicy(),
        "weight_rule": weight_rule(),
        "execution_timeout": timedelta(minutes=request.timeout_minutes),
        "do_xcom_push": False,
        "on_failure_callback": PipelineNotifier(pipeline, step_failed),
        **_end_callbacks(pipeline, step),
        **where.step_options(request),
    }
    return where.operator(request, STEP_RUN_TEMPLATE, **options)


def _end_callbacks(pipeline: Pipeline, step: Step) -> dict[str, Any]:
    """Return the callbacks that report how register and promote ended; a refused step is skipped."""
    if step not in (Step.REGISTER, Step.PROMOTE):
        return {}
    notifier = PipelineNotifier(pipeline, step_ended)
    return {"on_success_callback": notifier, "on_skipped_callback": notifier}


def _schedule(pipeline: Pipeline) -> CronDataIntervalTimetable | list[Asset] | None:
    schedule = pipeline.schedule
    if schedule is None:
        return None
    if schedule.cron is None:
        return [Asset(name) for name in schedule.assets]
    return CronDataIntervalTimetable(schedule.cron, timezone=schedule.timezone)


def _summary(pipeline: Pipeline) -> str:
    gate, registry = pipeline.gate, pipeline.registry
    rows = {
        "Task": f"{pipeline.task}, model `{pipeline.model}`",
        "Dataset": f"`{pipeline.dataset.uri}` ({pipeline.dataset.format})",
        "Training": f"{pipeline.training.epochs} epochs, batch {pipeline.training.batch}, {pipeline.training.imgsz} px",
        "Gate": f"`{gate.metric}` at least {gate.minimum:g}, improvement at least {gate.minimum_improvement:g}",
        "Registered model": f"`{registry.model}`, alias `{registry.champion}` (newest: `{registry.candidate}`)",
        "Owner": pipeline.owner,
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["### This pipeline", "", "| | |", "|---|---|", *lines])
