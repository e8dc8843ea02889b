"""Name and labels of a task's container, the same for every attempt (decision 0012)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from include.pipelines.settings import settings
from include.step_contract.step import StepRun

LABEL = "nightshift"
GPU_LABEL = f"{LABEL}.gpus"
IMAGE_LABEL = f"{LABEL}.image"
STACK_LABEL = f"{LABEL}.stack"


@dataclass(frozen=True)
class ContainerIdentity:
    """Name and labels of the container of one task."""

    name: str
    labels: Mapping[str, str]

    @property
    def task(self) -> str:
        """The label filter that finds every container of this task, also of earlier attempts."""
        return f"{LABEL}.task={self.labels[f'{LABEL}.task']}"


def identity_of(run: StepRun, step: str, pipeline: str) -> ContainerIdentity:
    """Return name and labels of the container of one task of one DAG run, the same for every attempt."""
    suffix = f"-{run.map_index}" if run.map_index >= 0 else ""
    if stack := settings().nightshift_state:
        # Another stack on this engine has the same DAG runs: without this it would adopt the containers of this one.
        suffix += f"-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"
    labels = {
        "task": f"{run.key}-{step}{suffix}",
        "run_key": run.key,
        "dag_id": run.dag_id,
        "run_id": run.run_id,
        "task_id": run.task_id,
        "map_index": str(run.map_index),
        "try_number": str(run.try_number),
        "pipeline": pipeline,
        "step": step,
        "stack": stack,
    }
    name = f"{LABEL}-{run.key[:20]}-{step}{suffix}"
    return ContainerIdentity(name, {f"{LABEL}.{key}": value for key, value in labels.items()})
