"""Mark versions that a rollback took an alias from, so that they are not promoted again.

The mark is a few tags of the model version, which a person sees in MLflow's UI; deleting the tag ``bad`` removes the
mark. ``bad`` is written last, so an incomplete mark does not count.
"""

from collections.abc import Mapping

from pydantic import AwareDatetime, ValidationError

from step_contract.frozen import Frozen
from step_contract.tags import BAD_TAG, WEIGHTS_SHA256_TAG
from trainer.registry.version import RegisteredVersion

from .model_registry import ModelRegistry

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
    """Write a mark, its tag ``bad`` last; writing it again changes nothing."""
    fields = mark.model_dump(mode="json", exclude={"version"})
    about = {f"{BAD_TAG}.{name}": str(value) for name, value in fields.items()}
    registry.tag_version(version, about | {BAD_TAG: _TRUE})


def mark_of(version: RegisteredVersion) -> BadMark | None:
    """Return a version's own mark."""
    return _read(version.version, version.tags)


def find_mark(registry: ModelRegistry, version: RegisteredVersion) -> BadMark | None:
    """Return the mark of a version, or of another version with the same weights."""
    marked, weights = _marked(registry), version.tags.get(WEIGHTS_SHA256_TAG)
    if version.version in marked:
        return _read(version.version, marked[version.version])
    same = (number for number, tags in marked.items() if weights and tags.get(WEIGHTS_SHA256_TAG) == weights)
    return next((_read(number, marked[number]) for number in same), None)


def mark_by(registry: ModelRegistry, rollback: str) -> BadMark | None:
    """Return the mark that the rollback with this key has written, whether it was stopped or completed."""
    marks = (_read(number, tags) for number, tags in _marked(registry).items())
    return next((mark for mark in marks if mark and mark.rollback == rollback), None)


def _marked(registry: ModelRegistry) -> dict[str, Mapping[str, str]]:
    return {found.version: found.tags for found in registry.tagged(BAD_TAG, _TRUE)}


def _read(version: str, tags: Mapping[str, str]) -> BadMark | None:
    if tags.get(BAD_TAG) != _TRUE:
        return None
    fields = {name: tags[f"{BAD_TAG}.{name}"] for name in BadMark.model_fields if f"{BAD_TAG}.{name}" in tags}
    try:
        return BadMark.model_validate(fields | {"version": version})
    except ValidationError:
        return BadMark(version=version)  # marked by hand: only the tag ``bad`` counts
