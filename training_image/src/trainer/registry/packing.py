"""Store the run's weights as an MLflow model once, however often the step is repeated.

MLflow's fluent API needs an active run, flips its status and stores a second model when repeated; the client's API does
neither. The framework packs the model. Imports mlflow.
"""

import hashlib
import logging
from pathlib import Path

from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.models import Model

from trainer.errors import Bug
from trainer.frameworks import Framework, LoggedModel, ModelFacts
from trainer.registry.version import PACKED_FILES, WEIGHTS_TAG
from trainer.tracking import RunRecord, mlflow_errors

NAME = "model"

_log = logging.getLogger(__name__)


def log_model_once(record: RunRecord, framework: Framework, weights: Path, sha256: str, facts: ModelFacts) -> str:
    """Return the id of the run's logged model with these weights, storing it if no earlier attempt completed that.

    Args:
        record: the run's.
        framework: packs the model.
        weights: the weights file that evaluate measured.
        sha256: of the weights.
        facts: for the package.

    Raises:
        Bug: the packed model would not load, or holds other weights.
    """
    record.ownership.check()  # an attempt that was given up must not delete what its successor is storing
    with mlflow_errors("find the logged model"):
        experiment = record.client.get_run(record.run_id).info.experiment_id
        found = record.client.search_logged_models([experiment], f"source_run_id = '{record.run_id}'")
        for model in found:
            if model.status == LoggedModelStatus.READY and model.tags.get(WEIGHTS_TAG) == sha256:
                return str(model.model_id)
            _log.info("logged model %s is incomplete or of other weights; deleting it", model.model_id)
            record.client.delete_logged_model(model.model_id)
    with mlflow_errors("store the model"):
        created = record.client.create_logged_model(experiment, NAME, record.run_id, {WEIGHTS_TAG: sha256})
    folder = weights.parent / "packed"
    framework.pack(folder, weights, facts, LoggedModel(record.run_id, created.model_id))
    _check_packed(folder, framework.weights_file, sha256)
    with mlflow_errors("store the model"):
        record.client.log_model_artifacts(created.model_id, str(folder))
        record.client.finalize_logged_model(created.model_id, LoggedModelStatus.READY)
        record.client.log_outputs(record.run_id, [LoggedModelOutput(created.model_id, 0)])
    return str(created.model_id)


def _check_packed(folder: Path, weights_file: str, sha256: str) -> None:
    """Check that the package describes itself and holds the weights that evaluate has loaded and measured."""
    try:
        described = Model.load(str(folder))
        with (folder / PACKED_FILES / weights_file).open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    except Exception as error:  # users who load the version would meet the same error
        raise Bug(f"the packed model does not work: {type(error).__name__}: {str(error)[:500]}") from error
    if described.signature is None or "python_function" not in described.flavors:
        raise Bug("the packed model does not work: expected a python_function flavor with a signature")
    if found != sha256:
        raise Bug(f"the packed weights have SHA-256 {found[:12]}; expected {sha256[:12]}, which evaluate measured")
