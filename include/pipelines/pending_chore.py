"""A chore whose order is made when its task starts: from a form, or from Airflow's state at that moment."""

from collections.abc import Callable
from dataclasses import dataclass

from airflow.sdk import Context

from include.step_contract.catalog import Resources
from include.step_contract.order import Chore, Order, SurveyOrder

_ANY_CHORE = SurveyOrder()
"""Limits are the same for every chore."""


@dataclass(frozen=True)
class PendingChore:
    """The part of a chore's order that is known when its DAG is parsed, and the function that makes the order."""

    chore: Chore
    order: Callable[[Context], Order]

    def request(self, context: Context) -> Order:
        """Return the order of the task that starts now."""
        return self.order(context)

    @property
    def command(self) -> str:
        """The trainer's command."""
        return self.chore.value

    @property
    def group(self) -> str:
        """Name under which its containers are grouped."""
        return _ANY_CHORE.group

    @property
    def resources(self) -> Resources:
        """Limits of its container."""
        return _ANY_CHORE.resources

    @property
    def timeout_minutes(self) -> int:
        """Time after which one attempt is stopped."""
        return _ANY_CHORE.timeout_minutes

    @property
    def stop_grace_seconds(self) -> int:
        """Time that a stopped chore has to end."""
        return _ANY_CHORE.stop_grace_seconds


AnyRequest = Order | PendingChore
"""A task's order, as far as it is known when its DAG is parsed."""
