"""KubernetesStepOperator is the provider's: what a cluster policy or a pod mutation hook sets is what the pod gets."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk.execution_time.task_runner import _serialize_rendered_fields
from kubernetes import client as k8s

from include.step_contract import transport
from tests.kubernetes_api.cluster import Cluster
from tests.pipelines.conftest import RESULT

from .policies import assert_is_as_ordered, bagged_task, pod_mutation_hook, registered, rendered, task_policy
from .steps import SUCCEED, Task, Try, make_task, wait_for

pytestmark = pytest.mark.timeout(120)
SAY_ENVIRONMENT = (
    "import json\n"
    "names = ('POLICY_SAYS', 'HOOK_SAYS', 'TRAINER_IMAGE', 'TRAINER_WORK_DIR')\n"
    "open(folder + '/seen', 'w').write(json.dumps({name: os.environ.get(name) for name in names}))\n"
)


@pytest.fixture
def task(tmp_path: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Task:
    return make_task(tmp_path / "task", cluster, monkeypatch, f"{SAY_ENVIRONMENT}\nuntil('go'); {SUCCEED}")


def started(task: Task, try_number: int = 1) -> Try:
    """Start an attempt of the task as it comes out of a DagBag, its fields rendered."""
    task.operator()  # sets the template
    operator = bagged_task(task.request.pipeline, "preprocess")
    rendered(operator, task.context, json.dumps(task.run_fields | {"try_number": try_number}))
    return task.start(operator=operator)


def test_tasks_are_the_providers(task: Task) -> None:
    operator = task.operator()
    assert isinstance(operator, KubernetesPodOperator)
    assert set(KubernetesPodOperator.template_fields) < set(operator.template_fields)


def test_a_policy_and_a_hook_change_what_runs_and_not_which_pod_it_is(task: Task, cluster: Cluster) -> None:
    with registered(task_policy=task_policy, pod_mutation_hook=pod_mutation_hook):
        first = started(task)
        task.wait_for_start()
        pod = cluster.pod()
        assert_is_as_ordered(pod.manifest)
        assert pod.name.startswith("nightshift-")
        assert pod.name.endswith("-preprocess-1")
        wait_for((task.folder / "seen").exists, "the step says nothing")
        first.kill()
        assert first.ending()["outcome"] == "StepLeft"
        second = started(task, try_number=2)
        task.tell_step("go")
        assert second.ending() == {"outcome": "done"}
    assert (task.starts(), len(cluster.names)) == (1, 1)
    seen = json.loads((task.folder / "seen").read_text())
    assert (seen["POLICY_SAYS"], seen["HOOK_SAYS"]) == ("2", "so")


def elsewhere(task: Any) -> None:
    """Send tasks to another place than the settings do."""
    task.namespace = "team-vision"
    task.image = "registry.example/trainer:7"
    task.image_pull_policy = "Always"
    task.priority_class_name = "team-vision"
    task.hostnetwork = True
    task.runtime_class_name = "gvisor"
    task.env_vars = {"TRAINER_CACHE_DIR": "/policy"}
    task.active_deadline_seconds = 777
    task.schedulername = "team-scheduler"
    task.volume_mounts.append(k8s.V1VolumeMount(name="scratch", mount_path="/policy"))


def test_a_policy_says_where_and_what_a_pod_runs(task: Task, cluster: Cluster) -> None:
    with registered(task_policy=elsewhere):
        first = started(task)
        task.wait_for_start()
        (body,), manifest = cluster.bodies, cluster.pod().manifest
        task.tell_step("go")
        assert first.ending() == {"outcome": "done"}
    assert cluster.namespaces == {"team-vision"}
    assert body["metadata"]["namespace"] == "team-vision"
    spec, (container,) = body["spec"], body["spec"]["containers"]
    assert (container["image"], container["imagePullPolicy"]) == ("registry.example/trainer:7", "Always")
    assert (spec["priorityClassName"], spec["runtimeClassName"]) == ("team-vision", "gvisor")
    assert (spec["hostNetwork"], spec["activeDeadlineSeconds"]) == (True, 777)
    assert spec["schedulerName"] == "team-scheduler"
    variables = {variable["name"]: variable.get("value") for variable in container["env"]}
    assert variables["TRAINER_CACHE_DIR"] == "/policy"
    assert variables["TRAINER_WORK_DIR"] == "/scratch"
    assert json.loads((task.folder / "seen").read_text())["TRAINER_IMAGE"] == "registry.example/trainer:7"
    assert manifest["metadata"]["name"] == cluster.names[0]


def test_a_policy_for_one_task_leaves_the_others_alone(task: Task) -> None:
    def only_training(task: Any) -> None:
        if task.task_id == "train":
            task.tolerations.append(k8s.V1Toleration(key="spot", operator="Exists"))
            task.container_resources.limits["memory"] = "1Gi"
            task.security_context.run_as_user = 7
            task.container_security_context.read_only_root_filesystem = False
            task.labels["team"] = "vision"
            task.volumes[0].name = "policy"
            task.node_selector["pool"] = "gpu"

    with registered(task_policy=only_training):
        task.operator()
        other = bagged_task(task.request.pipeline, "preprocess")
    fresh = task.operator()
    names = ("tolerations", "container_resources", "security_context", "labels", "volumes", "node_selector")
    for name in (*names, "container_security_context"):
        assert getattr(other, name) == getattr(fresh, name), name


def test_a_backfills_priority_is_the_policys_if_there_is_one(task: Task, cluster: Cluster) -> None:
    task.run_fields["run_type"] = "backfill"
    task.tell_step("go")
    assert started(task).ending() == {"outcome": "done"}
    wait_for(lambda: not cluster.living(), "the first pod is there")
    with registered(task_policy=elsewhere):
        assert started(task, try_number=2).ending() == {"outcome": "done"}
    assert [body["spec"]["priorityClassName"] for body in cluster.bodies] == ["nightshift-backfill", "team-vision"]


def test_rendered_fields_show_the_pod_and_no_secret(task: Task, cluster: Cluster) -> None:
    task.set(AWS_SECRET_ACCESS_KEY="of-the-worker")
    task.tell_step("go")
    with registered(task_policy=elsewhere):
        first = started(task)
        before = _serialize_rendered_fields(first.operator)
        assert first.ending() == {"outcome": "done"}
    after = _serialize_rendered_fields(first.operator)
    assert (before["namespace"], before["image"]) == ("team-vision", "registry.example/trainer:7")
    assert first.operator.overwrite_rtif_after_execution
    assert after["name"] == cluster.names[0].removesuffix("-1")
    assert "nightshift/run-key" in str(after["labels"])
    for shown in (before, after):
        assert "very-secret-value" not in str(shown)
        assert "of-the-worker" not in str(shown)


def test_what_a_template_says_in_vain_is_in_the_log(task: Task, capsys: pytest.CaptureFixture[str]) -> None:
    template = task.folder / "template.yaml"
    template.write_text(template.read_text().replace("- command:", "- image: mine:1\n    command:"))
    task.tell_step("go")
    assert task.run() == {"outcome": "done"}
    said = "is overruled: spec.containers[base].image: the template has 'mine:1', the pod 'nightshift-trainer:test'"
    assert said in capsys.readouterr().out


def test_a_result_for_xcom_needs_no_sidecar(task: Task, cluster: Cluster) -> None:
    results: list[str] = []
    operator = task.operator(do_xcom_push=True)
    started = task.start(call=lambda operator: results.append(operator.execute(task.context)), operator=operator)
    wait_for(lambda: cluster.bodies, "no pod")
    (body,) = cluster.bodies
    assert [container["name"] for container in body["spec"]["containers"]] == ["base"]
    task.tell_step("go")
    assert started.ending() == {"outcome": "done"}
    assert transport.decode_result(results[0]) == RESULT
    assert operator.do_xcom_push, "Airflow itself pushes what execute returns"


def test_the_cluster_is_the_one_that_the_fields_name(task: Task, cluster: Cluster, tmp_path: Path) -> None:
    task.tell_step("go")
    address = Path(os.environ["KUBECONFIG"]).read_text()
    (tmp_path / "another").write_text(address)
    task.set(KUBECONFIG=str(tmp_path / "nowhere"))
    operator = task.operator()
    operator.config_file = str(tmp_path / "another")
    assert task.start(operator=operator).ending() == {"outcome": "done"}
    assert operator.hook.conn_id is None, "the connection kubernetes_default is not asked for"
    task.set(KUBECONFIG=str(tmp_path / "another"), KUBERNETES_SERVICE_HOST="10.0.0.1")
    wait_for(lambda: not cluster.living(), "the first pod is there")
    assert task.run(2) == {"outcome": "done"}, "KUBECONFIG goes before the worker's own service account"
    assert len(cluster.names) == 2


def test_a_form_value_is_no_jinja_for_the_providers_fields(task: Task, cluster: Cluster) -> None:
    task.run_fields["form"] = {"note": "{{ 1 + 1 }} $(PATH) {% raw %}"}
    task.tell_step("go")
    assert started(task).ending() == {"outcome": "done"}
    (body,) = cluster.bodies
    variables = {variable["name"]: variable["value"] for variable in body["spec"]["containers"][0]["env"]}
    assert json.loads(variables["STEP_RUN"].replace("$$", "$"))["form"]["note"] == "{{ 1 + 1 }} $(PATH) {% raw %}"
