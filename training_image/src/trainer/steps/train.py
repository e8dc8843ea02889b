"""Train, from the run's last checkpoint if there is one, and store the trained weights in the MLflow run.

A training is identified by its inputs and the moment at which it first began, kept in the run's tag ``training``. An
attempt that finds it unfinished resumes it, from its checkpoint or, before there is one, from the beginning. An attempt
that finds it finished but without its done-marker completes the record. If it is finished *and* marked, this attempt
was forced, or is of another version of the trainer, and begins another. The framework is prepared only when there is
something to train.
"""

from functools import partial

from step_contract import transport
from step_contract.result import TrainResult
from trainer.errors import BadRequest
from trainer.handover import emit
from trainer.job import Job, versioned_digest
from trainer.training import (
    CheckpointStore,
    Training,
    current_training,
    save_training,
    train_to_end,
    training_inputs,
)

from .plan import StepPlan, planned


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
    """Train to the end, or resume where an earlier attempt of the same training stopped.

    Raises:
        BadData: the dataset changed since preprocess, or the framework cannot use it.
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
        result = train_to_end(job, training, store)
        save_training(job, training.model_copy(update={"result": result}))
    store.forget()
    return result


def _check_memory(job: Job, training: Training) -> None:
    limit = job.pipeline.resources.train.memory
    if training.memory_exceeded is not None and training.memory_exceeded == limit:
        raise BadRequest(
            f"the container's memory of {limit} (resources.train.memory) did not suffice for batch "
            f"{training.batch or job.pipeline.training.batch}, and training.minimum_batch allows no smaller one: "
            "expected more memory, or a smaller imgsz or model"
        )
