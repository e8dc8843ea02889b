"""List a run's dataset: one folder, or one for each of the last days."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from step_contract.step import day_of
from trainer.errors import BadData, BadRequest
from trainer.job import Job
from trainer.storage import NothingThere, StoredObject, absolute_uri, readable, uri_below

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceFolder:
    """A folder below the dataset's URI (the URI itself if the name is empty), with its listing."""

    name: str
    uri: str
    objects: tuple[StoredObject, ...]


@dataclass(frozen=True)
class Source:
    """A run's dataset as listed; the run's own day is the last folder."""

    uri: str
    folders: tuple[SourceFolder, ...]
    missing: tuple[str, ...] = ()
    """The missing folders of earlier days."""


def list_source(job: Job) -> Source:
    """List the folders that belong to a run.

    Raises:
        BadRequest: the dataset's URI is not understood.
        BadData: there is nothing for the run's own day, or no dataset at all.
        TryAgain: the store is unavailable.
    """
    uri = absolute_uri(job.pipeline.dataset.uri, job.settings.dataset_root)
    if job.pipeline.dataset.partition is None:
        return Source(uri, (_listed(job, uri, ""),))
    *earlier, own = partition_folders(job)
    folders, missing = [], []
    for name in earlier:
        try:
            folders.append(_listed(job, uri, name))
        except NothingThere:
            missing.append(name)
    if missing:
        _log.warning("%s: nothing for %s; training on the other days", readable(uri), ", ".join(missing))
    try:
        folders.append(_listed(job, uri, own))
    except NothingThere as error:
        raise BadData(
            f"no dataset for {day_of(job.run, job.pipeline):%Y-%m-%d}, the day of this run: expected images "
            f"at {readable(uri_below(uri, own))}; write it, or correct dataset.uri or dataset.partition"
        ) from error
    return Source(uri, tuple(folders), tuple(missing))


def partition_folders(job: Job) -> list[str]:
    """Return the names of a run's daily folders, its own day last; one empty name without partitions.

    Raises:
        BadRequest: the pattern leads out of the dataset.
    """
    partition = job.pipeline.dataset.partition
    if partition is None:
        return [""]
    day = day_of(job.run, job.pipeline)
    days = [day - timedelta(days=back) for back in reversed(range(partition.days))]
    names = [each.strftime(partition.pattern).strip("/") for each in days]
    if ".." in names[-1].split("/"):
        raise BadRequest(f"dataset.partition.pattern {partition.pattern!r} leads out of dataset.uri; expected no '..'")
    return names


def _listed(job: Job, uri: str, name: str) -> SourceFolder:
    own = uri_below(uri, name) if name else uri
    as_of = job.run.data_interval_end if job.pipeline.dataset.as_of == "data_interval_end" else None
    return SourceFolder(name, own, tuple(job.storage.list_objects(own, as_of)))
