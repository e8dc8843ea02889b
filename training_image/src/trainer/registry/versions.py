"""List all versions of a registered model, also as text for messages."""

from collections.abc import Collection, Mapping

from trainer.errors import BadRequest
from trainer.registry.version import RegisteredVersion
from trainer.tracking import mlflow_errors

from .bad_versions import mark_of
from .model_registry import ModelRegistry

_SHOWN = 20
_PAGE = 1000


def versions_of(registry: ModelRegistry) -> dict[str, RegisteredVersion]:
    """Return every version by its number, the newest first."""
    found: list[RegisteredVersion] = []
    token = None
    with mlflow_errors(f"list the versions of {registry.model!r}"):
        while token is None or token:
            page = registry.client.search_model_versions(f"name = '{registry.model}'", _PAGE, page_token=token)
            found += [RegisteredVersion(item.name, str(item.version), dict(item.tags)) for item in page]
            token = page.token or ""
    return {item.version: item for item in sorted(found, key=lambda item: int(item.version), reverse=True)}


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
    with mlflow_errors("list the registered models"):
        names = sorted(model.name for model in registry.client.search_registered_models(max_results=1000))
    if registry.model not in names:
        there = ", ".join(map(repr, names[:_SHOWN])) or "none"
        raise BadRequest(f"there is no registered model {registry.model!r}; expected one of: {there}")


def _describe(version: RegisteredVersion, held: bool) -> str:
    facts = [f"data until {version.data_time:%Y-%m-%d}"] if version.data_time else []
    facts += ["held the alias"] if held else []
    facts += ["bad"] if mark_of(version) else []
    return f"{version.version} ({', '.join(facts)})" if facts else version.version
