"""The connection to MLflow, and what its errors mean to a step."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests.exceptions import RequestException

from .errors import BadRequest, TryAgain

_MISSING = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
_WRONG = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "PERMISSION_DENIED", "UNAUTHENTICATED"}


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
        detail = f"MLflow, {doing}: {str(error).splitlines()[0][:500]}"
        if error.error_code in _WRONG or is_missing(error):
            raise BadRequest(detail) from error
        raise TryAgain(f"{detail}; is the tracking server up?") from error
    except (RequestException, OSError) as error:
        raise TryAgain(f"MLflow, {doing}: {error}; is the tracking server up?") from error


def is_missing(error: MlflowException) -> bool:
    """Tell whether MLflow says that a run, model, version or alias does not exist."""
    # An alias that does not exist is reported as an invalid parameter.
    return error.error_code in _MISSING or ("alias" in str(error) and "not found" in str(error))
