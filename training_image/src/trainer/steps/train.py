"""Train, from the run's last checkpoint if there is one; the result is ``weights/best.pt`` in the MLflow run.

A training is known by its inputs and the moment at which it first began, kept in the run's tag ``training``. A try
that finds one unfinished goes on with it, from its checkpoint or, before there is one, from the beginning; out of
memory, a try itself goes on from there with half the batch (ultralytics accumulates up to ``nbs`` images a step of the
optimizer, so the learning rate stays right as long as the batch is not above ``nbs``, and is not touched); one that
finds it finished but without its done-marker completes the record; one that finds it finished *and* marked was forced,
or is of another version of the trainer, and begins another. Torch and ultralytics are imported only when there is
something to train.
"""

import logging
import time
from collections.abc import Mapping

from pydantic import ValidationError

from step_contract import transport
from step_contract.catalog.pipeline import Pipeline
from step_contract.record import Record
from step_contract.step import PreprocessResult, Step, TrainResult
from trainer import __version__
from trainer.errors import BadRequest, Bug
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.frameworks.ultralytics.callbacks import emit
from trainer.frameworks.ultralytics.metric_names import EVERY_EPOCH_METRIC
from trainer.job import Job, digest
from trainer.job import fingerprint as digest_of
from trainer.tracking.run_record import RunRecord, UnreadableMarker, decode_marker
from trainer.training.checkpoints import CheckpointStore

_TAG = "training"
_WEIGHTS = "weights/best.pt"

_log = logging.getLogger(__name__)


class Training(Record):
    """The value of the run's tag ``training``."""

    digest: str
    """Of its inputs, whatever the version of the trainer: an upgrade in mid-run throws no checkpoint away."""
    trainer: str
    """Version of the trainer that began it."""
    began_ms: int
    batch: int | None = None
    """Largest batch that the memory allows, once it did not allow the catalog's."""
    memory_exceeded: str | None = None
    """The container's limit (resources.train.memory) that did not suffice for the smallest batch."""
    result: TrainResult | None = None


def fingerprint(job: Job) -> str:
    """Return the digest of dataset, model, training arguments and the trainer's version."""
    return digest_of(*_inputs(job))


def _inputs(job: Job) -> tuple[object, ...]:
    # Without defaults, so that a field that a later version has does not make another training.
    settings = job.pipeline.training.model_dump(exclude={"minimum_batch"}, exclude_defaults=True)
    return Step.TRAIN, dataset_digest(job), job.pipeline.task, job.pipeline.model, settings


def summary(outcome: TrainResult) -> str:
    """Say in one line what was trained and how good it became."""
    resumed = f" (from epoch {outcome.resumed_from_epoch} on)" if outcome.resumed_from_epoch is not None else ""
    scores = ", ".join(f"{name} {value:.3f}" for name, value in outcome.metrics.items())
    return f"trained {outcome.epochs_done} epochs{resumed}: {scores}"


def work(job: Job) -> TrainResult:
    """Train to the end, or go on where an earlier try of the same training stopped.

    Raises:
        BadData: the dataset changed since preprocess, or ultralytics cannot use it.
        BadRequest: model, arguments or device are not usable, the training diverged, or the memory does not suffice
            for the smallest batch either.
        Bug: an epoch has no metrics in MLflow.
    """
    emit(transport.encode_run_meta(job.record.run_id))
    store = CheckpointStore(job.record)
    training = _current_training(job, store)
    result = training.result
    if result is None:
        _check_memory(job, training)
        result = _train(job, training, store)
        _save(job, training.model_copy(update={"result": result}))
    store.forget()
    return result


# -- which training ---------------------------------------------------------------------------------------------------


def _current_training(job: Job, store: CheckpointStore) -> Training:
    """Return the training that this try belongs to, beginning one if there is none to go on with."""
    tags, inputs = job.record.tags(), digest(*_inputs(job))
    training = _parse(tags.get(_TAG, ""))
    if training is not None and training.digest == inputs:
        is_upgraded = training.trainer != __version__
        if training.result is None:
            if is_upgraded:
                _log.warning("trainer %s goes on with what %s began", __version__, training.trainer)
            return training
        is_wanted_anew = (job.run.form.force or is_upgraded) and _is_marked_done(tags, training.result)
        if not is_wanted_anew and _WEIGHTS in job.record.artifacts("weights"):
            _log.info("this training was finished by an earlier try; completing its record")
            return training
    elif store.available():
        _log.info("the checkpoints of this run are of a training with other inputs; starting from the beginning")
    # In this order: a training must never find another's checkpoints.
    store.forget()
    training = Training(digest=inputs, trainer=__version__, began_ms=_after_all_before(job.record))
    _save(job, training)
    return training


def _after_all_before(record: RunRecord) -> int:
    """Return this moment, or one just after the last epoch of a training before, if the clock went back since."""
    return max(time.time_ns() // 1_000_000, record.last_logged_ms(EVERY_EPOCH_METRIC) + 1)


def _is_marked_done(tags: Mapping[str, str], result: TrainResult) -> bool:
    """Tell whether the step's done-marker, which outlives the start of another try, is of this very training."""
    try:
        return decode_marker(Step.TRAIN, tags).outcome == result
    except UnreadableMarker:
        return False


def _parse(tag: str) -> Training | None:
    try:
        return Training.model_validate_json(tag) if tag else None
    except ValidationError as error:
        _log.warning("the tag %r cannot be read and is left aside: %s", _TAG, error)
        return None


def _save(job: Job, training: Training) -> None:
    job.record.ownership.check()
    job.record.set_tags({_TAG: training.model_dump_json()})


def note_out_of_memory(record: RunRecord, pipeline: Pipeline) -> None:
    """Let the next try begin with half the batch: this one's container was killed at its memory limit."""
    training = _parse(record.tags().get(_TAG, ""))
    if training is None or training.result is not None:
        return
    settings = pipeline.training
    used = min(settings.batch, training.batch or settings.batch)
    half = max(used // 2, settings.minimum_batch)
    update = {"batch": half} if half < used else {"memory_exceeded": pipeline.resources.train.memory}
    record.set_tags({_TAG: training.model_copy(update=update).model_dump_json()})


def _check_memory(job: Job, training: Training) -> None:
    limit = job.pipeline.resources.train.memory
    if training.memory_exceeded is not None and training.memory_exceeded == limit:
        raise BadRequest(
            f"the container's memory of {limit} (resources.train.memory) did not suffice for batch "
            f"{training.batch or job.pipeline.training.batch}, and training.minimum_batch allows no smaller one: "
            "expected more memory, or a smaller imgsz or model"
        )


def _train(job: Job, training: Training, store: CheckpointStore) -> TrainResult:
    ultralytics_setup.prepare(job.settings.trainer_cache_dir)
    from trainer.training import (
        attempt as fitting,
    )  # imports torch and ultralytics, which must find everything prepared

    outcome = fitting.run(job, training, store, dataset_digest(job))
    while isinstance(outcome, int):
        # In this order: a try that dies now goes on with the smaller batch, too.
        training = training.model_copy(update={"batch": outcome})
        _save(job, training)
        outcome = fitting.run(job, training, store, dataset_digest(job))
    return outcome


def dataset_digest(job: Job) -> str:
    """Return the digest of the dataset that preprocess recorded."""
    outcome = job.record.require(Step.PREPROCESS).outcome
    if not isinstance(outcome, PreprocessResult):
        raise Bug(f"the done-marker of preprocess holds a result of {outcome.step}")
    return outcome.dataset_digest
