"""Describe a step's environment (versions, revision, host) as tags of the run, so that a result can be explained later.

Reads package metadata and the system; must not import mlflow or a framework's library.
"""

import os
import platform
import re
import socket
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from trainer import __version__

if TYPE_CHECKING:
    from trainer.settings import Settings

_PACKAGES = ("mlflow", "numpy")
_GIT_SECONDS = 5


def environment_tags(settings: "Settings", framework: Mapping[str, str]) -> dict[str, str]:
    """Return the versions, the revision, the host and what the framework says of itself as tags of the MLflow run."""
    facts = {
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
        "trainer": __version__,
        "git_sha": git_sha(settings),
        "image": settings.trainer_image,
        "image_id": settings.trainer_image_id,
        "host": socket.gethostname(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpu": cpu_name(),
        "cpus": str(available_cpus()),
        **framework,
    }
    return {f"environment.{name}": value for name, value in facts.items()}


def git_sha(settings: "Settings") -> str:
    """Return the code's revision: from the deployment, else from the checkout it runs from, else empty."""
    if settings.trainer_git_sha:
        return settings.trainer_git_sha
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):  # an image has no git and needs none
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def device_for(settings: "Settings", gpus: int) -> str:
    """Return a step's device: as the deployment says, else the indexes of the GPUs it was given, else ``cpu``."""
    return settings.trainer_device or ",".join(str(index) for index in range(gpus)) or "cpu"


def cpu_name() -> str:
    """Return the processor's name as the system gives it."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1] if match else platform.processor()


def available_cpus() -> int:
    """Return how many CPUs this process may use: the lower of affinity and the container's quota, at least one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(allowed, round(quota)) if quota else allowed)


def _cgroup_quota() -> float | None:
    """Return the CPU limit of the container in CPUs, from control groups version 2 or 1."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            quota = Path("/sys/fs/cgroup/cpu/cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = Path("/sys/fs/cgroup/cpu/cpu.cfs_period_us").read_text(encoding="ascii").strip()
        except OSError:
            return None
    return int(quota) / int(period) if quota.isdigit() and int(period) > 0 else None
