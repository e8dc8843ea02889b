"""The life of one step's container, as its task sees it.

A container keeps running when its task's worker goes away. When the task is stopped, it gets SIGTERM at once and
SIGKILL after ``execution.stop_grace_seconds``, by the engine, whether this process lives or not.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from docker import APIClient

from include.pipelines.errors import OutOfContainerMemory, StepFailed, StepLost
from include.pipelines.operator import conclude
from include.pipelines.runtimes.docker import engine
from include.pipelines.runtimes.docker.config import close_config, container_config
from include.pipelines.runtimes.docker.engine import ContainerState
from include.pipelines.runtimes.docker.gpu_lease import create_with_gpus
from include.pipelines.runtimes.docker.logs import LogFollower
from include.pipelines.runtimes.task_state import keep, known_positions
from include.pipelines.settings import settings
from include.step_contract import transport
from include.step_contract.failure import Failure, FailureKind
from include.step_contract.order import Order, StepOrder
from include.step_contract.result import Result

if TYPE_CHECKING:
    from airflow.sdk.execution_time.context import TaskStateStoreAccessor
    from airflow.sdk.types import Logger

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
        request: Order,
        step_run: str,
        store: "TaskStateStoreAccessor | None",
        check: Callable[[], None],
        log: "Logger",
    ) -> None:
        """Do nothing yet; ``check`` is called often and may raise to give up."""
        self._request, self._step_run, self._store, self._check = request, step_run, store, check
        self._log = log
        self._run = transport.decode_run(step_run)
        self._identity = engine.identity_of(self._run, request.command, request.group)
        self._container: str | None = None
        self._ended: ContainerState | None = None

    # -- start ---------------------------------------------------------------------------------------------------------

    def start_or_attach(self) -> None:
        """Attach to the task's container whose result nobody took yet, or start a new one."""
        client = engine.connect()
        with engine.translated("look for earlier containers of this task"):
            engine.sweep(client, self._request.group, datetime.now(UTC))
            self._wait_until_gone(client)
            found = engine.state_of(client, self._identity.name)
            if found is not None and found.status == "created":
                engine.remove(client, found.id)  # of an attempt that died before it could start it
            elif found is not None:
                self._log.info("container %s of an earlier try is %s; taking it over", found.name, found.status)
                self._container = found.id
                return
        self._container = self._start_new(client)

    def _wait_until_gone(self, client: APIClient) -> None:
        """Wait for a container that was told to stop: two of one task must never work at once."""
        grace = self._request.stop_grace_seconds
        deadline = time.monotonic() + grace + _GONE_MARGIN_SECONDS
        while living := engine.others(client, self._identity):
            self._check()
            if time.monotonic() > deadline:
                self._log.warning("a container of an earlier try outlived its grace of %s s; ending it", grace)
                for container in living:
                    engine.remove(client, container)
            time.sleep(_POLL_SECONDS)

    def _start_new(self, client: APIClient) -> str:
        name, tag = self._identity.name, settings().trainer_image
        image = engine.image_id(client, tag)
        container = self._create(client, image)
        if container is None:
            return self._started_by_other(client)
        engine.start(client, container)
        self._log.info(
            "started container %s (%s) of %s, which is %s", name, container[:12], settings().trainer_image, image
        )
        return container

    def _create(self, client: APIClient, image: str) -> str | None:
        config: Callable[[Sequence[str]], dict[str, Any]] = partial(
            container_config,
            self._identity,
            self._request,
            self._step_run,
            settings(),
            image,
            client.create_host_config,
        )
        gpus = self._request.resources.gpus
        if not gpus:
            return engine.create(client, config(()))
        return create_with_gpus(client, settings().gpu_devices, gpus, config, self._check)

    def _started_by_other(self, client: APIClient) -> str:
        """Return the container that another attempt at this task has just created, once that has started it."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            self._check()
            with engine.translated("look for the other try's container"):
                found = engine.state_of(client, self._identity.name)
            if found is not None and found.status != "created":
                self._log.info("another try of this task has just started container %s; attaching to it", found.name)
                return found.id
            time.sleep(_POLL_SECONDS)
        raise StepFailed(f"container {self._identity.name} of another try does not start", FailureKind.TRY_AGAIN)

    # -- follow --------------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Write the container's lines into the task's log until it has ended."""
        container = self._container or self._identity.name
        positions = known_positions(self._store, _POSITION_KEY)
        while True:
            self._log_lines(LogFollower(container, positions))
            if not self._is_running():
                break
            self._log.warning("the engine stopped sending the log of a running container; following it again")
            time.sleep(1)
        self._log_lines(LogFollower(container, positions, follow=False))
        self._ended = self._state()
        if self._ended is None or self._ended.name != self._identity.name:
            raise StepFailed(
                f"container {container[:12]} is gone: another try took its result, or somebody removed it",
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
        container = self._container or self._identity.name
        return engine.patiently(lambda: engine.state_of(engine.connect(), container), self._check)

    # -- end -----------------------------------------------------------------------------------------------------------

    def judge(self) -> Result:
        """Return the result of the container that has ended."""
        step, state = self._request.command, self._state_at_end
        answer = engine.answer_of(engine.connect(), state.id)
        if state.is_oom_killed and state.exit_code != 0 and not isinstance(answer, Failure):
            limit = self._request.resources.memory
            where = f" (resources.{step}.memory in the catalog)" if isinstance(self._request, StepOrder) else ""
            raise OutOfContainerMemory(
                f"{step}: out of memory: the container reached its limit of {limit}{where} and was killed; the next "
                "attempt resumes from the last checkpoint"
            )
        if state.error and answer is None:
            raise StepFailed(f"{step}: the container could not run: {state.error}", FailureKind.BAD_REQUEST)
        return conclude(step, state.exit_code, answer)

    def remove(self) -> None:
        """Remove the container with its scratch volume."""
        engine.remove(engine.connect(), self._state_at_end.id)

    def retire(self) -> None:
        """Give the container another name and keep it for inspection."""
        with engine.translated("put the failed container aside"):
            engine.retire(engine.connect(), self._state_at_end, f"try{self._run.try_number}")

    @property
    def _state_at_end(self) -> ContainerState:
        if self._ended is None:
            raise RuntimeError("follow comes first")
        return self._ended

    def close(self, lost: StepLost) -> str:
        """Run ``trainer close`` in a container of the image of the one that was lost, and return its output."""
        client, image = engine.connect(), self._state_at_end.image
        config = close_config(
            self._identity, self._request, self._step_run, settings(), image, client.create_host_config, lost
        )
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
        client = engine.connect()
        state = engine.state_of(client, self._container)
        if state is None or not state.is_running:
            return
        # Renamed first: the next attempt must wait for its end and not attach to it.
        engine.retire(client, state, "stopped")
        engine.stop(client, state.id, self._request.stop_grace_seconds)
