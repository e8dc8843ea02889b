"""Keep the MLflow run of a DAG run: find or create it, write to it, close it.

``RunRecord`` is the one record that every attempt of every step continues; ``ownership`` decides which attempt may
write to it (decision 0017). ``client`` connects, repeats requests that broke off and turns MLflow's errors into ours.

Only this room and ``registry`` import MLflow's client.
"""

from .client import (
    MlflowClient,
    connect,
    experiment_id_of,
    hurry,
    is_live_run,
    is_missing,
    is_version,
    mlflow_errors,
    model_tags,
    repeated,
    write_param_once,
)
from .ownership import OWNER_TAG
from .run_record import RUN_KEY_TAG, RunRecord, UnreadableMarker, decode_marker, find_record, open_record

__all__ = [
    "OWNER_TAG",
    "RUN_KEY_TAG",
    "MlflowClient",
    "RunRecord",
    "UnreadableMarker",
    "connect",
    "decode_marker",
    "experiment_id_of",
    "find_record",
    "hurry",
    "is_live_run",
    "is_missing",
    "is_version",
    "mlflow_errors",
    "model_tags",
    "open_record",
    "repeated",
    "write_param_once",
]
