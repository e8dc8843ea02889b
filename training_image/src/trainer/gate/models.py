"""Find the two models that are compared: the run's candidate and the champion.

A champion that cannot be loaded, or whose classes differ from the candidate's, cannot be compared with; then the
catalog's ``gate.unreadable_champion`` says whether the step fails and the champion stays, or the minimum alone decides.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from trainer.errors import BadData
from trainer.frameworks import LoadedModel, UnreadableModel, framework_of
from trainer.job import Job
from trainer.registry import MissingWeights, ModelRegistry, RegisteredVersion, open_registry


@dataclass(frozen=True)
class Loaded:
    """A model that can be measured, and the file it came from."""

    model: LoadedModel
    weights: Path


def registry_of(job: Job) -> ModelRegistry:
    """Return the pipeline's registered model."""
    return open_registry(job.settings.mlflow_tracking_uri, job.pipeline.registry.model)


def candidate_weights(job: Job, folder: Path) -> Path:
    """Fetch the weights that train stored in the run."""
    return job.record.download(f"weights/{framework_of(job.pipeline).weights_file}", folder / "candidate")


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def load_candidate(job: Job, folder: Path) -> Loaded:
    """Return the run's candidate ready to be measured."""
    weights = candidate_weights(job, folder)
    return Loaded(framework_of(job.pipeline).load(weights, job.pipeline.task), weights)


def load_champion(
    job: Job, champion: RegisteredVersion | None, candidate: Loaded, folder: Path
) -> tuple[Loaded | None, str]:
    """Return the champion ready to be measured, or None and the reason why there is none to compare with.

    Raises:
        BadData: it cannot be compared with and the catalog says to fail then.
    """
    if champion is None:
        return None, "There is no champion to compare with."
    try:
        weights = registry_of(job).download_weights(champion, folder / "champion")
        model = framework_of(job.pipeline).load(weights, job.pipeline.task)
        theirs, ours = model.names, candidate.model.names
        if theirs != ours:
            raise UnreadableModel(f"its classes are {_listed(theirs)}, the candidate's are {_listed(ours)}")
    except (MissingWeights, UnreadableModel) as error:
        if job.pipeline.gate.unreadable_champion == "fail":
            raise BadData(_advice(job, champion, error)) from error
        reason = f"Champion version {champion.version} cannot be compared with ({error}); the minimum alone decides."
        return None, reason
    return Loaded(model, weights), ""


def _advice(job: Job, champion: RegisteredVersion, error: BadData) -> str:
    alias = job.pipeline.registry.champion
    return (
        f"champion version {champion.version} of {champion.model!r} cannot be compared with: {error}. It stays "
        f"champion. Point alias {alias!r} to a version that can be, or delete the alias, or set "
        "gate.unreadable_champion to replace, so that the minimum alone decides; then run evaluate again"
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
