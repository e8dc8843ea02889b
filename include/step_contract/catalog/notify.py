"""Targets and events of a pipeline's notifications."""

from enum import StrEnum

from pydantic import Field

from ..frozen import Frozen
from .field_types import ConnectionName


class NotifyEvent(StrEnum):
    """Event that people may be notified of."""

    FAILED = "failed"
    """A step failed and will not be retried, or the run took too long."""
    PROMOTED = "promoted"
    """A new model took the champion alias."""
    REFUSED = "refused"
    """The gate refused the candidate; nothing was registered."""
    KEPT = "kept"
    """The candidate was registered and the champion stays."""
    LATE = "late"
    """The scheduled run was not completed by ``execution.deadline``."""


DEFAULT_EVENTS = (NotifyEvent.FAILED, NotifyEvent.PROMOTED, NotifyEvent.REFUSED, NotifyEvent.LATE)


class Notify(Frozen):
    """Targets and events of this pipeline's notifications."""

    targets: tuple[ConnectionName, ...] | None = Field(
        default=None,
        description="Ids of the Airflow connections to notify; default: NOTIFY_TARGETS of the deployment; []: none.",
    )
    events: tuple[NotifyEvent, ...] | None = Field(
        default=None,
        description="Of failed, promoted, refused, kept, late; default: NOTIFY_EVENTS of the deployment.",
    )
