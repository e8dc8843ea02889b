"""Measure candidate and champion on the same images with the same settings."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

from trainer.datasets import Manifest, ManifestItem, dataset_digest, load_manifest, materialize_dataset
from trainer.errors import OutOfMemory
from trainer.frameworks import LoadedModel, Measurement, MeasureSettings, MemoryExceeded
from trainer.job import Job
from trainer.machine import environment
from trainer.storage import cached_object

from .models import Loaded

_PICTURES = 4
_MOST_WORKERS = 8

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subject:
    """A measured model with what is needed to draw what it sees."""

    model: LoadedModel
    measurement: Measurement


@dataclass(frozen=True)
class Ground:
    """The images and settings that both models are measured with."""

    manifest: Manifest
    settings: MeasureSettings
    pictures: tuple[tuple[ManifestItem, Path], ...]


def ground_of(job: Job, folder: Path) -> Ground:
    """Lay out the candidate's manifest below a folder.

    Raises:
        BadData: the manifest is not the one that preprocess recorded, or an image changed since.
    """
    manifest = load_manifest(job.record, folder, dataset_digest(job.record))
    settings = MeasureSettings(
        task=job.pipeline.task,
        data=materialize_dataset(manifest, job, folder / "dataset"),
        split=manifest.measured_split,
        imgsz=job.pipeline.training.imgsz,
        device=environment.device_for(job.settings, job.order.resources.gpus).split(",")[0],
        workers=min(_MOST_WORKERS, environment.available_cpus()),
    )
    chosen = manifest.of(manifest.measured_split)[:_PICTURES]
    return Ground(manifest, settings, tuple((item, _picture(job, manifest, item)) for item in chosen))


def example_picture(job: Job, manifest: Manifest) -> Path:
    """Return one of the pictures that the models are measured on."""
    return _picture(job, manifest, manifest.of(manifest.measured_split)[0])


def measure_alike(
    ours: Loaded, theirs: Loaded | None, ground: Ground, folder: Path
) -> tuple[Ground, Subject, Subject | None]:
    """Measure both with the same batch: with half of it for both, if the memory does not suffice for one of them.

    Raises:
        OutOfMemory: the memory does not even suffice for one image at a time.
    """
    while True:
        candidate = _measure(ours, ground, folder / "candidate")
        if isinstance(candidate, Subject):
            champion = _measure(theirs, ground, folder / "champion") if theirs else None
            if not isinstance(champion, MemoryExceeded):
                return ground, candidate, champion
            exceeded = champion
        else:
            exceeded = candidate
        ground = _with_smaller_batch(ground, exceeded)


def _with_smaller_batch(ground: Ground, exceeded: MemoryExceeded) -> Ground:
    half = exceeded.batch // 2
    if not half:
        raise OutOfMemory(exceeded.reason)
    _log.warning("%s; measuring with %d at once", exceeded.reason, half)
    return replace(ground, settings=replace(ground.settings, batch=half))


def _measure(loaded: Loaded, ground: Ground, folder: Path) -> Subject | MemoryExceeded:
    measured = loaded.model.measure(ground.settings, ground.pictures[0][1], folder / "val")
    return measured if isinstance(measured, MemoryExceeded) else Subject(loaded.model, measured)


def _picture(job: Job, manifest: Manifest, item: ManifestItem) -> Path:
    cache = job.settings.trainer_cache_dir.absolute()
    return cached_object(cache, job.storage, manifest.uri, item.stored, item.content_hash)
