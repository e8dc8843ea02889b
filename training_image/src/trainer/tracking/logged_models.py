"""Keep the MLflow models that a run stores: found by a tag, stored whole or not at all."""

import logging
from collections.abc import Mapping
from pathlib import Path

from mlflow.entities import LoggedModelOutput, LoggedModelStatus
from mlflow.tracking import MlflowClient

from .client import mlflow_errors

_log = logging.getLogger(__name__)


class LoggedModels:
    """The logged models of one run."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        """Use a run that exists."""
        self._client = client
        self._run_id = run_id

    def find_ready(self, tag: str, value: str) -> str | None:
        """Return the id of the complete model whose tag has a value; delete the models that come before it."""
        with mlflow_errors("find the logged model"):
            found = self._client.search_logged_models([self._experiment()], f"source_run_id = '{self._run_id}'")
            for model in found:
                if model.status == LoggedModelStatus.READY and model.tags.get(tag) == value:
                    return str(model.model_id)
                _log.info("logged model %s is incomplete or of other weights; deleting it", model.model_id)
                self._client.delete_logged_model(model.model_id)
        return None

    def create(self, name: str, tags: Mapping[str, str]) -> str:
        """Create a model without files and return its id."""
        with mlflow_errors("store the model"):
            created = self._client.create_logged_model(self._experiment(), name, self._run_id, dict(tags))
        return str(created.model_id)

    def complete(self, model_id: str, folder: Path) -> None:
        """Store a model's files and make it the run's output."""
        with mlflow_errors("store the model"):
            self._client.log_model_artifacts(model_id, str(folder))
            self._client.finalize_logged_model(model_id, LoggedModelStatus.READY)
            self._client.log_outputs(self._run_id, [LoggedModelOutput(model_id, 0)])

    def _experiment(self) -> str:
        return str(self._client.get_run(self._run_id).info.experiment_id)
