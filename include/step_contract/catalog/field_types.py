"""Field types and rule errors of the catalog's records.

Numbers have an upper limit so that no value can overflow a date or a duration where a DAG is built: that would take
down the other pipelines.
"""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from .words import nearest

PIPELINE_NAME = r"^[a-z][a-z0-9_-]{0,62}$"
PIPELINE_NAME_WORDS = "a lower-case letter followed by lower-case letters, digits, _ or -, at most 63 characters"
RULE_ERROR = "catalog_rule"
_LONGEST_ASSET = 1500
_NO_ZONES = ("posix", "right/", "local")  # files beside a time zone database


def broken_rule(got: str, expected: str, meant: str | None = None) -> PydanticCustomError:
    """Return the error of a rule that pydantic does not know; ``meant`` is the likely name behind a misspelt one."""
    hint = f" did you mean {meant!r}?" if meant else ""
    facts = {"got": got, "expected": expected, "meant": meant, "hint": hint}
    return PydanticCustomError(RULE_ERROR, "{got};{hint} expected {expected}", facts)


def broken_rules(record: str, by_field: Mapping[str, PydanticCustomError]) -> ValidationError:
    """Return the error of a record in which several rules are broken, by dotted field below the record."""
    errors = [InitErrorDetails(type=rule, loc=tuple(field.split(".")), input=None) for field, rule in by_field.items()]
    return ValidationError.from_exception_data(record, errors)


def is_timezone(name: str) -> bool:
    """Return whether a name is an IANA time zone; listing all of them would read hundreds of files."""
    if name.startswith(_NO_ZONES):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _known_timezone(name: str) -> str:
    if not is_timezone(name):
        meant = nearest(
            name, sorted(zone for zone in available_timezones() if not zone.startswith(_NO_ZONES)), likeness=0.8
        )
        raise broken_rule(f"unknown time zone {name[:100]!r}", "an IANA name such as Asia/Seoul or UTC", meant)
    return name


def _allowed_asset(name: str) -> str:
    """Refuse names that Airflow's Asset refuses: an error while a DAG file is parsed would remove every pipeline."""
    try:
        scheme = urlsplit(name).scheme
    except ValueError:
        scheme = "airflow"
    if name in ("self", "context") or scheme == "airflow" or len(name) > _LONGEST_ASSET:
        raise broken_rule(
            f"asset name {name[:100]!r}",
            f"a name that Airflow accepts: not self or context, no URI of scheme airflow, at most {_LONGEST_ASSET} "
            "characters",
        )
    return name


def _matching(pattern: str, words: str) -> Any:
    # Our errors and VS Code's YAML extension show patternErrorMessage instead of the pattern.
    return Field(pattern=pattern, json_schema_extra={"patternErrorMessage": words})


PositiveInt = Annotated[int, Field(gt=0, le=1_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]
ImageSize = Annotated[int, Field(ge=32, le=8192)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=5000, strip_whitespace=True)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
"""Airflow refuses DAGs with longer tags."""
Memory = Annotated[str, _matching(r"^[1-9][0-9]{0,6}(Mi|Gi|Ti)$", "an amount such as 512Mi or 8Gi")]
PipelineName = Annotated[str, _matching(PIPELINE_NAME, PIPELINE_NAME_WORDS)]
ModelName = Annotated[
    str,
    _matching(r"^[^/:.%#?@\"'\x00-\x1f]{1,200}$", "a name of at most 200 characters without / : . % # ? @ or quotes"),
]
"""MLflow refuses some of these; with # ? @ it registers a model whose files no ``models:/`` URI reaches."""
Alias = Annotated[str, _matching(r"^[A-Za-z][A-Za-z0-9_-]{0,200}$", "a letter followed by letters, digits, _ or -")]
ClockTime = Annotated[str, _matching(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "a time of day such as 06:00")]
ConnectionName = Annotated[
    str, _matching(r"^[A-Za-z0-9_.-]{1,200}$", "the id of an Airflow connection: at most 200 letters, digits, _ . or -")
]
AssetName = Annotated[Text, AfterValidator(_allowed_asset)]
TimeZoneName = Annotated[Text, AfterValidator(_known_timezone)]
ArgumentValue = bool | int | float | str | None | list[int | float | str]
