"""Keep the MLflow run of a DAG run: find or create it, write to it, close it.

``RunRecord`` is the one record that every attempt of every step continues; ``ownership`` decides which attempt may
write to it (decision 0017). ``client`` connects, repeats requests that broke off and turns MLflow's errors into ours.

Only this room and ``registry`` import MLflow's client.
"""

from mlflow.tracking import MlflowClient

from .client import connect, hurry, is_missing, mlflow_errors, repeated
from .done_marker import UnreadableMarker, decode_marker
from .lookups import experiment_id_of, is_live_run, is_version, model_tags, write_param_once
from .opening import find_record, open_record
from .run_record import RunRecord

__all__ = [
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
