"""Mark versions that a rollback took an alias from, so that they are not promoted again.

The mark is a few tags of the model version, which a person sees in MLflow's UI; deleting the tag ``bad`` removes the
mark. ``bad`` is written last, so an incomplete mark does not count.
"""

from collections.abc import Mapping

from pydantic import AwareDatetime, ValidationError

from step_contract.frozen import Frozen
from trainer.registry.version import WEIGHTS_TAG, RegisteredVersion
from trainer.tracking import mlflow_errors

from .model_registry import ModelRegistry

_TAG = "bad"
_TRUE = "true"


class BadMark(Frozen):
    """Why a version is bad, and the rollback that marked it."""

    version: str
    reason: str = "no reason given"
    by: str = "hand"
    when: AwareDatetime | None = None
    rollback: str = ""
    """Key of the DAG run of the rollback."""
    to: str = ""
    """Version that gets the alias in its place."""

    @property
    def sentence(self) -> str:
        """The mark as a sentence for people."""
        when = f" on {self.when:%Y-%m-%d}" if self.when else ""
        return f"version {self.version} was marked as bad by {self.by}{when}: {self.reason}"


def mark_bad(registry: ModelRegistry, version: RegisteredVersion, mark: BadMark) -> None:
    """Write a mark; writing it again changes nothing."""
    fields = mark.model_dump(mode="json", exclude={"version"})
    with mlflow_errors(f"mark version {version.version} of {registry.model!r} as bad"):
        for name, value in fields.items():
            registry.client.set_model_version_tag(registry.model, version.version, f"{_TAG}.{name}", str(value))
        registry.client.set_model_version_tag(registry.model, version.version, _TAG, _TRUE)


def mark_of(version: RegisteredVersion) -> BadMark | None:
    """Return a version's own mark."""
    return _read(version.version, version.tags)


def find_mark(registry: ModelRegistry, version: RegisteredVersion) -> BadMark | None:
    """Return the mark of a version, or of another version with the same weights."""
    marked, weights = _marked(registry), version.tags.get(WEIGHTS_TAG)
    if version.version in marked:
        return _read(version.version, marked[version.version])
    same = (number for number, tags in marked.items() if weights and tags.get(WEIGHTS_TAG) == weights)
    return next((_read(number, marked[number]) for number in same), None)


def mark_by(registry: ModelRegistry, rollback: str) -> BadMark | None:
    """Return the mark that the rollback with this key has written, whether it was stopped or completed."""
    marks = (_read(number, tags) for number, tags in _marked(registry).items())
    return next((mark for mark in marks if mark and mark.rollback == rollback), None)


def _marked(registry: ModelRegistry) -> dict[str, Mapping[str, str]]:
    with mlflow_errors(f"find the bad versions of {registry.model!r}"):
        found = registry.client.search_model_versions(f"name = '{registry.model}' and tags.{_TAG} = '{_TRUE}'")
    return {str(item.version): dict(item.tags) for item in found}


def _read(version: str, tags: Mapping[str, str]) -> BadMark | None:
    if tags.get(_TAG) != _TRUE:
        return None
    fields = {name: tags[f"{_TAG}.{name}"] for name in BadMark.model_fields if f"{_TAG}.{name}" in tags}
    try:
        return BadMark.model_validate(fields | {"version": version})
    except ValidationError:
        return BadMark(version=version)  # marked by hand: only the tag ``bad`` counts
