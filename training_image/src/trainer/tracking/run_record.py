"""The MLflow run of a DAG run: found or created by its key, marked step by step, closed in the end.

MLflow has no idempotency of its own: an equal request makes a second run, an equal metric a second point, a changed
param an exception. Everything here may be called again with the same arguments. Only ``mlflow_client``, this module
and ``model_registry`` import mlflow in a step (``logged_model`` and ``served_model`` make and run the served model).

Tag names are fixed: other programs read them.
"""

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from pydantic import ValidationError

from step_contract import PROTOCOL_VERSION
from step_contract.catalog import Pipeline
from step_contract.order import Step
from step_contract.result import Result
from step_contract.step import StepRun
from step_contract.transport import describe_validation_error
from trainer import __version__
from trainer.errors import BadRequest, Bug

from .client import connect, experiment_id_of, mlflow_errors, repeat_broken_answers
from .ownership import Ownership

RUN_KEY_TAG = "run_key"
_ENDED_WELL = ("done", "refused")
_FAILURE_TAGS = ("failure.step", "failure.kind", "failure.reason")

_log = logging.getLogger(__name__)
_TAG_LENGTH = 5000
_BATCH_SIZE = 500
_DATASET_DIGEST_LENGTH = 36


class UnreadableMarker(ValueError):
    """A done-marker that this trainer cannot read: another version's, after an upgrade in mid-run, or damaged."""


class RunRecord:
    """One DAG run's record; every try of every step opens the same one."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        """Use an existing MLflow run; ``open_record`` finds or creates it."""
        self.client = client
        self.run_id = run_id
        self.ownership = Ownership(self)

    def tags(self) -> dict[str, str]:
        """Return the run's tags as they are now."""
        with mlflow_errors("read the run"):
            return dict(self.client.get_run(self.run_id).data.tags)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags; a long value is cut."""
        self._set_whole_tags({key: value[:_TAG_LENGTH] for key, value in tags.items()})

    def _set_whole_tags(self, tags: Mapping[str, str]) -> None:
        with mlflow_errors("set tags"):
            self.client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in tags.items()])

    # -- steps --------------------------------------------------------------------------------------------------------

    def begin_step(self, step: Step, fingerprint: str, image: str = "") -> None:
        """Mark a step as running and the run as alive, and forget what an earlier try left as the step's end.

        Args:
            step: which one.
            fingerprint: digest of its inputs.
            image: what it runs in, if that is known.
        """
        before, image_tag = self.tags(), f"step.{step}.image"
        stale = {tag: "" for tag in (f"step.{step}.reason", image_tag, *_FAILURE_TAGS) if tag in before}
        if before.get(image_tag) and before[image_tag] != image:
            _log.warning(
                "an earlier try of %s ran in image %s, this one runs in %s", step, before[image_tag], image or "none"
            )
        now = {f"step.{step}": "running", f"step.{step}.fingerprint": fingerprint}
        self.set_tags(stale | now | ({image_tag: image} if image else {}))
        self._set_status("RUNNING")

    def finish_step(self, step: Step, result: Result, *, refused: bool = False) -> None:
        """Write the step's done-marker, which is what later steps trust."""
        # JSON that is cut cannot be read; MLflow keeps 8000 characters, and ``short_reasons`` leaves room.
        reason = result.summary[:_TAG_LENGTH]
        self._set_whole_tags({f"step.{step}.result": result.model_dump_json(), f"step.{step}.reason": reason})
        self.set_tags({f"step.{step}": "refused" if refused else "done"})

    def fail_step(self, step: Step, kind: str, message: str) -> None:
        """Mark a step as failed, with the reason where a person looks for it; a done-marker stays what it is."""
        failure = dict(zip(_FAILURE_TAGS, (step.value, kind, message), strict=True))
        is_done = self.tags().get(f"step.{step}") in _ENDED_WELL
        marker = {} if is_done else {f"step.{step}": "failed", f"step.{step}.reason": message}
        self.set_tags({**marker, **failure})

    def result_of(self, step: Step, fingerprint: str | None = None) -> Result | None:
        """Return the result of a finished step; with a fingerprint, only if it was made from the same inputs.

        One that cannot be read counts as not made: the step is done again.
        """
        tags = self.tags()
        if tags.get(f"step.{step}") not in _ENDED_WELL:
            return None
        if fingerprint is not None and tags.get(f"step.{step}.fingerprint") != fingerprint:
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
        state = tags.get(f"step.{step}", "never started")
        if state not in _ENDED_WELL:
            raise BadRequest(
                f"step {step} has no done-marker in MLflow run {self.run_id} (it is: {state}); "
                f"run {step} of this DAG run first"
            )
        try:
            return decode_marker(step, tags)
        except UnreadableMarker as error:
            raise BadRequest(f"{error} (MLflow run {self.run_id}); run {step} of this DAG run again") from error

    def close(self, status: str) -> None:
        """End the run as FINISHED, FAILED or KILLED; one that finished forgets why an earlier try did not."""
        stale = {tag: "" for tag in _FAILURE_TAGS if self.tags().get(tag)} if status == "FINISHED" else {}
        if stale:
            self.set_tags(stale)
        self._set_status(status)

    def _set_status(self, status: str) -> None:
        with mlflow_errors("set the run's status"):
            if status == "RUNNING":
                self.client.update_run(self.run_id, status=status)
            else:
                self.client.set_terminated(self.run_id, status=status)

    # -- params and metrics -------------------------------------------------------------------------------------------

    def log_params(self, params: Mapping[str, object]) -> None:
        """Log params once; one that already has another value keeps it and the new value becomes a tag."""
        with mlflow_errors("log params"):
            known = self.client.get_run(self.run_id).data.params
            new = [Param(key, str(value)[:_TAG_LENGTH]) for key, value in params.items() if key not in known]
            for start in range(0, len(new), 100):
                self.client.log_batch(self.run_id, params=new[start : start + 100])
        changed = {
            key: str(value) for key, value in params.items() if key in known and known[key] != str(value)[:_TAG_LENGTH]
        }
        if changed:
            _log.warning("params differ from an earlier try of this run: %s", ", ".join(sorted(changed)))
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
                self.client.log_batch(self.run_id, metrics=points[start : start + _BATCH_SIZE])

    def metrics(self) -> dict[str, float]:
        """Return the latest value of each metric."""
        with mlflow_errors("read the metrics"):
            return dict(self.client.get_run(self.run_id).data.metrics)

    def metric_epochs(self, key: str, since_ms: int = 0) -> list[int]:
        """Return the epochs for which a metric has a point, in order, each as often as it was logged.

        Args:
            key: the metric.
            since_ms: points that were logged before this moment (Unix time) are left out.
        """
        with mlflow_errors("read a metric's history"):
            points = self.client.get_metric_history(self.run_id, key)
        return sorted(point.step for point in points if point.timestamp >= since_ms)

    def last_logged_ms(self, key: str) -> int:
        """Return the time of a metric's latest point (Unix time), 0 if it has none."""
        with mlflow_errors("read a metric's history"):
            return max((point.timestamp for point in self.client.get_metric_history(self.run_id, key)), default=0)

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
            known = self.client.get_run(self.run_id).inputs
            if known is None or all(item.dataset.digest != entity.digest for item in known.dataset_inputs):
                context = [InputTag("mlflow.data.context", "training")]
                self.client.log_inputs(self.run_id, [DatasetInput(entity, tags=context)])
        self.set_tags({"dataset.digest": digest})

    # -- artifacts ----------------------------------------------------------------------------------------------------

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Upload one file into a folder of the run's artifacts; a file of that name is replaced."""
        with mlflow_errors(f"upload {path.name}"):
            self.client.log_artifact(self.run_id, str(path), folder)

    def log_json(self, value: Any, name: str) -> None:
        """Store a JSON-able value as an artifact."""
        with mlflow_errors(f"upload {name}"):
            self.client.log_dict(self.run_id, value, name)

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
        """Delete one artifact; one that is not there is no error.

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
        store = get_artifact_repository(self.client.get_run(self.run_id).info.artifact_uri)
        repeat_broken_answers(store)
        return store


def decode_marker(step: Step, tags: Mapping[str, str]) -> Result:
    """Return the result in a step's done-marker.

    Raises:
        UnreadableMarker: there is none, or it is not as this version of the trainer writes it.
    """
    try:
        result = Result.model_validate_json(tags.get(f"step.{step}.result", ""))
    except ValidationError as error:
        raise UnreadableMarker(
            f"the done-marker of step {step} is not as this trainer writes it: {describe_validation_error(error)}"
        ) from error
    if result.protocol != PROTOCOL_VERSION:
        raise UnreadableMarker(
            f"the done-marker of step {step} has protocol {result.protocol}, but this trainer speaks {PROTOCOL_VERSION}"
        )
    return result


def open_record(tracking_uri: str, pipeline: Pipeline, run: StepRun) -> RunRecord:
    """Find the MLflow run of a DAG run, or create it.

    Raises:
        BadRequest: the experiment was deleted.
        TryAgain: MLflow does not answer.
    """
    client = connect(tracking_uri)
    with mlflow_errors(f"open experiment {pipeline.name!r}"):
        experiment_id = experiment_id_of(client, pipeline.name)
    with mlflow_errors("find or create the run"):
        run_id = _find_run(client, experiment_id, run.key)
        if run_id is None:
            client.create_run(experiment_id, tags=_identity_tags(pipeline, run), run_name=_run_name(run))
            # Two tries at once may both have created one: both now choose the same.
            run_id = _find_run(client, experiment_id, run.key)
    if run_id is None:
        raise Bug(f"MLflow does not find the run it just created (run_key {run.key})")
    return RunRecord(client, run_id)


def find_record(tracking_uri: str, pipeline: Pipeline, run: StepRun) -> RunRecord | None:
    """Return the record of a DAG run if there is one, without creating anything."""
    client = connect(tracking_uri)
    with mlflow_errors("find the run"):
        experiment = client.get_experiment_by_name(pipeline.name)
        run_id = _find_run(client, experiment.experiment_id, run.key) if experiment else None
    return RunRecord(client, run_id) if run_id else None


def _find_run(client: MlflowClient, experiment_id: str, key: str) -> str | None:
    """Return the oldest run with the key and delete younger doubles, so that all tries agree on one."""
    runs = client.search_runs(
        [experiment_id], f"tags.{RUN_KEY_TAG} = '{key}'", ViewType.ACTIVE_ONLY, order_by=["attributes.start_time ASC"]
    )
    if not runs:
        return None
    first, *doubles = sorted(runs, key=lambda item: (item.info.start_time, item.info.run_id))
    for double in doubles:
        _log.warning("MLflow run %s doubles %s of the same DAG run; deleting it", double.info.run_id, first.info.run_id)
        client.delete_run(double.info.run_id)
    return str(first.info.run_id)


def _run_name(run: StepRun) -> str:
    return f"{run.data_interval_end:%Y-%m-%d %H:%M} {run.run_type}"


def _identity_tags(pipeline: Pipeline, run: StepRun) -> dict[str, str]:
    return {
        RUN_KEY_TAG: run.key,
        "pipeline": pipeline.name,
        "airflow.dag_id": run.dag_id,
        "airflow.run_id": run.run_id,
        "airflow.run_type": run.run_type,
        "airflow.logical_date": _iso(run.logical_date),
        "data_interval_start": _iso(run.data_interval_start),
        "data_interval_end": _iso(run.data_interval_end),
        "trainer.version": __version__,
        "mlflow.user": pipeline.owner,
        "mlflow.note.content": run.form.note or "",
    }


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""
