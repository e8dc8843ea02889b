"""Ask MLflow what exists, and write what must be written once only."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from trainer.errors import BadRequest

from .client import is_missing, mlflow_errors


@dataclass(frozen=True)
class RunFacts:
    """Tags and latest metrics of a run."""

    run_id: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]


def write_param_once(client: MlflowClient, run_id: str, key: str, value: str) -> bool:
    """Write a run's param unless it has another value; of several that write at once, one succeeds.

    The only write of MLflow's that the database itself refuses to do twice.
    """
    try:
        client.log_param(run_id, key, value, synchronous=True)
    except MlflowException as error:
        if error.error_code == "INVALID_PARAMETER_VALUE" and client.get_run(run_id).data.params.get(key) not in (
            None,
            value,
        ):
            return False
        raise
    return True


def experiment_id_of(client: MlflowClient, name: str) -> str:
    """Return an experiment's id, made if it is missing."""
    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process was faster
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise BadRequest(
            f"MLflow experiment {name!r} is deleted; restore it (`mlflow experiments restore -x {found.experiment_id}`)"
        )
    return str(found.experiment_id)


def is_live_run(client: MlflowClient, run_id: str) -> bool:
    """Tell whether a run exists and was not deleted."""
    with mlflow_errors("find a run"):
        try:
            return bool(client.get_run(run_id).info.lifecycle_stage == "active")
        except MlflowException as error:
            if is_missing(error):
                return False
            raise


def is_version(client: MlflowClient, model: str, version: str) -> bool:
    """Tell whether a registered model has a version, or no longer."""
    with mlflow_errors(f"find version {version} of {model!r}"):
        try:
            client.get_model_version(model, version)
        except MlflowException as error:
            if is_missing(error):
                return False
            raise
    return True


def model_tags(client: MlflowClient, model: str) -> dict[str, str]:
    """Return the tags of a registered model; of one that does not exist, none."""
    with mlflow_errors(f"read registered model {model!r}"):
        try:
            return dict(client.get_registered_model(model).tags)
        except MlflowException as error:
            if is_missing(error):
                return {}
            raise
