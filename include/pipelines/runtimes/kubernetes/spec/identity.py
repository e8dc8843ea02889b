"""Name and label the pods of a task: the same for every attempt, so that each attempt finds what an earlier one left.

Nothing here imports the Kubernetes client or talks to a cluster.
"""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import quote

from include.pipelines.pending_chore import AnyRequest
from include.pipelines.runtimes.kubernetes.state import GENERATION_LABEL, TASK_LABEL
from include.step_contract.step import StepRun

PIPELINE_LABEL = "nightshift/pipeline"
ALL_STEPS = "app.kubernetes.io/name=nightshift-trainer,app.kubernetes.io/managed-by=airflow"
"""The label selector that finds every step's pod in a namespace."""

KEPT_ON_NODE = {
    "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
    "karpenter.sh/do-not-disrupt": "true",
}
"""Annotations that keep an autoscaler from ending a training in order to empty a node."""

_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")


@dataclass(frozen=True)
class PodIdentity:
    """Tell which pods belong to a task: those of all its attempts share the base of their name."""

    base: str
    run: StepRun
    pipeline: str
    step: str

    @property
    def selector(self) -> str:
        """The label selector that finds every pod of the task."""
        return f"{TASK_LABEL}={self.base}"

    def name(self, generation: int) -> str:
        """Return the name of the task's first, second, ... pod."""
        return f"{self.base}-{generation}"

    @property
    def labels(self) -> dict[str, str]:
        """The labels by which the runtime, the sweep and people find the pod."""
        return static_labels(self.pipeline, self.step) | {
            "nightshift/run-key": self.run.key,
            TASK_LABEL: self.base,
        }

    def numbered_labels(self, generation: int) -> dict[str, str]:
        """Return the labels of the task's first, second, ... pod."""
        return self.labels | {GENERATION_LABEL: str(generation)}


def identity_of(run: StepRun, request: AnyRequest, stack: str) -> PodIdentity:
    """Return the identity of a task's pods.

    Args:
        run: of the step.
        request: of the step.
        stack: tells the steps of two deployments in one namespace apart.
    """
    base = task_name(run.key, request.command, run.map_index, stack)
    return PodIdentity(base, run, request.group, request.command)


def task_name(run_key: str, step: str, map_index: int, stack: str) -> str:
    """Return the text with which the names of a task's pods begin."""
    suffix = f"-{map_index}" if map_index >= 0 else ""
    if stack:
        suffix += f"-{hashlib.sha256(stack.encode()).hexdigest()[:8]}"
    return f"nightshift-{run_key[:20]}-{step}{suffix}"


def static_labels(pipeline: str, step: str) -> dict[str, str]:
    """Return the labels that are the same in every DAG run."""
    return {
        "app.kubernetes.io/name": "nightshift-trainer",
        "app.kubernetes.io/part-of": "nightshift",
        "app.kubernetes.io/managed-by": "airflow",
        PIPELINE_LABEL: label_value(pipeline),
        "nightshift/step": step,
    }


def label_value(text: str) -> str:
    """Return a text as a valid label; cut it if necessary and add a hash that keeps it unique."""
    if _LABEL_VALUE.fullmatch(text):
        return text
    kept = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:48].strip("-")
    return f"{kept or 'x'}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def run_annotations(run: StepRun, airflow_url: str) -> dict[str, str]:
    """Return the annotations that lead from a pod to its task; ``airflow_url`` may be empty."""
    facts = {
        "nightshift/dag-id": run.dag_id,
        "nightshift/run-id": run.run_id,
        "nightshift/task-id": run.task_id,
        "nightshift/map-index": str(run.map_index),
        "nightshift/try-number": str(run.try_number),
        "nightshift/data-interval": f"{run.data_interval_start.isoformat()}/{run.data_interval_end.isoformat()}",
    }
    if airflow_url:
        parts = (quote(part, safe="") for part in (run.dag_id, run.run_id, run.task_id))
        facts["nightshift/airflow"] = "{}/dags/{}/runs/{}/tasks/{}".format(airflow_url.rstrip("/"), *parts)
    return facts
