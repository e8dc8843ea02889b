"""A step as a container of the training image that outlives the worker which started it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, Context

from include.pipelines.operator import StepTask
from include.pipelines.runtimes import Runtime
from include.pipelines.settings import settings
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract.order import StepOrder

if TYPE_CHECKING:  # not paid for by a parse
    from include.pipelines.airflow_state import Airflow
    from include.pipelines.pending_chore import PendingChore
    from include.step_contract.order import Order

GPU_POOL = "gpu"
"""Airflow pool with as many slots as the Docker host has GPUs; the stack makes it."""


class DockerStepOperator(StepTask, BaseOperator):
    """Run ``trainer <step>``, or a chore, in a container, or attach to an earlier one; end as its exit code says."""

    template_fields: Sequence[str] = ("step_run",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"step_run": "json"}
    ui_color = "#dfeaf7"

    def __init__(self, *, request: "Order | PendingChore", step_run: str = STEP_RUN_TEMPLATE, **options: Any) -> None:
        """Keep the request, which is no template field, so Jinja never sees it."""
        super().__init__(**options)
        self.request = request
        self.step_run = step_run

    def execute(self, context: Context) -> str:
        """Run the step, stream its output into the task's log and return its result as JSON."""
        from include.pipelines.runtimes.docker.attempt import ContainerAttempt

        request, store = self.request_in(context), context.get("task_state_store")
        return self.carry_out(ContainerAttempt(request, self.step_run, store, self.raise_if_killed, self.log), context)

    def on_kill(self) -> None:
        """Take note; the loop that follows the log acts on it within a second, outside of a signal handler."""
        self.is_killed = True


class DockerRuntime:
    """A Docker engine."""

    def operator(self, request: "Order | PendingChore", step_run: str, **options: Any) -> BaseOperator:
        """Return the task of a step or chore."""
        return DockerStepOperator(request=request, step_run=step_run, **options)

    def step_options(self, request: StepOrder) -> dict[str, Any]:
        """Return at least one retry, for the next attempt at a container that outlives its worker, and the GPU pool.

        With GPUs the pool keeps tasks that would only wait for a device from taking worker slots. Airflow never starts
        a task that asks for more slots than there are: such a task starts, and says what is wrong.
        """
        retries = {"retries": max(request.pipeline.execution.retries, 1)}
        if not (gpus := request.resources.gpus):
            return retries
        return retries | {"pool": GPU_POOL, "pool_slots": min(gpus, len(settings().gpu_devices) or 1)}

    def sweep(self, airflow: "Airflow", now: datetime, *, dry_run: bool) -> dict[str, int]:
        """Stop and remove containers of tasks that are over."""
        from include.pipelines.runtimes.docker.sweep import sweep_containers

        return sweep_containers(airflow, now, dry_run=dry_run)


RUNTIME: Runtime = DockerRuntime()
