"""Run one attempt of a training: from the newest usable checkpoint to a result that is checked and stored.

Where the memory does not suffice, the attempt itself resumes with half the batch (decision 0019).
"""

import logging
import math
import shutil
from pathlib import Path

from step_contract.result import TrainResult
from step_contract.tags import EPOCH_SECONDS_METRIC, SCORE_PREFIX
from trainer.datasets import dataset_digest, load_manifest, materialize_dataset
from trainer.errors import BadData, BadRequest, Bug
from trainer.frameworks import Fitted, Framework, MemoryExceeded, Plan, Resume, framework_of
from trainer.handover import Entry, EntryKind, journal
from trainer.job import Job
from trainer.machine import environment
from trainer.storage import root_folder

from . import pending_uploads
from .checkpoints import CheckpointStore
from .reporter import Reporter
from .state import Training, save_training

_MOST_WORKERS = 8

_log = logging.getLogger(__name__)


def train_to_end(job: Job, training: Training, store: CheckpointStore) -> TrainResult:
    """Train from the newest usable checkpoint to the end, check that the result is whole, and store it.

    Raises:
        StepError: see ``train.work``.
    """
    framework = framework_of(job.pipeline)
    framework.prepare(job.settings.trainer_cache_dir)
    began_ms = training.began_ms
    while True:
        pending_uploads.carry(job, began_ms, lambda: _logged_epochs(job, began_ms))
        plan = _plan(job, training)
        resume = usable_checkpoint(framework, store, job.workspace / "checkpoint")
        outcome = _fit(job, training, framework, plan, resume)
        if isinstance(outcome, Fitted):
            result = _conclude(job, training, plan, resume, outcome)
            pending_uploads.forget(plan.handover)
            return result
        training = _with_smaller_batch(job, training, outcome)


def usable_checkpoint(framework: Framework, store: CheckpointStore, folder: Path) -> Resume | None:
    """Fetch the newest checkpoint that can be resumed from into a folder; drop newer ones that cannot."""
    for checkpoint in store.available():
        shutil.rmtree(folder, ignore_errors=True)
        resume = Resume(checkpoint.epoch, folder)
        try:
            store.restore(checkpoint, folder)
            framework.check_checkpoint(resume)
        except BadData as error:
            _log.warning("the checkpoint of epoch %d is left aside: %s", checkpoint.epoch, error)
            store.drop(checkpoint)  # else it would count as newer than what this attempt stores
            continue
        return resume
    return None


def _fit(
    job: Job, training: Training, framework: Framework, plan: Plan, resume: Resume | None
) -> Fitted | MemoryExceeded:
    """Train, with a reporter beside the training."""
    if resume is not None:
        _log.info("resuming after epoch %d of %d", resume.epoch, plan.training.epochs)
    facts = {**framework.versions(), **framework.device_facts()}
    job.record.set_tags(environment.environment_tags(job.settings, facts))
    job.record.log_params({"train.model": job.pipeline.model, "train.task": job.pipeline.task})
    logged = _logged_epochs(job, training.began_ms)
    reporter = Reporter(job.record, plan.handover, logged, training.began_ms)
    with reporter, job.backend.following(plan.handover):
        outcome = framework.fit(plan, resume)
        if isinstance(outcome, MemoryExceeded):
            reporter.expect_another()
    return outcome


def _plan(job: Job, training: Training) -> Plan:
    manifest, expected = load_manifest(job.record, job.workspace), dataset_digest(job.record)
    if manifest.digest != expected:
        raise BadData(
            f"the run's manifest has digest {manifest.digest}, but preprocess recorded {expected}; run preprocess again"
        )
    save_dir = job.workspace / "train"
    shutil.rmtree(save_dir, ignore_errors=True)  # of a larger batch
    settings = job.pipeline.training
    return Plan(
        task=job.pipeline.task,
        model=job.pipeline.model,
        training=settings,
        # The minimum may have been raised since an earlier attempt.
        batch=max(settings.minimum_batch, min(settings.batch, training.batch or settings.batch)),
        data=materialize_dataset(manifest, job, job.workspace / "dataset"),
        save_dir=save_dir,
        handover=pending_uploads.new_folder(job, training.began_ms),
        device=environment.device_for(job.settings, job.order.resources.gpus),
        workers=min(_MOST_WORKERS, environment.available_cpus()),
        models=root_folder(job.settings.dataset_root),
    )


def _logged_epochs(job: Job, began_ms: int) -> list[int]:
    return job.record.metric_epochs(EPOCH_SECONDS_METRIC, began_ms)


def _with_smaller_batch(job: Job, training: Training, exceeded: MemoryExceeded) -> Training:
    """Record and return the training with half of the batch that the memory did not suffice for.

    Raises:
        BadRequest: it is the catalog's minimum already.
    """
    half = max(exceeded.batch // 2, job.pipeline.training.minimum_batch)
    if half >= exceeded.batch:
        raise BadRequest(
            f"{exceeded.reason}; that is training.minimum_batch: "
            "expected a smaller imgsz or model, or a device with more memory"
        )
    _log.warning("%s; resuming with batch %d", exceeded.reason, half)
    smaller = training.model_copy(update={"batch": half})
    # Before it trains: an attempt that dies then is followed by one with the smaller batch.
    save_training(job, smaller)
    return smaller


# -- the end ----------------------------------------------------------------------------------------------------------


def _conclude(job: Job, training: Training, plan: Plan, resume: Resume | None, fitted: Fitted) -> TrainResult:
    """Check that the training is whole and store its result."""
    entries, _ = journal.read(plan.handover)
    epochs = [entry for entry in entries if entry.kind is EntryKind.EPOCH]
    if not epochs:
        raise Bug("the training ended without having finished an epoch; its log above may say why")
    last = epochs[-1]
    final = next((entry for entry in reversed(entries) if entry.kind is EntryKind.FINAL), last)
    _check_converged(last, final)
    _check_recorded(job, training, last.epoch)
    job.record.ownership.check()
    for file in fitted.files:
        job.record.log_artifact(file, "train")
    job.record.log_artifact(fitted.weights, "weights")
    metrics = {
        name.removeprefix(SCORE_PREFIX): value for name, value in final.metrics.items() if name.startswith(SCORE_PREFIX)
    }
    resumed_from = resume.epoch if resume is not None else None
    return TrainResult(epochs_done=last.epoch, resumed_from_epoch=resumed_from, metrics=metrics)


def _check_converged(last: Entry, final: Entry) -> None:
    """Refuse NaN and infinity in training losses and final metrics; a val loss in half precision may overflow."""
    measured = {name: value for name, value in final.metrics.items() if name.startswith(SCORE_PREFIX)}
    losses = {name: value for name, value in last.metrics.items() if name.startswith("train/")}
    wrong = [f"{name} is {value}" for name, value in (losses | measured).items() if not math.isfinite(value)]
    if wrong:
        raise BadRequest(
            f"the training diverged: after epoch {last.epoch} of {last.total_epochs} {', '.join(wrong)}; "
            "lower lr0, or turn amp off, and check the labels"
        )


def _check_recorded(job: Job, training: Training, done: int) -> None:
    recorded = set(_logged_epochs(job, training.began_ms))
    missing = [epoch for epoch in range(1, done + 1) if epoch not in recorded]
    if missing:
        raise Bug(
            f"{done} epochs are done, but MLflow run {job.record.run_id} has metrics of {done - len(missing)}; "
            f"missing: {', '.join(map(str, missing[:20]))}"
        )
