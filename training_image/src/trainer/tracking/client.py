"""Connect to MLflow, repeat requests whose answer broke off, and translate its errors into the step's."""

import logging
import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from mlflow.environment_variables import (
    MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR,
    MLFLOW_HTTP_REQUEST_MAX_RETRIES,
    _EnvironmentVariable,
)
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from requests.exceptions import RequestException

from trainer.errors import BadRequest, TryAgain
from trainer.machine import full_disk_error
from trainer.storage import without_secrets

P = ParamSpec("P")
R = TypeVar("R")

_log = logging.getLogger(__name__)
_asking = threading.local()

_MISSING = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
_WRONG = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "MALFORMED_REQUEST", "PERMISSION_DENIED", "UNAUTHENTICATED"}
_MAY_PASS = {408, 425, 429}
_MAY_PASS_IN_DATABASE = re.compile(r"IntegrityError|sqlalche\.me/e/\d+/(?!9h9h|f405)")
"""MLflow says BAD_REQUEST of nearly all that its database refuses: two that insert the same row at once, a pool without
a free connection, a connection that was lost. SQLAlchemy's codes tell DataError and ProgrammingError from those."""
_ADVICE = {
    401: "; correct MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    403: "; give the account of MLFLOW_TRACKING_USERNAME the right to do this",
    413: "; a proxy before MLflow limits the size of what is uploaded: expected a limit above that of a checkpoint "
    "(nginx: client_max_body_size)",
}
_STATUS = re.compile(r"^(\d{3}) Client Error|failed with error code (\d{3})\b")
"""How MLflow tells of an answer that is not its own, a proxy's for example."""
_BROKE_OFF = ("Connection broken", "Response ended prematurely")
"""What urllib3 says of an answer that has begun and does not end; MLflow keeps of it the words."""
_COLLIDED = "IntegrityError"
"""What MLflow's database says of two that insert the same row at once, a dataset's for example: the second finds it."""
_MOST_COLLISIONS = 3
_HARMLESS_TWICE = ("download_", "finalize_", "get_", "list_", "log_", "search_", "set_", "update_")
"""Prefixes of MLflow's methods that may be repeated; a request that creates or deletes may have been carried out."""


def connect(tracking_uri: str) -> MlflowClient:
    """Return a client of the tracking server (or SQLite file) for runs and registry alike."""
    # A run id left in the environment would be adopted by a child that starts a run of its own.
    os.environ.pop("MLFLOW_RUN_ID", None)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # Standard output is for the tagged lines.
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    os.environ["MLFLOW_TRACKING_URI"] = tracking_uri
    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    repeat_broken_answers(client)
    return client


def repeat_broken_answers(requester: object) -> None:
    """Let a client or artifact store of MLflow's repeat what may be done twice, see ``repeated``."""
    for name in dir(requester):
        if name.startswith(_HARMLESS_TWICE):
            setattr(requester, name, repeated(getattr(requester, name)))


def repeated(request: Callable[P, R]) -> Callable[P, R]:
    """Repeat a request whose answer breaks off, as often and with the same pauses as MLflow one without an answer.

    MLflow's own retries are urllib3's, and those end where an answer begins. One that met another's row in MLflow's
    database is repeated three times.
    """

    @wraps(request)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        # A method may call others of its client's; only the outermost repeats.
        within, _asking.now = getattr(_asking, "now", False), True
        try:
            return request(*args, **kwargs) if within else _ask_again(lambda: request(*args, **kwargs))
        finally:
            _asking.now = within

    return ask


def _ask_again(request: Callable[[], R]) -> R:
    repeats = 0
    while True:
        try:
            return request()
        except (MlflowException, RequestException) as error:
            if repeats >= min(_repeats_worth(error), _repeats_allowed()):
                raise
            repeats += 1
            _log.warning("MLflow did not do it, asking again (%d): %s", repeats, _one_line(error))
        _pause(_number(MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR) * 2.0 ** (repeats - 1))


def _repeats_worth(error: Exception) -> float:
    if any(words in str(error) for words in _BROKE_OFF):
        return math.inf
    return _MOST_COLLISIONS if _COLLIDED in str(error) else 0


def _repeats_allowed() -> int:
    return _number(MLFLOW_HTTP_REQUEST_MAX_RETRIES)


def _number(variable: _EnvironmentVariable) -> int:
    return int(variable.get())  # type: ignore[no-untyped-call]  # MLflow has no types here


def _pause(seconds: float) -> None:
    """Wait, but stop waiting once the step must ``hurry``."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and _repeats_allowed():
        time.sleep(min(left, 1.0))


def hurry() -> None:
    """Ask each server once from now on, and not for long: SIGTERM is followed by SIGKILL."""
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
        _check_not_refused(doing, _status_in(said), said)
        if (error.error_code in _WRONG or is_missing(error)) and not _MAY_PASS_IN_DATABASE.search(str(error)):
            raise BadRequest(f"MLflow, {doing}: {said}") from error
        raise TryAgain(f"MLflow, {doing}: {said}; is the tracking server up?") from error
    except Exception as error:
        said = _one_line(error)
        if isinstance(error, RequestException):
            # A refusal counts as false.
            _check_not_refused(doing, error.response.status_code if error.response is not None else 0, said)
        status = _artifact_store_status(error)
        if status is not None:
            detail = f"MLflow, {doing}: the artifact store: {said}"
            if _is_refusal(status):
                raise BadRequest(detail) from error
            raise TryAgain(f"{detail}; is the store running?") from error
        if isinstance(error, RequestException | OSError):
            raise TryAgain(f"MLflow, {doing}: {said}; is the tracking server up?") from error
        raise


def _check_not_refused(doing: str, status: int, said: str) -> None:
    if _is_refusal(status):
        raise BadRequest(f"MLflow, {doing}: {said}{_ADVICE.get(status, '')}")


def _is_refusal(status: int) -> bool:
    """Tell whether an HTTP status means that the same request will be refused again."""
    return 400 <= status < 500 and status not in _MAY_PASS


def _status_in(said: str) -> int:
    found = _STATUS.search(said)
    return int(found[1] or found[2]) if found else 0


def _said(error: MlflowException) -> str:
    """Return MLflow's words; of a download that failed, why."""
    return without_secrets(str(error).rpartition("#####\n")[2].splitlines()[0])[:500]


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
    return without_secrets(" ".join(str(error).split()))[:500]


def is_missing(error: MlflowException) -> bool:
    """Tell whether MLflow says that a run, model, version or alias does not exist."""
    # An alias that does not exist is reported as an invalid parameter.
    return error.error_code in _MISSING or ("alias" in str(error) and "not found" in str(error))
