"""One try of a training: its plan, where it resumes, the training itself, and whether what came of it is whole.

Imports torch and ultralytics by way of ``detector``; ``ultralytics_setup.prepare`` must have run before.
"""

import logging
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from step_contract.result import TrainResult
from trainer.datasets import load_manifest, materialize_dataset
from trainer.errors import BadData, BadRequest, Bug, OutOfMemory
from trainer.frameworks import Plan
from trainer.frameworks.ultralytics import fit as detector
from trainer.frameworks.ultralytics.fit import Model
from trainer.frameworks.ultralytics.model_files import models_folder
from trainer.handover import EVERY_EPOCH_METRIC, Entry, EntryKind, journal, slot
from trainer.job import Job
from trainer.machine import environment

from . import pending_uploads as unsent
from .checkpoints import CheckpointStore
from .reporter import Reporter

if TYPE_CHECKING:
    from trainer.training.state import Training

_MOST_WORKERS = 8
_PICTURES = ("*.png", "labels.jpg", "train_batch0.jpg", "val_batch0_labels.jpg", "val_batch0_pred.jpg")

_log = logging.getLogger(__name__)


def run(job: Job, training: "Training", store: CheckpointStore, expected_digest: str) -> TrainResult | int:
    """Train from the newest usable checkpoint to the end, check that the result is whole, and store it.

    Returns the result, or the batch to go on with where the memory did not suffice.

    Raises:
        StepError: see ``train.work``.
    """
    unsent.carry(job, training.began_ms, lambda: _logged_epochs(job, training))
    plan = _plan(job, training, expected_digest)
    checkpoint, resumed_from = _resume(plan, store)
    job.record.set_tags(environment.environment_tags(job.settings) | detector.device_tags())
    job.record.log_params({"train.model": job.pipeline.model, "train.task": job.pipeline.task})
    try:
        logged = _logged_epochs(job, training)
        reporter = Reporter(job.record, plan.exchange, logged, training.began_ms)
        with reporter, job.backend.following(plan.exchange):
            detector.fit(plan, checkpoint)
    except OutOfMemory as error:
        smaller = _smaller_batch(job, plan, error)
    else:
        result = _conclude(job, training, plan, resumed_from)
        unsent.forget(plan.exchange)
        return result
    # Outside of the handler, whose traceback holds the model and all that was on the device.
    del checkpoint
    detector.free_memory()
    return smaller


def _plan(job: Job, training: "Training", expected: str) -> Plan:
    manifest = load_manifest(job.record, job.workspace)
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
        # The minimum may have been raised since an earlier try.
        batch=max(settings.minimum_batch, min(settings.batch, training.batch or settings.batch)),
        data=materialize_dataset(manifest, job, job.workspace / "dataset"),
        save_dir=save_dir,
        exchange=unsent.new_folder(job, training.began_ms),
        device=environment.device_for(job.settings, job.order.resources.gpus),
        workers=_workers(settings.arguments.get("workers")),
        models=models_folder(job.settings.dataset_root),
    )


def _workers(asked: object) -> int:
    """Return the number of data loader processes; on a CPU ultralytics uses none."""
    return asked if isinstance(asked, int) else min(_MOST_WORKERS, environment.available_cpus())


def _resume(plan: Plan, store: CheckpointStore) -> tuple[Model | None, int | None]:
    """Return the newest checkpoint that can be resumed from and its epoch, its files where ultralytics expects them."""
    for checkpoint in store.available():
        try:
            store.restore(checkpoint, plan.save_dir)
            model = detector.open_checkpoint(plan.save_dir / "weights" / slot.LAST, checkpoint.epoch)
        except BadData as error:
            _log.warning("the checkpoint of epoch %d is left aside: %s", checkpoint.epoch, error)
            shutil.rmtree(plan.save_dir, ignore_errors=True)
            store.drop(checkpoint)  # else it would count as newer than what this try stores
            continue
        _log.info("resuming after epoch %d of %d", checkpoint.epoch, plan.training.epochs)
        return model, checkpoint.epoch
    return None, None


def _logged_epochs(job: Job, training: "Training") -> list[int]:
    return job.record.metric_epochs(EVERY_EPOCH_METRIC, training.began_ms)


def _smaller_batch(job: Job, plan: Plan, error: OutOfMemory) -> int:
    """Return half of the batch that the memory did not suffice for.

    Raises:
        BadRequest: it is the catalog's minimum already.
    """
    entries, _ = journal.read(plan.exchange)
    # Ultralytics halves it by itself in the first epoch, up to three times.
    used = min([plan.batch, *(int(entry.metrics["train/batch"]) for entry in entries if entry.kind is EntryKind.EPOCH)])
    half = max(used // 2, plan.training.minimum_batch)
    if half >= used:
        raise BadRequest(
            f"{error}; that is training.minimum_batch: expected a smaller imgsz or model, or a device with more memory"
        ) from error
    _log.warning("%s; going on with batch %d", error, half)
    return half


# -- the end ----------------------------------------------------------------------------------------------------------


def _conclude(job: Job, training: "Training", plan: Plan, resumed_from: int | None) -> TrainResult:
    """Check that the training is whole and store its result."""
    entries, _ = journal.read(plan.exchange)
    epochs = [entry for entry in entries if entry.kind is EntryKind.EPOCH]
    if not epochs:
        raise Bug(f"ultralytics returned without having finished an epoch; see {plan.save_dir.name}")
    last = epochs[-1]
    final = next((entry for entry in reversed(entries) if entry.kind is EntryKind.FINAL), last)
    _check_converged(last, final)
    _check_recorded(job, training, last.epoch)
    job.record.ownership.check()
    _store_result(job, plan.save_dir)
    metrics = {
        name.removeprefix("metrics/"): value for name, value in final.metrics.items() if name.startswith("metrics/")
    }
    return TrainResult(epochs_done=last.epoch, resumed_from_epoch=resumed_from, metrics=metrics)


def _check_converged(last: Entry, final: Entry) -> None:
    """Refuse NaN and infinity in training losses and final metrics; a val loss in half precision may overflow."""
    measured = {name: value for name, value in final.metrics.items() if name.startswith("metrics/")}
    losses = {name: value for name, value in last.metrics.items() if name.startswith("train/")}
    wrong = [f"{name} is {value}" for name, value in (losses | measured).items() if not math.isfinite(value)]
    if wrong:
        raise BadRequest(
            f"the training diverged: after epoch {last.epoch} of {last.total_epochs} {', '.join(wrong)}; "
            "lower lr0, or turn amp off, and check the labels"
        )


def _check_recorded(job: Job, training: "Training", done: int) -> None:
    recorded = set(_logged_epochs(job, training))
    missing = [epoch for epoch in range(1, done + 1) if epoch not in recorded]
    if missing:
        raise Bug(
            f"{done} epochs are done, but MLflow run {job.record.run_id} has metrics of {done - len(missing)}; "
            f"missing: {', '.join(map(str, missing[:20]))}"
        )


def _store_result(job: Job, save_dir: Path) -> None:
    best = save_dir / "weights" / "best.pt"
    if not best.exists():  # no epoch had a fitness, for want of a validation
        shutil.copyfile(save_dir / "weights" / slot.LAST, best)
    pictures = {path for pattern in _PICTURES for path in save_dir.glob(pattern)}
    for path in [save_dir / slot.HISTORY, *sorted(pictures)]:
        job.record.log_artifact(path, "train")
    job.record.log_artifact(best, "weights")
