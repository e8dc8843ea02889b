"""The life of one step's container, as its task sees it.

A container keeps running when its task's worker goes away. When the task is stopped, it gets SIGTERM at once and
SIGKILL after ``execution.stop_grace_seconds``, by the engine, whether this process lives or not.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.docker.operators.docker import DockerOperator
from docker import APIClient

from include.pipelines.errors import OutOfContainerMemory, StepFailed, StepLost
from include.pipelines.operator import conclude
from include.pipelines.task_state import keep, known_positions
from include.step_contract import transport
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Order, StepOrder
from include.step_contract.result import Result

from . import engine
from .container import close_config, container_config, variables_of
from .engine import ContainerState
from .fields import bytes_of
from .gpu_lease import create_with_gpus
from .identity import identity_of
from .images import image_id
from .logs import LogFollower
from .settings import docker_settings
from .sweep import sweep

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor

_POSITION_KEY = "log_position"
_POSITION_SECONDS = 5.0
_POLL_SECONDS = 0.3
_QUIET_SECONDS = 20.0
_START_SECONDS = 60
_CLOSE_SECONDS = 60
_GONE_MARGIN_SECONDS = 30


class ContainerAttempt:
    """One attempt in a container, or at the container of an earlier attempt."""

    work = "container"

    def __init__(
        self,
        task: DockerOperator,
        request: Order,
        step_run: str,
        store: "TaskStateStoreAccessor | None",
        check: Callable[[], None],
    ) -> None:
        """Do nothing yet; ``check`` is called often and may raise to give up.

        The container is made of the fields of ``task``.
        """
        self._task, self._request, self._step_run, self._store = task, request, step_run, store
        self._check, self._log = check, task.log
        self._run = transport.decode_run(step_run)
        self.identity = identity_of(self._run, request.command, request.group)
        self._container: str | None = None
        self._ended: ContainerState | None = None

    def _client(self) -> APIClient:
        return engine.connect(engine.connection_of(self._task), self._task.docker_url)

    # -- start ---------------------------------------------------------------------------------------------------------

    def start_or_attach(self) -> None:
        """Attach to the task's container whose result has not been taken, or start a new one."""
        client = self._client()
        with engine.translated("look for earlier containers of this task"):
            sweep(client, datetime.now(UTC), pipeline=self._request.group)
            self._wait_until_gone(client)
            found = engine.state_of(client, self.identity.name)
            if found is not None and found.status == "created":
                engine.remove(client, found.id)  # of an attempt that died before it could start it
            elif found is not None:
                said = "container %s (%s) of an earlier attempt is %s; attaching to it"
                self._log.info(said, found.name, found.id[:12], found.status)
                self._container = found.id
                return
        self._container = self._start_new(client)

    def _wait_until_gone(self, client: APIClient) -> None:
        """Wait for the end of a stopping container: two containers of a task must never run at once."""
        grace = self._request.stop_grace_seconds
        deadline = time.monotonic() + grace + _GONE_MARGIN_SECONDS
        while living := engine.stopping_containers(client, self.identity):
            self._check()
            if time.monotonic() > deadline:
                self._log.warning("a container of an earlier attempt outlived its grace of %s s; ending it", grace)
                for container in living:
                    engine.remove(client, container)
            time.sleep(_POLL_SECONDS)

    def _start_new(self, client: APIClient) -> str:
        name, tag = self.identity.name, self._task.image
        login = engine.connection_of(self._task, logs_in=True) if self._task.docker_conn_id else None
        image = image_id(client, tag, login, force_pull=self._task.force_pull)
        container = self._create(client, image)
        if container is None:
            return self._started_by_other(client)
        engine.start(client, container)
        self._log.info("started container %s (%s) of %s, which is %s", name, container[:12], tag, image)
        return container

    def _create(self, client: APIClient, image: str) -> str | None:
        count = self._request.resources.gpus
        if not count:
            return engine.create(client, self._config(client, image))
        config = partial(self._config, client, image)
        return create_with_gpus(client, docker_settings().gpu_devices, count, config, self._check)

    def _config(self, client: APIClient, image: str, gpus: Sequence[str] = ()) -> dict[str, Any]:
        variables = variables_of(self._request, self._step_run)
        return container_config(client, self._task, self.identity, self._request, variables, image, gpus)

    def _started_by_other(self, client: APIClient) -> str:
        """Return the container that another attempt at this task has just created, once that has started it."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self._check()
            with engine.translated("look for the other attempt's container"):
                found = engine.state_of(client, self.identity.name)
            if found is not None and found.status != "created":
                self._log.info(
                    "another attempt at this task has just started container %s; attaching to it", found.name
                )
                return found.id
            time.sleep(_POLL_SECONDS)
        raise StepFailed(f"container {self.identity.name} of another attempt does not start", FailureKind.TRY_AGAIN)

    # -- follow --------------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Write the container's lines into the task's log until it has ended."""
        container = self._container or self.identity.name
        positions = known_positions(self._store, _POSITION_KEY)
        while True:
            self._log_lines(LogFollower(self._client, container, positions))
            if not self._is_running():
                break
            self._log.warning("the engine stopped sending the log of a running container; following it again")
            time.sleep(1)
        self._log_lines(LogFollower(self._client, container, positions, follow=False))
        self._ended = self._state()
        if self._ended is None or self._ended.name != self.identity.name:
            raise StepFailed(
                f"container {container[:12]} is gone: another attempt took its result, or a person removed it",
                FailureKind.TRY_AGAIN,
            )

    def _log_lines(self, follower: LogFollower) -> None:
        kept = quiet = time.monotonic()
        for line in follower.lines(_POLL_SECONDS):
            self._check()
            now = time.monotonic()
            if line is not None:
                self._log.info("%s", line)
                quiet = now
            elif now - quiet > _QUIET_SECONDS:
                if not self._is_running():
                    return
                quiet = now
            if self._store is not None and now - kept > _POSITION_SECONDS and follower.positions:
                keep(self._store, _POSITION_KEY, dict(follower.positions))
                kept = now

    def _is_running(self) -> bool:
        state = self._state()
        return state is not None and state.is_running

    def _state(self) -> ContainerState | None:
        container = self._container or self.identity.name
        return engine.with_retries(lambda: engine.state_of(self._client(), container), self._check)

    # -- end -----------------------------------------------------------------------------------------------------------

    def judge(self) -> Result:
        """Return the result of the container that has ended."""
        step, state = self._request.command, self._state_at_end
        answer = engine.answer_of(self._client(), state.id)
        if state.is_oom_killed and state.exit_code != 0 and not isinstance(answer, Failure):
            raise OutOfContainerMemory(
                f"{step}: out of memory: the container reached its limit of {self._limit(state)} and was killed; the "
                "next attempt resumes from the last checkpoint"
            )
        if state.error and answer is None:
            raise StepFailed(f"{step}: the container could not run: {state.error}", FailureKind.BAD_REQUEST)
        return conclude(step, state.exit_code, answer)

    def _limit(self, state: ContainerState) -> str:
        memory = self._request.resources.memory
        if state.memory_limit_bytes != bytes_of(memory):
            return f"{state.memory_limit_bytes >> 20}Mi (mem_limit of the task)"
        is_step = isinstance(self._request, StepOrder)
        return f"{memory} (resources.{self._request.command}.memory in the catalog)" if is_step else memory

    def remove(self) -> None:
        """Remove the container with its scratch volume."""
        engine.remove(self._client(), self._state_at_end.id)

    def retire(self) -> None:
        """Give the container another name and keep it for inspection."""
        with engine.translated("put the failed container aside"):
            engine.retire(self._client(), self._state_at_end, f"try{self._run.try_number}")

    @property
    def _state_at_end(self) -> ContainerState:
        if self._ended is None:
            raise RuntimeError("follow comes first")
        return self._ended

    def close(self, lost: StepLost) -> str:
        """Run ``trainer close`` in a container of the lost container's image, and return its output."""
        client, image = self._client(), self._state_at_end.image
        config = close_config(self._config(client, image), self.identity, lost)
        engine.remove(client, config["name"])
        container = engine.create(client, config)
        if container is None:
            return "another attempt closes it"
        try:
            engine.start(client, container)
            with engine.translated("wait for the record to be closed"):
                client.wait(container, timeout=_CLOSE_SECONDS)
                output: bytes = client.logs(container)
            return output.decode(errors="replace")
        finally:
            engine.remove(client, container)

    # -- kill ----------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Have the engine stop the container; return without waiting for it."""
        if self._container is None:
            return
        client = self._client()
        state = engine.state_of(client, self._container)
        if state is None or not state.is_running:
            return
        # Renamed first: the next attempt must wait for its end and not attach to it.
        engine.retire(client, state, "stopped")
        engine.stop(client, state.id, self._request.stop_grace_seconds)
