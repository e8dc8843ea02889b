"""Run Docker Compose and the engine for the stack's commands, by Docker's command line only."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[3]
PROFILE = "tools"
"""Profile of the services that only commands start."""

_FILES = "docker-compose.airflow.yml"
_START_SECONDS = 600
"""A limit of our own: Compose's does not hold while it waits for the services that a service depends on."""

_WELL = ("", "healthy")


class StackError(RuntimeError):
    """The stack cannot do what was asked; the message says why and what to do."""


@dataclass(frozen=True)
class Stack:
    """The stack as Compose sees it: its files, filled in from ``.env`` and the environment."""

    config: dict[str, Any]

    @property
    def project(self) -> str:
        """Compose's name of the stack; its volumes and containers begin with it."""
        return str(self.config["name"])

    def volume(self, name: str) -> str:
        """Return the engine's name of a volume."""
        return str(self.config["volumes"][name]["name"])

    def image(self, service: str) -> str:
        """Return a service's image."""
        return str(self.config["services"][service]["image"])

    def value(self, service: str, variable: str) -> str:
        """Return the value of a variable in a service's environment."""
        # Compose doubles each dollar sign, so that its output is a valid Compose file.
        return str(self.config["services"][service]["environment"][variable]).replace("$$", "$")

    def url(self, service: str) -> str:
        """Return the address on which a service is published."""
        port = self.config["services"][service]["ports"][0]
        host = port.get("host_ip", "127.0.0.1")
        return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port['published']}"  # noqa: S104


def read_stack() -> Stack:
    """Read the stack's files.

    Raises:
        StackError: Compose refuses them, for example because a secret is missing.
    """
    return Stack(json.loads(compose("config", "--format", "json")))


def start() -> None:
    """Start the services that are not running and wait until they answer.

    Raises:
        StackError: a service ended or does not answer; the message has the last log lines of each such service.
    """
    try:
        compose("up", "--detach", "--wait", "--no-build", timeout=_START_SECONDS)
    except StackError as error:
        services = [json.loads(line) for line in compose("ps", "--all", "--format", "json").splitlines()]
        bad = [service for service in services if service["State"] != "running" or service["Health"] not in _WELL]
        states = "".join(f"\n{service['Service']}: {service['Status']}" for service in bad)
        said = [compose("--ansi=never", "logs", "--tail=20", service["Service"]) for service in bad]
        raise StackError("\n".join((f"{error}{states}", *said))) from error


def running_steps(project: str) -> list[str]:
    """Return the names of the containers in which steps of a stack run."""
    return docker("ps", "--filter", f"label=nightshift.stack={project}", "--format", "{{.Names}}").split()


def has_volume(name: str) -> bool:
    """Return whether the engine has a volume."""
    return name in docker("volume", "ls", "--quiet", "--filter", f"name={name}").split()


def compose(*arguments: str, **options: Any) -> str:
    """Run ``docker compose`` as :func:`docker` runs a command."""
    return docker("compose", *arguments, **options)


def docker(
    *arguments: str, source: IO[bytes] | None = None, target: IO[bytes] | None = None, timeout: float | None = None
) -> str:
    """Run a command of Docker and return what it prints.

    Args:
        arguments: the words after ``docker``.
        source: the command's standard input.
        target: receives the output in place of the returned text.
        timeout: seconds after which the command is stopped.

    Raises:
        StackError: the command failed or did not end in time.
    """
    with _started(arguments, source or subprocess.DEVNULL, target or subprocess.PIPE) as process:
        try:
            said, complaint = process.communicate(timeout=timeout)
        except BaseException as error:
            # Compose is a separate process, which outlives the command line that started it.
            os.killpg(process.pid, signal.SIGTERM)
            if isinstance(error, subprocess.TimeoutExpired):
                raise StackError(f"docker {' '.join(arguments[:5])} did not end within {timeout} s") from error
            raise
    if process.returncode:
        reason = complaint.decode(errors="replace").strip()[-2000:]
        raise StackError(f"docker {' '.join(arguments[:5])} ended with {process.returncode}: {reason}")
    return (said or b"").decode(errors="replace")


def _started(arguments: tuple[str, ...], source: IO[bytes] | int, target: IO[bytes] | int) -> subprocess.Popen[bytes]:
    command = os.environ.get("DOCKER", "docker")
    environment = {"COMPOSE_FILE": _FILES} | os.environ
    try:
        return subprocess.Popen(
            [command, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=source,
            stdout=target,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except FileNotFoundError as error:
        raise StackError(f"{command} not found: install Docker with Compose, or set DOCKER to its path") from error
