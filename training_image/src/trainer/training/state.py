"""Keep a training's state in the run's tag ``training``: its inputs, its beginning, its batch and its result."""

import logging
import time
from collections.abc import Mapping

from pydantic import ValidationError

from step_contract.catalog import Pipeline
from step_contract.frozen import Frozen
from step_contract.order import Step
from step_contract.result import TrainResult
from step_contract.tags import EPOCH_SECONDS_METRIC, TRAINING_TAG
from trainer import __version__
from trainer.datasets import dataset_digest
from trainer.frameworks import framework_of
from trainer.job import Job, digest
from trainer.tracking import RunRecord, UnreadableMarker, decode_marker

from .checkpoints import CheckpointStore

_log = logging.getLogger(__name__)


class Training(Frozen):
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


def training_inputs(job: Job) -> tuple[object, ...]:
    """Return what makes one training differ from another: dataset, task, model and arguments."""
    # Without defaults, so that a field that a later version has does not make another training.
    settings = job.pipeline.training.model_dump(exclude={"minimum_batch"}, exclude_defaults=True)
    return Step.TRAIN, dataset_digest(job.record), job.pipeline.task, job.pipeline.model, settings


def current_training(job: Job, store: CheckpointStore) -> Training:
    """Return the training that this attempt belongs to; begin one if there is none to resume."""
    tags, inputs = job.record.tags(), digest(*training_inputs(job))
    training = _parse(tags.get(TRAINING_TAG, ""))
    if training is not None and training.digest == inputs:
        is_upgraded = training.trainer != __version__
        if training.result is None:
            if is_upgraded:
                _log.warning("trainer %s resumes what %s began", __version__, training.trainer)
            return training
        is_wanted_again = (job.run.form.force or is_upgraded) and _is_marked_done(tags, training.result)
        weights = f"weights/{framework_of(job.pipeline).weights_file}"
        if not is_wanted_again and weights in job.record.artifacts("weights"):
            _log.info("this training was finished by an earlier attempt; completing its record")
            return training
    elif store.available():
        _log.info("the checkpoints of this run are of a training with other inputs; starting from the beginning")
    # In this order: a training must never find another's checkpoints.
    store.forget()
    training = Training(digest=inputs, trainer=__version__, began_ms=_after_all_before(job.record))
    save_training(job, training)
    return training


def _after_all_before(record: RunRecord) -> int:
    """Return this moment, or one just after the last epoch of a training before, if the clock went back since."""
    return max(time.time_ns() // 1_000_000, record.last_logged_ms(EPOCH_SECONDS_METRIC) + 1)


def _is_marked_done(tags: Mapping[str, str], result: TrainResult) -> bool:
    """Tell whether the step's done-marker, which outlives the start of another attempt, is of this very training."""
    try:
        return decode_marker(Step.TRAIN, tags).outcome == result
    except UnreadableMarker:
        return False


def _parse(tag: str) -> Training | None:
    try:
        return Training.model_validate_json(tag) if tag else None
    except ValidationError as error:
        _log.warning("the tag %r cannot be read and is left aside: %s", TRAINING_TAG, error)
        return None


def save_training(job: Job, training: Training) -> None:
    """Write the training's state to the run's tag, if this attempt still owns the record."""
    job.record.ownership.check()
    job.record.set_tags({TRAINING_TAG: training.model_dump_json()})


def note_out_of_memory(record: RunRecord, pipeline: Pipeline) -> None:
    """Let the next attempt begin with half the batch: this one's container was killed at its memory limit."""
    training = _parse(record.tags().get(TRAINING_TAG, ""))
    if training is None or training.result is not None:
        return
    settings = pipeline.training
    used = min(settings.batch, training.batch or settings.batch)
    half = max(used // 2, settings.minimum_batch)
    update = {"batch": half} if half < used else {"memory_exceeded": pipeline.resources.train.memory}
    record.set_tags({TRAINING_TAG: training.model_copy(update=update).model_dump_json()})
