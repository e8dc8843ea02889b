"""A platform team's cluster policy and pod mutation hook, and the checks of a pod that both have changed.

For the stand-in of a cluster and for a real one: all that is set here exists on any of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import devnull
from types import SimpleNamespace
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.policies import hookimpl
from airflow.settings import get_policy_plugin_manager
from kubernetes import client as k8s

from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from include.pipelines.training_dag import training_dag
from include.step_contract.catalog import Pipeline, RuntimeName

SPOT = k8s.V1Toleration(key="spot", operator="Exists")
LINUX = {"kubernetes.io/os": "linux"}
AMOUNTS = {"cpu": "60m", "memory": "200Mi"}
PREFERENCE = k8s.V1NodeAffinity(
    preferred_during_scheduling_ignored_during_execution=[
        k8s.V1PreferredSchedulingTerm(
            weight=1,
            preference=k8s.V1NodeSelectorTerm(
                match_expressions=[k8s.V1NodeSelectorRequirement(key="kubernetes.io/os", operator="Exists")]
            ),
        )
    ]
)


def task_policy(task: Any) -> None:
    """Change fifteen fields of a pod operator's task."""
    task.labels = {**task.labels, "team": "vision"}
    task.annotations = {**task.annotations, "cost-centre": "4711"}
    task.tolerations = [*task.tolerations, SPOT]
    task.node_selector = {**task.node_selector, **LINUX}
    task.affinity = k8s.V1Affinity(node_affinity=PREFERENCE)
    task.env_vars = [*task.env_vars, k8s.V1EnvVar(name="POLICY_SAYS", value="{{ 1 + 1 }}")]
    task.image_pull_secrets = [k8s.V1LocalObjectReference(name="registry")]
    task.service_account_name = "default"
    task.volumes = [*task.volumes, k8s.V1Volume(name="policy", empty_dir=k8s.V1EmptyDirVolumeSource())]
    task.volume_mounts = [*task.volume_mounts, k8s.V1VolumeMount(name="policy", mount_path="/policy")]
    task.container_resources = k8s.V1ResourceRequirements(requests=AMOUNTS, limits=dict(AMOUNTS))
    task.security_context = k8s.V1PodSecurityContext(
        run_as_non_root=True,
        run_as_user=1001,
        fs_group=1001,
        seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
    )
    task.dnspolicy = "Default"
    task.hostname = "policy"
    task.termination_grace_period = 7


def pod_mutation_hook(pod: Any) -> None:
    """Change twelve fields of a pod, and take its name and what it is found by."""
    pod.metadata.name = "renamed"
    pod.metadata.labels = {"hook": "was-here"}
    pod.metadata.annotations["hook"] = "was-here"
    spec, container = pod.spec, pod.spec.containers[0]
    spec.host_aliases = [k8s.V1HostAlias(ip="192.0.2.1", hostnames=["store.example"])]
    spec.share_process_namespace = True
    spec.enable_service_links = True
    spec.security_context.supplemental_groups = [4242]
    spec.dns_config = k8s.V1PodDNSConfig(options=[k8s.V1PodDNSConfigOption(name="ndots", value="1")])
    spec.volumes.append(k8s.V1Volume(name="hook", empty_dir=k8s.V1EmptyDirVolumeSource()))
    container.volume_mounts.append(k8s.V1VolumeMount(name="hook", mount_path="/hook"))
    container.env.append(k8s.V1EnvVar(name="HOOK_SAYS", value="so"))
    container.resources.limits["ephemeral-storage"] = "1Gi"
    container.termination_message_policy = "FallbackToLogsOnError"
    container.working_dir = "/tmp"  # inside the container


def assert_is_as_ordered(pod: dict[str, Any]) -> None:
    """Look for each of the changes in a pod as the API server shows it."""
    labels, annotations, spec = pod["metadata"]["labels"], pod["metadata"]["annotations"], pod["spec"]
    (container,) = spec["containers"]
    policy = {
        "annotation": annotations["cost-centre"] == "4711",
        "tolerations": {"key": "spot", "operator": "Exists"} in spec["tolerations"],
        "node_selector": spec["nodeSelector"] == LINUX,
        "affinity": spec["affinity"] == k8s.ApiClient().sanitize_for_serialization({"nodeAffinity": PREFERENCE}),
        "env_vars": {"name": "POLICY_SAYS", "value": "2"} in container["env"],
        "image_pull_secrets": spec["imagePullSecrets"] == [{"name": "registry"}],
        "service_account_name": spec["serviceAccountName"] == "default",
        "volumes": {"name": "policy", "emptyDir": {}} in spec["volumes"],
        "volume_mounts": {"name": "policy", "mountPath": "/policy"} in container["volumeMounts"],
        "container_resources": container["resources"]["requests"].items() >= AMOUNTS.items(),
        "security_context": (spec["securityContext"]["runAsUser"], spec["securityContext"]["fsGroup"]) == (1001, 1001),
        "dnspolicy": spec["dnsPolicy"] == "Default",
        "hostname": spec["hostname"] == "policy",
        "termination_grace_period": spec["terminationGracePeriodSeconds"] == 7,
    }
    hook = {
        "label": labels["hook"] == "was-here",
        "annotation": annotations["hook"] == "was-here",
        "host_aliases": spec["hostAliases"] == [{"ip": "192.0.2.1", "hostnames": ["store.example"]}],
        "share_process_namespace": spec["shareProcessNamespace"] is True,
        "enable_service_links": spec["enableServiceLinks"] is True,
        "supplemental_groups": spec["securityContext"]["supplementalGroups"] == [4242],
        "dns_config": spec["dnsConfig"]["options"] == [{"name": "ndots", "value": "1"}],
        "volumes": {"name": "hook", "emptyDir": {}} in spec["volumes"],
        "volume_mounts": {"name": "hook", "mountPath": "/hook"} in container["volumeMounts"],
        "env": {"name": "HOOK_SAYS", "value": "so"} in container["env"],
        "limits": container["resources"]["limits"] == {**AMOUNTS, "ephemeral-storage": "1Gi"},
        "termination_message_policy": container["terminationMessagePolicy"] == "FallbackToLogsOnError",
        "working_dir": container["workingDir"] == "/tmp",
    }
    assert [name for name, holds in policy.items() if not holds] == []
    assert [name for name, holds in hook.items() if not holds] == []


@contextmanager
def registered(**policies: Callable[[Any], None]) -> Iterator[None]:
    """Have Airflow call these for each task and pod, as those of ``airflow_local_settings``."""
    plugin = SimpleNamespace(**{name: hookimpl(policy) for name, policy in policies.items()})
    manager = get_policy_plugin_manager()
    manager.register(plugin)
    try:
        yield
    finally:
        manager.unregister(plugin)


def bagged_task(pipeline: Pipeline, task_id: str) -> KubernetesStepOperator:
    """Return a task of the pipeline's DAG after a DagBag has taken it in, which is where policies are called."""
    dag = training_dag(pipeline, RuntimeName.KUBERNETES, "")
    DagBag(dag_folder=devnull).bag_dag(dag)
    task = dag.get_task(task_id)
    assert isinstance(task, KubernetesStepOperator)
    return task


def rendered(task: KubernetesStepOperator, context: Any, step_run: str) -> KubernetesStepOperator:
    """Render a task's fields as Airflow does before it executes the task."""
    task.step_run = "{{ the_run }}"
    task.render_template_fields({**context, "the_run": step_run})
    return task
