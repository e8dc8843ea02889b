"""Run steps as processes of this machine, by the trainer's own environment."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, Context

from include.pipelines.operator import StepTask
from include.pipelines.runtimes import Runtime
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract.order import StepOrder

if TYPE_CHECKING:  # not paid for by a parse
    from include.pipelines.airflow_state import Airflow
    from include.pipelines.pending_chore import AnyRequest

_log = logging.getLogger(__name__)


class LocalStepOperator(StepTask, BaseOperator):
    """Run ``trainer <step>``, or a chore, and end as its exit code says."""

    template_fields: Sequence[str] = ("step_run",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"step_run": "json"}
    ui_color = "#dfeaf7"
    outlives_worker = False

    def __init__(self, *, request: "AnyRequest", step_run: str = STEP_RUN_TEMPLATE, **options: Any) -> None:
        """Keep the request, which is no template field, so Jinja never sees it."""
        super().__init__(**options)
        self.request = request
        self.step_run = step_run

    def execute(self, context: Context) -> str:
        """Run the step, stream its output into the task's log and return its result as JSON."""
        from .process import ProcessAttempt

        attempt = ProcessAttempt(self.request_in(context), self.step_run, self.raise_if_killed, self.log)
        with attempt:
            return self.carry_out(attempt, context)

    def on_kill(self) -> None:
        """Take note; the loop that follows the process acts on it within a second, outside of a signal handler."""
        self.is_killed = True


class LocalRuntime:
    """The worker's own machine."""

    def operator(self, request: "AnyRequest", step_run: str, **options: Any) -> BaseOperator:
        """Return the task of a step or chore."""
        return LocalStepOperator(request=request, step_run=step_run, **options)

    def step_options(self, request: StepOrder) -> dict[str, Any]:
        """Return the catalog's number of retries: a process ends with its worker."""
        return {"retries": request.pipeline.execution.retries}

    def sweep(self, airflow: "Airflow", now: datetime, *, dry_run: bool) -> dict[str, int]:
        """Do nothing: a step is a child of its task and leaves nothing."""
        _log.info("runtime local keeps nothing to sweep")
        return {}


RUNTIME: Runtime = LocalRuntime()
