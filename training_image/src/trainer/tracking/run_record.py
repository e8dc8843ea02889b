"""Write the MLflow run of a DAG run: markers of its steps, params, metrics, artifacts, logged models, status.

MLflow has no idempotency of its own: an equal request makes a second run, an equal metric a second point, a changed
param an exception. Everything here may be called again with the same arguments. ``opening`` finds or creates the run.
"""

import json
import logging
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient

from step_contract.order import Step
from step_contract.result import Result
from step_contract.tags import (
    DATASET_DIGEST_TAG,
    FAILURE_KIND_TAG,
    FAILURE_REASON_TAG,
    FAILURE_STEP_TAG,
    StepState,
    fingerprint_tag,
    image_tag,
    reason_tag,
    result_tag,
    state_tag,
)
from trainer.errors import BadRequest

from .client import mlflow_errors, repeat_broken_answers
from .done_marker import UnreadableMarker, decode_marker, is_ended_well
from .logged_models import LoggedModels
from .lookups import RunFacts
from .ownership import Ownership

_FAILURE_TAGS = (FAILURE_STEP_TAG, FAILURE_KIND_TAG, FAILURE_REASON_TAG)

_log = logging.getLogger(__name__)
_TAG_LENGTH = 5000
_BATCH_SIZE = 500
_DATASET_DIGEST_LENGTH = 36


class RunRecord:
    """One DAG run's record; every attempt of every step opens the same one."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        """Use an existing MLflow run; ``open_record`` finds or creates it."""
        self._client = client
        self.run_id = run_id
        self.ownership = Ownership(client, run_id, self.set_tags)
        self.logged_models = LoggedModels(client, run_id)

    def tags(self) -> dict[str, str]:
        """Return the run's tags as they are now."""
        with mlflow_errors("read the run"):
            return dict(self._client.get_run(self.run_id).data.tags)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; a long value is cut."""
        self._set_whole_tags({key: value[:_TAG_LENGTH] for key, value in tags.items()})

    def _set_whole_tags(self, tags: Mapping[str, str]) -> None:
        with mlflow_errors("set tags"):
            self._client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in tags.items()])

    def begin_step(self, step: Step, fingerprint: str, image: str = "") -> None:
        """Mark a step as running and the run as alive, and forget what an earlier attempt left as the step's end.

        Args:
            step: the step that begins.
            fingerprint: digest of its inputs.
            image: what it runs in, if that is known.
        """
        before = self.tags()
        stale = {tag: "" for tag in (reason_tag(step), image_tag(step), *_FAILURE_TAGS) if tag in before}
        earlier = before.get(image_tag(step))
        if earlier and earlier != image:
            _log.warning(
                "an earlier attempt of %s ran in image %s, this one runs in %s", step, earlier, image or "none"
            )
        now = {state_tag(step): StepState.RUNNING.value, fingerprint_tag(step): fingerprint}
        self.set_tags(stale | now | ({image_tag(step): image} if image else {}))
        self._set_status("RUNNING")

    def finish_step(self, step: Step, result: Result, *, refused: bool = False) -> None:
        """Write the step's done-marker, which is what later steps trust."""
        # JSON that is cut cannot be read; MLflow keeps 8000 characters, and ``short_reasons`` leaves room.
        reason = result.summary[:_TAG_LENGTH]
        self._set_whole_tags({result_tag(step): result.model_dump_json(), reason_tag(step): reason})
        self.set_tags({state_tag(step): (StepState.REFUSED if refused else StepState.DONE).value})

    def fail_step(self, step: Step, kind: str, message: str) -> None:
        """Mark a step as failed, with the reason where a person looks for it; a done-marker stays what it is."""
        failure = dict(zip(_FAILURE_TAGS, (step.value, kind, message), strict=True))
        is_done = is_ended_well(step, self.tags())
        marker = {} if is_done else {state_tag(step): StepState.FAILED.value, reason_tag(step): message}
        self.set_tags({**marker, **failure})

    def result_of(self, step: Step, fingerprint: str | None = None) -> Result | None:
        """Return the result of a finished step; with a fingerprint, only if it was made from the same inputs.

        A result that cannot be read counts as missing: the step is done again.
        """
        tags = self.tags()
        if not is_ended_well(step, tags):
            return None
        if fingerprint is not None and tags.get(fingerprint_tag(step)) != fingerprint:
            return None
        try:
            return decode_marker(step, tags)
        except UnreadableMarker as error:
            _log.warning("%s; the step is done again", error)
            return None

    def require(self, step: Step) -> Result:
        """Return the result of a step that must have finished before this one.

        Raises:
            BadRequest: it has not, whatever the task's colour in the UI says, or its marker cannot be read.
        """
        tags = self.tags()
        if not is_ended_well(step, tags):
            state = tags.get(state_tag(step), "never started")
            raise BadRequest(
                f"step {step} has no done-marker in MLflow run {self.run_id} (it is: {state}); "
                f"run {step} of this DAG run first"
            )
        try:
            return decode_marker(step, tags)
        except UnreadableMarker as error:
            raise BadRequest(f"{error} (MLflow run {self.run_id}); run {step} of this DAG run again") from error

    def close(self, status: str) -> None:
        """End the run as FINISHED, FAILED or KILLED; a finished run forgets why an earlier attempt failed."""
        stale = {tag: "" for tag in _FAILURE_TAGS if self.tags().get(tag)} if status == "FINISHED" else {}
        if stale:
            self.set_tags(stale)
        self._set_status(status)

    def status(self) -> str:
        """Return MLflow's status of the run as it is now."""
        with mlflow_errors("read the run's status"):
            return str(self._client.get_run(self.run_id).info.status)

    def is_running(self, step: Step) -> bool:
        """Tell whether a step began and has not ended, or was lost."""
        return self.tags().get(state_tag(step)) == StepState.RUNNING

    def _set_status(self, status: str) -> None:
        with mlflow_errors("set the run's status"):
            if status == "RUNNING":
                self._client.update_run(self.run_id, status=status)
            else:
                self._client.set_terminated(self.run_id, status=status)

    def log_params(self, params: Mapping[str, object]) -> None:
        """Log params once; a param that already has another value keeps it, and the new value becomes a tag."""
        with mlflow_errors("log params"):
            known = self._client.get_run(self.run_id).data.params
            new = [Param(key, str(value)[:_TAG_LENGTH]) for key, value in params.items() if key not in known]
            for start in range(0, len(new), 100):
                self._client.log_batch(self.run_id, params=new[start : start + 100])
        changed = {
            key: str(value) for key, value in params.items() if key in known and known[key] != str(value)[:_TAG_LENGTH]
        }
        if changed:
            _log.warning("params differ from an earlier attempt of this run: %s", ", ".join(sorted(changed)))
            self.set_tags({f"param_now.{key}": value for key, value in changed.items()})

    def log_metrics(
        self, metrics: Mapping[str, float], epoch: int = 0, since_ms: int = 0, when_ms: int | None = None
    ) -> None:
        """Add one point to each metric; the same at the same moment again changes nothing.

        Args:
            metrics: by name.
            epoch: MLflow's step.
            since_ms: when what is measured began (Unix time); no point is older, wherever the clock was set since.
            when_ms: when it was measured (Unix time), by default now.
        """
        moment = max(when_ms if when_ms is not None else time.time_ns() // 1_000_000, since_ms)
        points = [Metric(key, float(value), moment, epoch) for key, value in metrics.items()]
        with mlflow_errors("log metrics"):
            for start in range(0, len(points), _BATCH_SIZE):
                self._client.log_batch(self.run_id, metrics=points[start : start + _BATCH_SIZE])

    def metrics(self) -> dict[str, float]:
        """Return the latest value of each metric."""
        with mlflow_errors("read the metrics"):
            return dict(self._client.get_run(self.run_id).data.metrics)

    def metric_epochs(self, key: str, since_ms: int = 0) -> list[int]:
        """Return the epochs for which a metric has a point, in order, each as often as it was logged.

        Args:
            key: the metric.
            since_ms: points that were logged before this moment (Unix time) are left out.
        """
        with mlflow_errors("read a metric's history"):
            points = self._client.get_metric_history(self.run_id, key)
        return sorted(point.step for point in points if point.timestamp >= since_ms)

    def last_logged_ms(self, key: str) -> int:
        """Return the time of a metric's latest point (Unix time), 0 if it has none."""
        with mlflow_errors("read a metric's history"):
            return max((point.timestamp for point in self._client.get_metric_history(self.run_id, key)), default=0)

    def runs_of_pipeline(self, condition: str, *, order_by: str, most: int) -> list[RunFacts]:
        """Return the runs of the same experiment that meet a condition, in MLflow's words."""
        with mlflow_errors("list the pipeline's runs"):
            experiment = self._client.get_run(self.run_id).info.experiment_id
            runs = self._client.search_runs([experiment], condition, max_results=most, order_by=[order_by])
        return [RunFacts(str(run.info.run_id), run.data.tags, run.data.metrics) for run in runs]

    def log_dataset(self, name: str, digest: str, uri: str, profile: Mapping[str, object]) -> None:
        """Record the dataset as the run's input, the same digest once; ``profile`` is shown beside it."""
        entity = Dataset(
            name=name,
            digest=digest[:_DATASET_DIGEST_LENGTH],
            source_type="uri",
            source=json.dumps({"uri": uri}),
            profile=json.dumps(profile, ensure_ascii=False),
        )
        with mlflow_errors("log the dataset"):
            known = self._client.get_run(self.run_id).inputs
            if known is None or all(item.dataset.digest != entity.digest for item in known.dataset_inputs):
                context = [InputTag("mlflow.data.context", "training")]
                self._client.log_inputs(self.run_id, [DatasetInput(entity, tags=context)])
        self.set_tags({DATASET_DIGEST_TAG: digest})

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Upload one file into a folder of the run's artifacts; a file of that name is replaced."""
        with mlflow_errors(f"upload {path.name}"):
            self._client.log_artifact(self.run_id, str(path), folder)

    def log_json(self, value: Any, name: str) -> None:
        """Store a JSON-able value as an artifact."""
        with mlflow_errors(f"upload {name}"):
            self._client.log_dict(self.run_id, value, name)

    def log_table(self, columns: Mapping[str, list[Any]], name: str) -> None:
        """Store a table that MLflow shows in its UI, replacing an earlier one of that name."""
        self.log_json(
            {"columns": list(columns), "data": [list(row) for row in zip(*columns.values(), strict=True)]}, name
        )

    def artifacts(self, folder: str | None = None) -> list[str]:
        """List the files directly in a folder of the run's artifacts, as paths from their root."""
        with mlflow_errors("list artifacts"):
            return [item.path for item in self._artifact_store.list_artifacts(folder) if not item.is_dir]

    def download(self, path: str, target: Path) -> Path:
        """Fetch one artifact into a local folder and return the file's path.

        Raises:
            BadRequest: the run has no such artifact.
            TryAgain: the store does not answer.
        """
        target.mkdir(parents=True, exist_ok=True)
        with mlflow_errors(f"download {path}"):
            try:
                fetched: str = self._artifact_store.download_artifacts(path, str(target))  # type: ignore[no-untyped-call]  # MLflow has no types here
                return Path(fetched)
            except (MlflowException, OSError) as error:
                if path not in self.artifacts(path.rpartition("/")[0] or None):
                    raise BadRequest(f"MLflow run {self.run_id} has no artifact {path}") from error
                raise

    def delete_artifact(self, path: str) -> None:
        """Delete one artifact; it is no error if it is missing.

        Raises:
            BadRequest: this kind of artifact store cannot delete.
        """
        with mlflow_errors(f"delete {path}"):
            try:
                self._artifact_store.delete_artifacts(path)  # type: ignore[no-untyped-call]  # MLflow has no types here
            except NotImplementedError as error:
                raise BadRequest(f"{type(self._artifact_store).__name__} cannot delete {path}") from error

    @cached_property
    def _artifact_store(self) -> ArtifactRepository:
        # The client's own methods look for logged models of the folder's name each time, and of whatever keeps them
        # from downloading something they say that its path is not correct.
        store = get_artifact_repository(self._client.get_run(self.run_id).info.artifact_uri)
        repeat_broken_answers(store)
        return store
