"""Places where steps run, one folder each: ``runtimes/<name>/runtime.py`` holds ``RUNTIME``.

Only ``runtime_of`` tells runtimes apart, and only the runtime asked for is imported: a pipeline whose steps are local
processes does not pay for the Docker or Kubernetes provider.
"""

from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from include.step_contract.catalog import RuntimeName

if TYPE_CHECKING:  # not paid for by a parse
    from airflow.sdk import BaseOperator

    from include.pipelines.airflow_state import Airflow
    from include.pipelines.pending_chore import AnyRequest
    from include.step_contract.order import StepOrder

__all__ = ["Runtime", "runtime_of"]


class Runtime(Protocol):
    """A place where steps run."""

    def operator(self, request: "AnyRequest", step_run: str, **options: Any) -> "BaseOperator":
        """Return the task of a step or chore.

        Args:
            request: what it does.
            step_run: template of the run's identity.
            options: of any Airflow task.
        """

    def step_options(self, request: "StepOrder") -> dict[str, Any]:
        """Return Airflow options that a step's task needs here beyond those of every runtime: retries, a pool."""

    def sweep(self, airflow: "Airflow", now: datetime, *, dry_run: bool) -> dict[str, int]:
        """Stop and remove what is left of tasks that are over; return how many of each.

        Raises:
            StepFailed: the runtime does not answer, or Airflow does not.
        """


def runtime_of(name: RuntimeName) -> Runtime:
    """Return the runtime of a name."""
    runtime: Runtime = import_module(f"{__name__}.{name.value}.runtime").RUNTIME
    return runtime
