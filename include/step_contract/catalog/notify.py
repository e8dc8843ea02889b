"""Who is told about a pipeline's runs, and about what: a part of the catalog. Needs pydantic only."""

from enum import StrEnum

from pydantic import Field

from ..frozen import Frozen
from .field_types import ConnectionName


class NotifyEvent(StrEnum):
    """What people may want to hear of."""

    FAILED = "failed"
    """A step failed and will not be tried again, or the run took too long."""
    PROMOTED = "promoted"
    """A new model took the champion alias."""
    REFUSED = "refused"
    """The gate refused the candidate; nothing was registered."""
    KEPT = "kept"
    """The candidate was registered and the champion stays."""
    LATE = "late"
    """The nightly run was not done by ``execution.deadline``."""


DEFAULT_EVENTS = (NotifyEvent.FAILED, NotifyEvent.PROMOTED, NotifyEvent.REFUSED, NotifyEvent.LATE)


class Notify(Frozen):
    """Who hears of this pipeline's runs."""

    targets: tuple[ConnectionName, ...] | None = Field(
        default=None,
        description="Airflow connections to tell, by their ids; left out: the deployment's NOTIFY_TARGETS; []: nobody.",
    )
    events: tuple[NotifyEvent, ...] | None = Field(
        default=None,
        description="Of failed, promoted, refused, kept, late; left out: the deployment's NOTIFY_EVENTS.",
    )
