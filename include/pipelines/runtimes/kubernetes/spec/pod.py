"""Build the numbered pods of a task, and the pod that closes a lost step's record, from the provider's pod.

A manifest is a pod as the API server takes it. Nothing here talks to a cluster.
"""

import copy
from typing import Any

from include.pipelines.errors import StepLost
from include.pipelines.operator import close_command
from include.pipelines.runtimes.kubernetes.settings import KubernetesSettings
from include.pipelines.runtimes.kubernetes.state import CONTAINER, GENERATION_LABEL, TASK_LABEL
from include.step_contract import transport

from .fields import CACHE, QUEUE_LABEL, SCRATCH
from .identity import PodIdentity

Manifest = dict[str, Any]
CLOSE_SECONDS = 120
"""How long the pod that closes a lost step's record may take."""

_ANSWER_FILE = "/dev/termination-log"


def step_variables(request: str, run: str) -> dict[str, str]:
    """Return the variables that tell a step what to do; nothing else may set them.

    Args:
        request: of the step, as JSON.
        run: of the step, as JSON.
    """
    return {
        transport.REQUEST_VARIABLE: literal(request),
        transport.RUN_VARIABLE: literal(run),
        transport.ANSWER_FILE_VARIABLE: _ANSWER_FILE,
    }


def default_variables(image: str) -> dict[str, str]:
    """Return the variables that tell a step where it is; a field, a policy or a template may set others."""
    return {"TRAINER_IMAGE": literal(image), "TRAINER_WORK_DIR": SCRATCH, "TRAINER_CACHE_DIR": CACHE}


def literal(text: str) -> str:
    """Keep Kubernetes from expanding ``$(NAME)`` in a variable or argument; it reads ``$$`` as ``$``."""
    return text.replace("$", "$$")


def numbered_pod(built: Manifest, identity: PodIdentity, generation: int) -> Manifest:
    """Return the task's pod of a number, whatever name a mutation hook gave it: by its name and labels it is found."""
    pod = copy.deepcopy(built)
    metadata = pod["metadata"]
    metadata["name"] = identity.name(generation)
    metadata["labels"] = (metadata.get("labels") or {}) | identity.numbered_labels(generation)
    return pod


def close_pod(built: Manifest, of: str, lost: StepLost, settings: KubernetesSettings) -> Manifest:
    """Return the pod that closes the record of a step that was lost in the pod ``of``: short, and without a GPU."""
    pod = copy.deepcopy(built)
    metadata, spec = pod["metadata"], pod["spec"]
    metadata["name"] = f"{of}-close"
    for label in (TASK_LABEL, GENERATION_LABEL, QUEUE_LABEL):
        metadata.get("labels", {}).pop(label, None)
    spec["activeDeadlineSeconds"] = CLOSE_SECONDS
    step = _step_container(pod)
    step["args"] = [literal(argument) for argument in close_command(lost)]
    for amounts in (step.get("resources") or {}).values():
        if isinstance(amounts, dict):
            amounts.pop(settings.kubernetes_gpu_resource, None)
    _leave_gpu_nodes(spec, settings)
    return pod


def image_of(pod: Manifest) -> str:
    """Return the image of the step's container."""
    return str(_step_container(pod).get("image"))


def _step_container(pod: Manifest) -> Manifest:
    return next(each for each in pod["spec"]["containers"] if each["name"] == CONTAINER)


def _leave_gpu_nodes(spec: Manifest, settings: KubernetesSettings) -> None:
    """Take back what the settings add for steps with GPUs, since a GPU node may have to be started for it."""
    general = settings.kubernetes_node_selector
    selector = spec.get("nodeSelector") or {}
    for label, value in settings.kubernetes_gpu_node_selector.items():
        if selector.get(label) == value and label not in general:
            del selector[label]
    only_gpus = [each for each in settings.kubernetes_gpu_tolerations if each not in settings.kubernetes_tolerations]
    spec["tolerations"] = [each for each in spec.get("tolerations") or [] if each not in only_gpus]
    if settings.kubernetes_gpu_runtime_class and spec.get("runtimeClassName") == settings.kubernetes_gpu_runtime_class:
        spec["runtimeClassName"] = settings.kubernetes_runtime_class or None
