"""Connect to the cluster that an operator's fields, or the settings, name."""

import os

from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.sdk.exceptions import AirflowException
from kubernetes import client as k8s
from kubernetes.config.config_exception import ConfigException

from include.pipelines.errors import StepFailed
from include.step_contract.failure import FailureKind


def cluster_hook(
    connection: str | None, context: str | None, config_file: str | None = None, *, in_cluster: bool | None = None
) -> KubernetesHook:
    """Return the provider's hook; without a connection KUBECONFIG goes before the worker's own service account."""
    if not connection and not in_cluster:
        config_file = config_file or os.environ.get("KUBECONFIG") or _default_config(context)
    return KubernetesHook(
        conn_id=connection,
        kubernetes_conn_id=None,  # no connection, where none is named; the hook's default is kubernetes_default
        cluster_context=context,
        config_file=config_file,
        in_cluster=in_cluster,
        # The hook loads the service account into the process' default configuration, and into no other.
        client_configuration=k8s.Configuration() if config_file else None,
    )


def _default_config(context: str | None) -> str | None:
    """Return the user's own kube config where a context of it is asked for, or the process runs in no pod."""
    return "~/.kube/config" if context or not os.environ.get("KUBERNETES_SERVICE_HOST") else None


def connected(hook: KubernetesHook) -> k8s.CoreV1Api:
    """Return the core/v1 calls of a hook's cluster; none of them is repeated but by the caller.

    Raises:
        StepFailed: no cluster is configured.
    """
    try:
        api: k8s.CoreV1Api = hook.core_v1_client
    except (ConfigException, AirflowException, OSError) as error:
        raise StepFailed(
            f"no Kubernetes cluster is configured: {error}; run in a pod with a service account, or set KUBECONFIG or "
            "KUBERNETES_CONNECTION",
            FailureKind.BAD_REQUEST,
        ) from error
    # The client would repeat a call whose connection breaks three times, and could not be interrupted.
    api.api_client.rest_client.pool_manager.connection_pool_kw["retries"] = 0
    return api
