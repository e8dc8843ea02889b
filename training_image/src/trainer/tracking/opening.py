"""Find the MLflow run of a DAG run by its key, or create it: every attempt of every step gets the same one."""

import logging
from datetime import UTC, datetime

from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

from step_contract.catalog import Pipeline
from step_contract.step import StepRun
from step_contract.tags import (
    DAG_ID_TAG,
    DATA_END_TAG,
    DATA_START_TAG,
    NOTE_TAG,
    PIPELINE_TAG,
    RUN_ID_TAG,
    RUN_KEY_TAG,
    RUN_TYPE_TAG,
    TRAINER_VERSION_TAG,
)
from trainer import __version__
from trainer.errors import Bug

from .client import connect, mlflow_errors
from .lookups import experiment_id_of
from .run_record import RunRecord

_log = logging.getLogger(__name__)


def open_record(tracking_uri: str, pipeline: Pipeline, run: StepRun) -> RunRecord:
    """Find the MLflow run of a DAG run, or create it.

    Raises:
        BadRequest: the experiment was deleted.
        TryAgain: MLflow does not answer.
    """
    client = connect(tracking_uri)
    with mlflow_errors(f"open experiment {pipeline.name!r}"):
        experiment_id = experiment_id_of(client, pipeline.name)
    with mlflow_errors("find or create the run"):
        run_id = _find_run(client, experiment_id, run.key)
        if run_id is None:
            client.create_run(experiment_id, tags=_identity_tags(pipeline, run), run_name=_run_name(run))
            # Two attempts at once may both have created one: both now choose the same.
            run_id = _find_run(client, experiment_id, run.key)
    if run_id is None:
        raise Bug(f"MLflow does not find the run it just created (run_key {run.key})")
    return RunRecord(client, run_id)


def find_record(tracking_uri: str, pipeline: Pipeline, run: StepRun) -> RunRecord | None:
    """Return the record of a DAG run if there is one, without creating anything."""
    client = connect(tracking_uri)
    with mlflow_errors("find the run"):
        experiment = client.get_experiment_by_name(pipeline.name)
        run_id = _find_run(client, experiment.experiment_id, run.key) if experiment else None
    return RunRecord(client, run_id) if run_id else None


def _find_run(client: MlflowClient, experiment_id: str, key: str) -> str | None:
    """Return the oldest run with the key and delete younger doubles, so that all attempts agree on one."""
    runs = client.search_runs(
        [experiment_id], f"tags.{RUN_KEY_TAG} = '{key}'", ViewType.ACTIVE_ONLY, order_by=["attributes.start_time ASC"]
    )
    if not runs:
        return None
    first, *doubles = sorted(runs, key=lambda item: (item.info.start_time, item.info.run_id))
    for double in doubles:
        _log.warning("MLflow run %s doubles %s of the same DAG run; deleting it", double.info.run_id, first.info.run_id)
        client.delete_run(double.info.run_id)
    return str(first.info.run_id)


def _run_name(run: StepRun) -> str:
    return f"{run.data_interval_end:%Y-%m-%d %H:%M} {run.run_type}"


def _identity_tags(pipeline: Pipeline, run: StepRun) -> dict[str, str]:
    return {
        RUN_KEY_TAG: run.key,
        PIPELINE_TAG: pipeline.name,
        DAG_ID_TAG: run.dag_id,
        RUN_ID_TAG: run.run_id,
        RUN_TYPE_TAG: run.run_type,
        "airflow.logical_date": _iso(run.logical_date),
        DATA_START_TAG: _iso(run.data_interval_start),
        DATA_END_TAG: _iso(run.data_interval_end),
        TRAINER_VERSION_TAG: __version__,
        "mlflow.user": pipeline.owner,
        NOTE_TAG: run.form.note or "",
    }


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""
