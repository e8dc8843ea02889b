"""A step as a container of the training image that outlives the worker which started it.

Not the provider's DockerOperator, because of defects that lose nights: a worker that dies leaves its container running
and the retry starts a second one beside it; a killed task can end green (airflow #73006); stopping waits in on_kill,
where Airflow leaves five seconds; the result is the last line of both streams mixed. This one is built on the
provider's hook and Airflow's ResumableJobMixin; what the engine does is in ``docker_engine``.

A task that is killed asks Airflow whether it is still wanted. If so, only its worker is going away: the container goes
on and the next try attaches to it. If not, a person or a timeout ended it: the container gets SIGTERM at once and
SIGKILL after ``execution.stop_grace_seconds``, by the engine, whether this process lives or not.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, Context, ResumableJobMixin
from airflow.sdk.exceptions import AirflowSkipException, AirflowTaskTimeout

from include.pipelines.errors import OutOfContainerMemory, StepFailed, StepLeft, StepLost, conclude
from include.pipelines.runtimes.task_state import is_still_wanted, keep, known_positions
from include.pipelines.settings import settings
from include.pipelines.step_identity import STEP_RUN_TEMPLATE
from include.step_contract import transport
from include.step_contract.chore import ChoreRequest, ChoreResult
from include.step_contract.step import FailureKind, StepFailure, StepRequest, StepResult, StepRun

if TYPE_CHECKING:
    from docker import APIClient

    from include.pipelines.runtimes.docker.engine import ContainerIdentity, ContainerState
    from include.pipelines.runtimes.docker.logs import LogFollower

_POSITION_KEY = "log_position"
_POSITION_SECONDS = 5.0
_POLL_SECONDS = 0.3
_QUIET_SECONDS = 20.0
_START_SECONDS = 60
_CLOSE_SECONDS = 60
_GONE_MARGIN_SECONDS = 30
_GONE = "gone"


class DockerStepOperator(ResumableJobMixin, BaseOperator):
    """Run ``trainer <step>``, or a chore, in a container, or attach to an earlier try's; end as its exit code says."""

    template_fields: Sequence[str] = ("step_run",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"step_run": "json"}
    ui_color = "#dfeaf7"
    external_id_key = "container_id"

    def __init__(
        self, *, request: StepRequest | ChoreRequest, step_run: str = STEP_RUN_TEMPLATE, **options: Any
    ) -> None:
        """Keep the request, which is no template field, so Jinja never sees it."""
        super().__init__(**options)
        self.request = request
        self.step_run = step_run
        self._killed = False
        self._watched: str | None = None
        self._result = ""

    def execute(self, context: Context) -> str:
        """Run the step, stream its output into the task's log and return its result as JSON."""
        try:
            self.execute_resumable(context)
            return self._result
        except (AirflowTaskTimeout, KeyboardInterrupt):
            self._stop_container()
            raise

    def on_kill(self) -> None:
        """Only take note: the loop that follows the log acts on it within a second, outside of a signal handler."""
        self._killed = True

    # -- ResumableJobMixin ---------------------------------------------------------------------------------------------

    def submit_job(self, context: Context) -> str:
        """Return the id of the task's container: the one nobody took the result of yet, or a new one, started."""
        from include.pipelines.runtimes.docker import engine

        client, identity = self._client(), self._identity()
        with engine.translated("look for earlier containers of this task"):
            engine.sweep(client, self.request.group, datetime.now(UTC))
            self._wait_until_gone(identity)
            found = engine.state_of(client, identity.name)
            if found is not None and found.status == "created":
                engine.remove(client, found.id)  # of a try that died before it could start it
            elif found is not None:
                self.log.info("container %s of an earlier try is %s; taking it over", found.name, found.status)
                return found.id
        return self._start_new(identity)

    def get_job_status(self, external_id: Any, context: Context) -> str:
        """Return the engine's status of a container; ``gone`` if its result was taken or it was removed."""
        from include.pipelines.runtimes.docker import engine

        with engine.translated("look for the container of the try before"):
            state = engine.state_of(self._client(), str(external_id))
        return state.status if state is not None and state.name == self._identity().name else _GONE

    def is_job_active(self, status: str) -> bool:
        """A container that ended counts, too: its result is still to be taken."""
        return status not in (_GONE, "created")

    def is_job_succeeded(self, status: str) -> bool:
        """Never: success is what the container's answer says, and taking it is part of polling."""
        return False

    def poll_until_complete(self, external_id: Any, context: Context) -> None:
        """Follow the container to its end and take its result."""
        container = str(external_id)
        self._watched = container
        self._follow(container, context)
        self._take_result(container)

    def get_job_result(self, external_id: Any, context: Context) -> None:
        """Nothing: a step's findings are in MLflow."""

    # -- start ---------------------------------------------------------------------------------------------------------

    def _client(self) -> "APIClient":
        from include.pipelines.runtimes.docker.engine import connect

        return connect()

    def _run(self) -> StepRun:
        return transport.decode_run(self.step_run)

    def _identity(self) -> "ContainerIdentity":
        from include.pipelines.runtimes.docker.engine import identity_of

        return identity_of(self._run(), self.request.command, self.request.group)

    def _wait_until_gone(self, identity: "ContainerIdentity") -> None:
        """Wait for a container that was told to stop: two of one task must never work at once."""
        from include.pipelines.runtimes.docker import engine

        client, grace = self._client(), self.request.stop_grace_seconds
        deadline = time.monotonic() + grace + _GONE_MARGIN_SECONDS
        while living := engine.others(client, identity):
            self._raise_if_killed()
            if time.monotonic() > deadline:
                self.log.warning("a container of an earlier try outlived its grace of %s s; ending it", grace)
                for container in living:
                    engine.remove(client, container)
            time.sleep(_POLL_SECONDS)

    def _start_new(self, identity: "ContainerIdentity") -> str:
        from include.pipelines.runtimes.docker import engine

        client = self._client()
        image = engine.image_id(client, settings().trainer_image)
        container = self._create(client, identity, image)
        if container is None:
            return self._started_by_other(client, identity)
        engine.start(client, container)
        self.log.info(
            "started container %s (%s) of %s, which is %s",
            identity.name,
            container[:12],
            settings().trainer_image,
            image,
        )
        return container

    def _create(self, client: "APIClient", identity: "ContainerIdentity", image: str) -> str | None:
        from include.pipelines.runtimes.docker.config import container_config
        from include.pipelines.runtimes.docker.engine import create
        from include.pipelines.runtimes.docker.gpu_lease import create_with_gpus

        config: Callable[..., dict[str, Any]] = partial(
            container_config, identity, self.request, self.step_run, settings(), image, client.create_host_config
        )
        gpus = self.request.resources.gpus
        if not gpus:
            return create(client, config())
        return create_with_gpus(client, settings().gpu_devices, gpus, config, lambda: self._killed)

    def _started_by_other(self, client: "APIClient", identity: "ContainerIdentity") -> str:
        """Return the container that another try of this task has just created, once that has started it."""
        from include.pipelines.runtimes.docker import engine

        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self._raise_if_killed()
            with engine.translated("look for the other try's container"):
                found = engine.state_of(client, identity.name)
            if found is not None and found.status != "created":
                self.log.info("another try of this task has just started container %s; attaching to it", found.name)
                return found.id
            time.sleep(_POLL_SECONDS)
        raise StepFailed(f"container {identity.name} of another try does not start", FailureKind.TRY_AGAIN)

    # -- follow --------------------------------------------------------------------------------------------------------

    def _follow(self, container: str, context: Context) -> None:
        """Bring the container's lines into the task's log until it has ended."""
        from include.pipelines.runtimes.docker.logs import LogFollower

        store = context.get("task_state_store")
        positions = known_positions(store, _POSITION_KEY)
        while True:
            self._log_lines(LogFollower(container, positions), container, context)
            if not self._is_running(container):
                break
            self.log.warning("the engine stopped sending the log of a living container; following it anew")
            time.sleep(1)
        self._log_lines(LogFollower(container, positions, follow=False), container, context)

    def _log_lines(self, follower: "LogFollower", container: str, context: Context) -> None:
        store = context.get("task_state_store")
        kept = quiet = time.monotonic()
        for line in follower.lines(_POLL_SECONDS):
            self._act_if_killed(context)
            now = time.monotonic()
            if line is not None:
                self.log.info("%s", line)
                quiet = now
            elif now - quiet > _QUIET_SECONDS:
                if not self._is_running(container):
                    return
                quiet = now
            if store is not None and now - kept > _POSITION_SECONDS and follower.positions:
                keep(store, _POSITION_KEY, dict(follower.positions))
                kept = now

    def _is_running(self, container: str) -> bool:
        from include.pipelines.runtimes.docker import engine

        state = engine.patiently(lambda: engine.state_of(self._client(), container), lambda: self._killed)
        return state is not None and state.is_running

    # -- end -----------------------------------------------------------------------------------------------------------

    def _take_result(self, container: str) -> None:
        """End the task as the container's answer says, then remove or retire the container."""
        from include.pipelines.runtimes.docker import engine

        client = self._client()
        state = engine.patiently(lambda: engine.state_of(client, container), lambda: self._killed)
        if state is None or state.name != self._identity().name:
            raise StepFailed(
                f"container {container[:12]} is gone: another try took its result, or somebody removed it",
                FailureKind.TRY_AGAIN,
            )
        try:
            result = self._judge(state, engine.answer_of(client, container))
        except AirflowSkipException:
            engine.remove(client, container)
            raise
        except StepFailed as failure:
            self._end_failed(state, failure)
            raise
        engine.remove(client, container)
        self._result = result.model_dump_json()
        self.log.info("%s", result.headline)

    def _judge(self, state: "ContainerState", answer: transport.Answer | None) -> StepResult | ChoreResult:
        step = self.request.command
        if state.is_oom_killed and state.exit_code != 0 and not isinstance(answer, StepFailure):
            limit = self.request.resources.memory
            where = f" (resources.{step}.memory in the catalog)" if isinstance(self.request, StepRequest) else ""
            raise OutOfContainerMemory(
                f"{step}: out of memory: the container reached its limit of {limit}{where} and was killed; the next "
                "try goes on from the last checkpoint"
            )
        if state.error and answer is None:
            raise StepFailed(f"{step}: the container could not run: {state.error}", FailureKind.BAD_REQUEST)
        return conclude(step, state.exit_code, answer, killed=False)

    def _end_failed(self, state: "ContainerState", failure: StepFailed) -> None:
        from include.pipelines.runtimes.docker import engine

        client = self._client()
        if isinstance(failure, StepLost) and isinstance(self.request, StepRequest):
            self._close_record(client, state, self.request, failure)
        with engine.translated("put the failed container aside"):
            engine.retire(client, state, f"try{self._run().try_number}")

    def _close_record(self, client: "APIClient", state: "ContainerState", request: StepRequest, lost: StepLost) -> None:
        """End the MLflow run that the lost step could not end; the next try opens it again."""
        from include.pipelines.runtimes.docker import engine
        from include.pipelines.runtimes.docker.config import close_config

        self.log.warning("%s; closing its MLflow run", lost)
        config = close_config(
            self._identity(), request, self.step_run, settings(), state.image, client.create_host_config, lost
        )
        container = None
        try:
            engine.remove(client, config["name"])
            container = engine.create(client, config)
            if container is not None:
                engine.start(client, container)
                with engine.translated("wait for the record to be closed"):
                    client.wait(container, timeout=_CLOSE_SECONDS)
                    output: bytes = client.logs(container)
                self.log.info("%s", output.decode(errors="replace").strip())
        except StepFailed as failure:
            self.log.warning("the MLflow run could not be closed: %s; left to the next try", failure)
        finally:
            if container is not None:
                engine.remove(client, container)

    # -- kill ----------------------------------------------------------------------------------------------------------

    def _raise_if_killed(self) -> None:
        if self._killed:
            raise StepFailed(
                f"{self.request.command}: the task was killed before its step began", FailureKind.TERMINATED
            )

    def _act_if_killed(self, context: Context) -> None:
        """Leave the container to the next try if only the worker is going away, else stop it.

        Raises:
            StepLeft, StepFailed: always, if the task was killed: it must never end green (airflow #73006).
        """
        if not self._killed:
            return
        if is_still_wanted(context["ti"], self._run()):
            raise StepLeft(
                f"{self.request.command}: the worker was told to stop; its container goes on for the next try"
            )
        self._stop_container()
        raise StepFailed(f"{self.request.command}: the task was killed; its container stops", FailureKind.TERMINATED)

    def _stop_container(self) -> None:
        from include.pipelines.runtimes.docker import engine

        if self._watched is None:
            return
        client = self._client()
        state = engine.state_of(client, self._watched)
        if state is None or not state.is_running:
            return
        # Renamed first: the next try must wait for its end and not attach to it.
        engine.retire(client, state, "stopped")
        engine.stop(client, state.id, self.request.stop_grace_seconds)
