"""The connection to MLflow, and what its errors mean to a step."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests.exceptions import RequestException

from .errors import BadRequest, TryAgain
from .full_disk import full_disk_error

__all__ = [
    "MlflowClient",
    "connect",
    "experiment_id_of",
    "hurry",
    "is_live_run",
    "is_missing",
    "mlflow_errors",
    "model_tags",
    "write_param_once",
]

_MISSING = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
_WRONG = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "PERMISSION_DENIED", "UNAUTHENTICATED"}
_MAY_PASS = {408, 429}


def connect(tracking_uri: str) -> MlflowClient:
    """Return a client of the tracking server (or SQLite file) for runs and registry alike."""
    # A run id left in the environment would be adopted by a child that starts a run of its own.
    os.environ.pop("MLFLOW_RUN_ID", None)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Standard output is for the tagged lines.
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


def hurry() -> None:
    """Ask each server once from now on, and not for long: whoever sent SIGTERM follows it with SIGKILL."""
    os.environ |= {
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "2",
        "AWS_MAX_ATTEMPTS": "1",
    }


@contextmanager
def mlflow_errors(doing: str) -> Iterator[None]:
    """Translate what MLflow raises: a refused request is a BadRequest, everything else is worth another try.

    Raises:
        BadRequest: MLflow understood the request and refused it.
        TryAgain: MLflow does not answer, or answers with a fault of its own.
    """
    try:
        yield
    except MlflowException as error:
        said = _said(error)
        if full := _full_disk_in(said):
            raise full from error
        # Two processes that insert the same row at once are told BAD_REQUEST by MLflow.
        if (error.error_code in _WRONG or is_missing(error)) and "IntegrityError" not in str(error):
            raise BadRequest(f"MLflow, {doing}: {said}") from error
        raise TryAgain(f"MLflow, {doing}: {said}; is the tracking server up?") from error
    except Exception as error:
        status = _artifact_store_status(error)
        if status is not None:
            detail = f"MLflow, {doing}: the artifact store: {_one_line(error)}"
            if 400 <= status < 500 and status not in _MAY_PASS:
                raise BadRequest(detail) from error
            raise TryAgain(f"{detail}; is the store running?") from error
        if isinstance(error, RequestException | OSError):
            raise TryAgain(f"MLflow, {doing}: {error}; is the tracking server up?") from error
        raise


def _said(error: MlflowException) -> str:
    """Return MLflow's words; of a download that failed, why."""
    return str(error).rpartition("#####\n")[2].splitlines()[0][:500]


def _full_disk_in(said: str) -> TryAgain | None:
    """Return what to raise if a download had no room here: MLflow keeps of an error the words only."""
    found = re.match(r"\[Errno (\d+)\]", said)
    return full_disk_error(OSError(int(found[1]), said)) if found else None


def _artifact_store_status(error: BaseException | None) -> int | None:
    """Return the HTTP status of boto3's error, 0 if there was no answer, None if it is none of boto3's.

    With an artifact store that MLflow does not serve itself, boto3's errors come through as they are; ``s3_client`` is
    its only importer.
    """
    if error is None or type(error).__module__.split(".")[0] not in ("boto3", "botocore", "s3transfer"):
        return None
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return _artifact_store_status(error.__cause__ or error.__context__) or 0


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]


def is_missing(error: MlflowException) -> bool:
    """Tell whether MLflow says that a run, model, version or alias does not exist."""
    # An alias that does not exist is reported as an invalid parameter.
    return error.error_code in _MISSING or ("alias" in str(error) and "not found" in str(error))


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


def model_tags(client: MlflowClient, model: str) -> dict[str, str]:
    """Return the tags of a registered model; of one that does not exist, none."""
    with mlflow_errors(f"read registered model {model!r}"):
        try:
            return dict(client.get_registered_model(model).tags)
        except MlflowException as error:
            if is_missing(error):
                return {}
            raise
