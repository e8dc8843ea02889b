"""List all versions of a registered model, also as text for messages."""

from collections.abc import Collection, Mapping

from trainer.errors import BadRequest
from trainer.registry.version import RegisteredVersion

from .bad_versions import mark_of
from .model_registry import ModelRegistry

_SHOWN = 20


def versions_of(registry: ModelRegistry) -> dict[str, RegisteredVersion]:
    """Return every version by its number, the newest first."""
    found = sorted(registry.all_versions(), key=lambda item: int(item.version), reverse=True)
    return {item.version: item for item in found}


def describe_versions(versions: Mapping[str, RegisteredVersion], holders: Collection[str | None] = ()) -> str:
    """Describe versions for a message: number, end of the data, whether it held the alias, whether it is bad."""
    if not versions:
        return "(there are none)"
    shown = [_describe(version, version.version in holders) for version in list(versions.values())[:_SHOWN]]
    more = f", and {len(versions) - _SHOWN} older ones" if len(versions) > _SHOWN else ""
    return ", ".join(shown) + more


def check_model(registry: ModelRegistry) -> None:
    """Check that the registered model exists.

    Raises:
        BadRequest: it does not exist; the message lists the models that do.
    """
    names = registry.model_names()
    if registry.model not in names:
        there = ", ".join(map(repr, names[:_SHOWN])) or "none"
        raise BadRequest(f"there is no registered model {registry.model!r}; expected one of: {there}")


def _describe(version: RegisteredVersion, held: bool) -> str:
    facts = [f"data until {version.data_time:%Y-%m-%d}"] if version.data_time else []
    facts += ["held the alias"] if held else []
    facts += ["bad"] if mark_of(version) else []
    return f"{version.version} ({', '.join(facts)})" if facts else version.version
