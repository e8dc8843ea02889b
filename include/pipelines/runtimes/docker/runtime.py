"""Run steps as containers: the provider's DockerOperator, with a container that outlives the worker.

The fields are the provider's, and the container is made of them when the task starts: a cluster policy that changes an
image, a mount or a user changes the container. The life of the container is ours; see decisions 0012, 0013 and 0034.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.docker.hooks.docker import DockerHook
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import Context

from include.pipelines.operator import StepTask
from include.pipelines.runtimes import Runtime
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract.order import StepOrder

from .fields import fields_of, refuse_fields_without_effect
from .settings import docker_settings

if TYPE_CHECKING:  # not paid for by a parse
    from airflow.sdk import BaseOperator

    from include.pipelines.airflow_state import Airflow
    from include.pipelines.pending_chore import AnyRequest

GPU_POOL = "gpu"
"""Airflow pool with as many slots as the Docker host has GPUs; the stack makes it."""


class DockerStepOperator(StepTask, DockerOperator):
    """Run ``trainer <step>``, or a chore, in a container, or attach to an earlier one; end as its exit code says."""

    template_fields: Sequence[str] = (*DockerOperator.template_fields, "step_run")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DockerOperator.template_fields_renderers,
        "environment": "json",
        "mounts": "json",
        "step_run": "json",
    }
    ui_color = "#dfeaf7"
    overwrite_rtif_after_execution = True
    """The container's name is among the rendered fields, and is known when the task has started."""

    def __init__(self, *, request: "AnyRequest", step_run: str = STEP_RUN_TEMPLATE, **options: Any) -> None:
        """Fill the provider's fields from the settings and the request, which Jinja never sees."""
        super().__init__(**(fields_of(request, docker_settings()) | options))
        self.request = request
        self.step_run = step_run

    def execute(self, context: Context) -> str:
        """Run the step, stream its output into the task's log and return its result as JSON.

        The provider's ``execute`` loses nights, each time in a way that a test of ``tests/pipelines/runtimes/docker``
        holds: it

        - starts a second container beside the one that a dead worker left
          (test_killed_task_process_loses_nothing_the_retry_attaches),
        - ends a killed task green where its container exits with 0, airflow #73006
          (test_a_task_that_a_person_ends_stops_its_container_and_is_never_green),
        - takes the last line of both streams mixed for the result (test_only_standard_output_answers),
        - makes a weight of ``cpus`` (test_the_container_is_confined_and_its_secrets_are_not_in_the_log),
        - logs in to the registry for each client
          (test_an_unavailable_registry_is_asked_only_for_an_image_that_is_not_here),
        - keeps every line of the log in memory.
        """
        from .attempt import ContainerAttempt

        refuse_fields_without_effect(self)
        self._normalize_mounts()
        request, store = self.request_in(context), context.get("task_state_store")
        attempt = ContainerAttempt(self, request, self.step_run, store, self.raise_if_killed)
        self.container_name = attempt.identity.name
        return self.carry_out(attempt, context)

    def on_kill(self) -> None:
        """Take note; the loop that follows the log acts on it within a second, outside of a signal handler.

        The provider's waits here for the end of the container, where Airflow leaves five seconds, grants it the
        engine's 10 s (test_a_step_that_does_not_stop_is_killed_by_the_engine_after_its_grace), and stops a training
        whose worker only restarts (test_a_worker_that_goes_away_leaves_the_container_to_the_retry).
        """
        self.is_killed = True


class DockerRuntime:
    """A Docker engine."""

    def operator(self, request: "AnyRequest", step_run: str, **options: Any) -> "BaseOperator":
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
        return retries | {"pool": GPU_POOL, "pool_slots": min(gpus, len(docker_settings().gpu_devices) or 1)}

    def sweep(self, airflow: "Airflow", now: datetime, *, dry_run: bool) -> dict[str, int]:
        """Stop and remove containers of tasks that are over."""
        from .engine import connect
        from .sweep import sweep

        url = docker_settings().docker_host
        client = connect(DockerHook(docker_conn_id=None, base_url=url), url)
        return sweep(client, now, airflow=airflow, dry_run=dry_run)


RUNTIME: Runtime = DockerRuntime()
