"""The run's weights as an MLflow model: packed, tried, stored once however often the step is repeated.

The fluent way of MLflow needs an active run, flips its status and stores a second model when repeated; the client's
way does neither. Imports mlflow.
"""

import logging
from pathlib import Path

import mlflow.pyfunc
import pandas as pd
from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model

from step_contract.catalog import VisionTask
from trainer.errors import Bug
from trainer.frameworks.ultralytics import served_model
from trainer.registry.version import WEIGHTS_TAG
from trainer.tracking import RunRecord, mlflow_errors

NAME = "model"

_log = logging.getLogger(__name__)


def log_model_once(
    record: RunRecord,
    weights: Path,
    sha256: str,
    *,
    task: VisionTask,
    imgsz: int,
    names: tuple[str, ...],
    example: Path,
) -> str:
    """Return the id of the run's logged model with these weights, storing it if an earlier try did not finish that.

    Raises:
        Bug: the packed model does not load or does not predict.
    """
    record.ownership.check()  # a try that was given up must not delete what its successor is storing
    with mlflow_errors("find the logged model"):
        experiment = record.client.get_run(record.run_id).info.experiment_id
        found = record.client.search_logged_models([experiment], f"source_run_id = '{record.run_id}'")
        for model in found:
            if model.status == LoggedModelStatus.READY and model.tags.get(WEIGHTS_TAG) == sha256:
                return str(model.model_id)
            _log.info("logged model %s is of a try that was stopped, or of other weights; deleting it", model.model_id)
            record.client.delete_logged_model(model.model_id)
    with mlflow_errors("store the model"):
        created = record.client.create_logged_model(experiment, NAME, record.run_id, {WEIGHTS_TAG: sha256})
    folder = weights.parent / "packed"
    described = Model(run_id=record.run_id, model_id=created.model_id)
    served_model.save(folder, weights, task=task.value, imgsz=imgsz, names=names, example=example, model=described)
    _try_out(folder, example)
    with mlflow_errors("store the model"):
        record.client.log_model_artifacts(created.model_id, str(folder))
        record.client.finalize_logged_model(created.model_id, LoggedModelStatus.READY)
        record.client.log_outputs(record.run_id, [LoggedModelOutput(created.model_id, 0)])
    return str(created.model_id)


def _try_out(folder: Path, example: Path) -> None:
    """Load the packed model as a user would and let it look at a picture: a version that does not load helps nobody."""
    try:
        table = mlflow.pyfunc.load_model(str(folder)).predict([str(example)])
    except Exception as error:  # whatever it is, it would meet whoever loads the version
        raise Bug(f"the packed model does not work: {type(error).__name__}: {str(error)[:500]}") from error
    if not isinstance(table, pd.DataFrame):
        raise Bug(f"the packed model returned {type(table).__name__}; expected a table")
