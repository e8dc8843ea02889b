"""Store the run's weights as an MLflow model once, however often the step is repeated.

MLflow's fluent API needs an active run, flips its status and stores a second model when repeated; the client's API does
neither. The framework packs the model. Imports mlflow.
"""

import hashlib
from pathlib import Path

from mlflow.models import Model

from step_contract.tags import WEIGHTS_SHA256_TAG
from trainer.errors import Bug
from trainer.frameworks import Framework, LoggedModel, ModelFacts
from trainer.registry.version import PACKED_FILES
from trainer.tracking import RunRecord

NAME = "model"


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
    if ready := record.logged_models.find_ready(WEIGHTS_SHA256_TAG, sha256):
        return ready
    model_id = record.logged_models.create(NAME, {WEIGHTS_SHA256_TAG: sha256})
    folder = weights.parent / "packed"
    framework.pack(folder, weights, facts, LoggedModel(record.run_id, model_id))
    _check_packed(folder, framework.weights_file, sha256)
    record.logged_models.complete(model_id, folder)
    return model_id


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
