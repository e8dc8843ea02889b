"""Look at MLflow directly, past the record and the registry."""

from mlflow import MlflowClient

from trainer.registry import ModelRegistry
from trainer.tracking import RunRecord


def client_of(owner: RunRecord | ModelRegistry) -> MlflowClient:
    """The client that a record or a registry uses."""
    return owner._client
