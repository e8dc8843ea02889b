"""Docker Compose and the engine as the stack's commands need them. Only the command line of Docker, no client."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[3]
PROFILE = "tools"
"""The profile of services that only commands start."""

_FILES = "docker-compose.airflow.yml"
_START_SECONDS = 600
"""Compose's own limit does not hold while it waits for what a service depends on."""

_WELL = ("", "healthy")


class StackError(RuntimeError):
    """The stack cannot do what was asked; the message says why and what to do."""


@dataclass(frozen=True)
class Stack:
    """The stack as Compose sees it: its files with the values of ``.env`` and the environment put in."""

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
        """Return a variable of a service's environment."""
        # Compose doubles each dollar sign, so that its output can be read as a file again.
        return str(self.config["services"][service]["environment"][variable]).replace("$$", "$")

    def url(self, service: str) -> str:
        """Return the address on which a service is published."""
        port = self.config["services"][service]["ports"][0]
        host = port.get("host_ip", "127.0.0.1")
        return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port['published']}"  # noqa: S104


def read_stack() -> Stack:
    """Read the stack's files.

    Raises:
        StackError: Compose refuses them, for a secret that is missing for example.
    """
    return Stack(json.loads(compose("config", "--format", "json")))


def start() -> None:
    """Start what is not running and wait until it answers.

    Raises:
        StackError: a service ended or does not answer; with the last lines of those that do not run or are not healthy.
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
    """Tell whether the engine has a volume."""
    return name in docker("volume", "ls", "--quiet", "--filter", f"name={name}").split()


def compose(*arguments: str, **options: Any) -> str:
    """Run ``docker compose``; as :func:`docker`."""
    return docker("compose", *arguments, **options)


def docker(
    *arguments: str, source: IO[bytes] | None = None, target: IO[bytes] | None = None, timeout: float | None = None
) -> str:
    """Run a command of Docker and return what it prints.

    Args:
        arguments: of the command line.
        source: what the command reads.
        target: where its output goes instead.
        timeout: seconds after which it is ended.

    Raises:
        StackError: it failed, or did not end in time.
    """
    command = os.environ.get("DOCKER", "docker")
    environment = {"COMPOSE_FILE": _FILES} | os.environ
    try:
        process = subprocess.Popen(
            [command, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=source or subprocess.DEVNULL,
            stdout=target or subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
    except FileNotFoundError as error:
        raise StackError(f"{command} is not here: install Docker with Compose, or set DOCKER to its path") from error
    with process:
        try:
            said, complaint = process.communicate(timeout=timeout)
        except BaseException as error:
            # Compose is a process of its own, which outlives the command line that started it.
            os.killpg(process.pid, signal.SIGTERM)
            if isinstance(error, subprocess.TimeoutExpired):
                raise StackError(f"docker {' '.join(arguments[:5])} did not end within {timeout} s") from error
            raise
    if process.returncode:
        reason = complaint.decode(errors="replace").strip()[-2000:]
        raise StackError(f"docker {' '.join(arguments[:5])} ended with {process.returncode}: {reason}")
    return (said or b"").decode(errors="replace")
