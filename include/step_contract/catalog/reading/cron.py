"""Check that Airflow can run a cron expression, and at the same times after each parse."""

import re
from functools import lru_cache

from croniter import CroniterBadDateError, CroniterError, croniter

_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_FIVE_FIELDS = re.compile(r"\S{1,50}( +\S{1,50}){4}")
_ALLOWED = re.compile(r"[0-9A-Za-z*,/#?-]+")
_NUMBER = re.compile(r"[0-9]+")


@lru_cache
def cron_fault(expression: str) -> str | None:
    """Return the fault of a cron expression, or None; ``H`` and ``R`` would choose a different time at each parse."""
    if not _FIVE_FIELDS.fullmatch(expression):
        return f"has {len(expression.split())} fields" if not expression.startswith("@") else "is a preset"
    for name, field in zip(_FIELDS, expression.split(), strict=True):
        if not _ALLOWED.fullmatch(field) or any(len(digits) > 2 for digits in _NUMBER.findall(field)):
            return f"has {field!r} as {name}"
        if re.search(r"(^|,)[hr]($|[(/,])", field.lower()):
            return f"has {field!r} as {name}, a randomly chosen time"
    return _croniter_fault(expression)


def _croniter_fault(expression: str) -> str | None:
    try:
        croniter(expression).get_next()
    except CroniterBadDateError:
        return "never occurs"
    except (CroniterError, ValueError, KeyError, IndexError, TypeError) as error:
        return f"cannot be read ({error})"
    return None
