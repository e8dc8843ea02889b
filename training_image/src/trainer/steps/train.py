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
from functools import partial

from step_contract import transport
from step_contract.result import TrainResult
from trainer.datasets import dataset_digest
from trainer.errors import BadRequest
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.frameworks.ultralytics.callbacks import emit
from trainer.job import Job, versioned_digest
from trainer.training import CheckpointStore, Training, current_training, save_training, training_inputs

from .plan import StepPlan, planned

_log = logging.getLogger(__name__)


def plan(job: Job) -> StepPlan:
    """Plan to train, unless that is recorded."""
    return planned(fingerprint(job), partial(work, job), summary)


def fingerprint(job: Job) -> str:
    """Return the digest of dataset, model, training arguments and the trainer's version."""
    return versioned_digest(*training_inputs(job))


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
    training = current_training(job, store)
    result = training.result
    if result is None:
        _check_memory(job, training)
        result = _train(job, training, store)
        save_training(job, training.model_copy(update={"result": result}))
    store.forget()
    return result


# -- which training ---------------------------------------------------------------------------------------------------


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
        attempt as fitting,  # imports torch and ultralytics, which must find everything prepared
    )

    outcome = fitting.run(job, training, store, dataset_digest(job.record))
    while isinstance(outcome, int):
        # In this order: a try that dies now goes on with the smaller batch, too.
        training = training.model_copy(update={"batch": outcome})
        save_training(job, training)
        outcome = fitting.run(job, training, store, dataset_digest(job.record))
    return outcome
