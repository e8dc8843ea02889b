"""The MLflow chart's trial profile on a real cluster: installed, backed up by its CronJob, restored by its Job.

It needs the images on the nodes, or a registry: MLflow's server by TEST_MLFLOW_IMAGE, PostgreSQL's and SeaweedFS' as
the chart names them. No name service and no storage class.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client as k8s
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from tests.charts.chart_tools import CREDENTIALS, NAMES, Manifest, only, render, values_file

from .lab import IMAGE, Lab, laboratory
from .services import plain_pod
from .steps import wait_for

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(1200)]

_SERVER_IMAGE = os.environ.get("TEST_MLFLOW_IMAGE", "")
_SECRET, _SERVER = "nightshift-mlflow", NAMES["mlflow"]
_START_SECONDS, _JOB_SECONDS = 400, 300
_LOG_RUN = """
import mlflow, sys
with mlflow.start_run(run_name=sys.argv[1]):
    mlflow.log_text(f"weights of the {sys.argv[1]}", "model.txt")
"""
_READ_RUNS = """
import json, mlflow
runs = mlflow.search_runs(["0"], output_format="list")
texts = {run.info.run_name: mlflow.artifacts.load_text(f"{run.info.artifact_uri}/model.txt") for run in runs}
print(json.dumps(texts))
"""


class Installation:
    """The chart in the laboratory's namespace, as ``kubectl apply`` of what it renders would leave it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._dynamic = DynamicClient(k8s.ApiClient(lab.configuration))
        repository, _, tag = _SERVER_IMAGE.rpartition(":")
        without_volume = {"persistence": {"enabled": False}}
        self._values: dict[str, Any] = values_file("mlflow", "values-dev.yaml") | {
            "image": {"repository": repository, "tag": tag},
            "credentials": {"values": CREDENTIALS},
            "postgresql": {"enabled": True} | without_volume,
            "seaweedfs": {"enabled": True, "buckets": ["backups"]} | without_volume,
            "backup": {"enabled": True, "schedule": "0 0 1 1 *", "s3": {"bucket": "backups"}},
            "server": {"replicas": 1, "workers": 1},
        }
        self._fix_addresses()

    def _fix_addresses(self) -> None:
        """Let the cluster choose the Services' addresses, and name them to the chart: there may be no name service."""
        for service in (each for each in self.rendered() if each["kind"] == "Service"):
            self._apply(service)
        services = self.lab.core.list_namespaced_service(self.lab.namespace).items
        addresses = {each.metadata.name: each.spec.cluster_ip for each in services}
        self._values["service"] = {"clusterIP": addresses[_SERVER]}
        for part, suffix in (("postgresql", "postgresql"), ("seaweedfs", "s3")):
            self._values[part]["clusterIP"] = addresses[f"{_SERVER}-{suffix}"]
        self._address = addresses[_SERVER]

    def rendered(self, **values: Any) -> list[Manifest]:
        return render("mlflow", self._values, values, namespace=self.lab.namespace)

    def apply(self, **values: Any) -> list[Manifest]:
        """Bring the chart's objects to what these values make of them; what is no longer rendered stays."""
        manifests = self.rendered(**values)
        for manifest in manifests:
            self._apply(manifest)
        return manifests

    def _apply(self, manifest: Manifest) -> None:
        try:
            resource = self._dynamic.resources.get(api_version=manifest["apiVersion"], kind=manifest["kind"])
        except ResourceNotFoundError:
            if manifest["kind"] != "CronJob":
                raise
            spec = {key: value for key, value in manifest["spec"].items() if key != "timeZone"}
            manifest = manifest | {"apiVersion": "batch/v1beta1", "spec": spec}  # before Kubernetes 1.21
            resource = self._dynamic.resources.get(api_version="batch/v1beta1", kind="CronJob")
        namespace = self.lab.namespace if resource.namespaced else None
        resource.server_side_apply(manifest, manifest["metadata"]["name"], namespace, field_manager="nightshift-test")

    def wait_for_server(self) -> None:
        apps = k8s.AppsV1Api(k8s.ApiClient(self.lab.configuration))
        status = lambda: apps.read_namespaced_deployment_status(_SERVER, self.lab.namespace).status  # noqa: E731
        wait_for(lambda: status().available_replicas, "MLflow is not available", _START_SECONDS)

    def done(self, component: str) -> str:
        """Return the name of a component's Job that succeeded, if there is one; fails the test if one failed."""
        batch = k8s.BatchV1Api(k8s.ApiClient(self.lab.configuration))
        label = f"app.kubernetes.io/component={component}"
        found = batch.list_namespaced_job(self.lab.namespace, label_selector=label).items
        failed = [each.metadata.name for each in found if each.status.failed]
        assert not failed, f"{failed[0]}: {self.output_of(failed[0])}"
        return next((str(each.metadata.name) for each in found if each.status.succeeded), "")

    def output_of(self, job: str) -> str:
        """Return what the containers of a Job's pods have said."""
        pods = self.lab.core.list_namespaced_pod(self.lab.namespace, label_selector=f"job-name={job}").items
        containers = [(pod, each) for pod in pods for each in (*(pod.spec.init_containers or ()), *pod.spec.containers)]
        return "".join(self.lab.log(pod.metadata.name, each.name) for pod, each in containers)

    def client(self, name: str, *command: str) -> str:
        """Run Python in a pod of the training image that may log in to MLflow; return what it printed."""
        password = {"name": _SECRET, "key": "MLFLOW_AUTH_ADMIN_PASSWORD"}
        variables = [
            {"name": "MLFLOW_TRACKING_URI", "value": f"http://{self._address}:5000"},
            {"name": "MLFLOW_TRACKING_USERNAME", "value": "admin"},
            {"name": "MLFLOW_TRACKING_PASSWORD", "valueFrom": {"secretKeyRef": password}},
        ]
        pod = plain_pod(name, IMAGE, command=["python", "-c", *command], env=variables)
        self.lab.core.create_namespaced_pod(self.lab.namespace, pod)
        phase = lambda: self.lab.core.read_namespaced_pod(name, self.lab.namespace).status.phase  # noqa: E731
        wait_for(lambda: phase() in ("Succeeded", "Failed"), f"pod {name} does not end", _JOB_SECONDS)
        output = self.lab.log(name)
        assert phase() == "Succeeded", output
        return output


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    if not _SERVER_IMAGE:
        pytest.skip("TEST_MLFLOW_IMAGE names no image of MLflow's server (`make stack-images`) that the nodes have")
    with laboratory() as lab:
        yield Installation(lab)


def test_what_the_cronjob_backed_up_is_back_after_a_restore(installation: Installation) -> None:
    installation.apply()
    installation.wait_for_server()
    installation.client("first", _LOG_RUN, "first")
    installation.apply(backup={"schedule": "* * * * *"})
    job = wait_for(lambda: installation.done("backup"), "the CronJob makes no backup", _JOB_SECONDS)
    installation.apply()
    backup = installation.output_of(job).split("store: ", 1)[1].split(":", 1)[0]
    installation.client("second", _LOG_RUN, "second")
    assert set(json.loads(installation.client("look", _READ_RUNS))) == {"first", "second"}

    manifests = installation.apply(restore={"from": backup, "replace": True})
    assert only(manifests, "CronJob")["spec"]["suspend"] is True
    job = wait_for(lambda: installation.done("restore"), "the restore does not end", _JOB_SECONDS)
    assert f"put: {backup}: 1 artifacts" in installation.output_of(job)
    installation.apply()
    installation.wait_for_server()
    assert json.loads(installation.client("look-again", _READ_RUNS)) == {"first": "weights of the first"}
