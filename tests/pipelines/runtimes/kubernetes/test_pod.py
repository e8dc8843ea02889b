"""The pod of a step, as the provider makes it of a catalog entry, the settings and a template."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from airflow.version import version as airflow_version
from kubernetes import client as k8s

from include.pipelines.errors import StepFailed, StepLost
from include.pipelines.runtimes.kubernetes.runtime import KubernetesStepOperator
from include.pipelines.runtimes.kubernetes.settings import KubernetesSettings
from include.pipelines.runtimes.kubernetes.spec.identity import identity_of, label_value
from include.pipelines.runtimes.kubernetes.spec.pod import close_pod, numbered_pod
from include.pipelines.runtimes.kubernetes.spec.template import overruled_fields, read_template
from include.pipelines.settings import read_settings
from include.step_contract import transport
from include.step_contract.order import Step, StepOrder
from include.step_contract.step import StepRun
from tests.kubernetes_api.fields import unknown_fields
from tests.pipelines.conftest import RUN, make_pipeline

GPU = {"cpu": 7.5, "memory": "32Gi", "gpus": 2, "shm": "8Gi"}


def make_pod(
    step: Step = Step.TRAIN, run: dict[str, Any] | None = None, pipeline: dict[str, Any] | None = None, **settings: str
) -> dict[str, Any]:
    """Return the first pod of a step, as the API server is given it."""
    fields = json.loads(RUN) | {"task_id": step.value} | (run or {})
    request = StepOrder(step=step, pipeline=make_pipeline(**(pipeline or {})))
    ti = SimpleNamespace(
        dag_id=fields["dag_id"], task_id=step.value, map_index=fields.get("map_index", -1), try_number=1
    )
    context: Any = {"ti": ti, "run_id": fields["run_id"], "dag": SimpleNamespace()}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/")
        for name, value in settings.items():
            environment.setenv(name.upper(), value)
        read_settings.cache_clear()
        operator = KubernetesStepOperator(task_id=step.value, request=request, step_run=json.dumps(fields))
        pod = k8s.ApiClient().sanitize_for_serialization(operator.build_pod_request_obj(context, dry_run=True))
    read_settings.cache_clear()
    return numbered_pod(pod, identity_of(transport.decode_run(json.dumps(fields)), request, ""), 1)


def container(pod: dict[str, Any]) -> dict[str, Any]:
    (found,) = pod["spec"]["containers"]
    return dict(found)


def test_the_whole_pod_of_a_gpu_step() -> None:
    pod = make_pod(pipeline={"resources": {"train": GPU}}, kubernetes_gpu_node_selector='{"pool": "gpu"}')
    step = container(pod)
    variables = {item["name"]: item["value"] for item in step.pop("env")}
    assert json.loads(variables["STEP_REQUEST"])["step"] == "train"
    assert variables["TRAINER_WORK_DIR"] == "/scratch"
    amounts = {"cpu": "7500m", "memory": "32Gi", "nvidia.com/gpu": "2"}
    assert step == {
        "name": "base",
        "image": "nightshift-trainer:0.1.0",
        "imagePullPolicy": "IfNotPresent",
        "args": ["train"],
        "envFrom": [
            {"configMapRef": {"name": "nightshift-trainer"}},
            {"secretRef": {"name": "nightshift-trainer"}},
        ],
        "resources": {"requests": amounts, "limits": amounts},
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/scratch"},
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "shm", "mountPath": "/dev/shm"},
            {"name": "cache", "mountPath": "/cache"},
        ],
        "command": [],
        "ports": [],
        "terminationMessagePolicy": "File",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {key: value for key, value in pod["spec"].items() if key != "containers"}
    assert spec == {
        "affinity": {},
        "hostNetwork": False,
        "imagePullSecrets": [],
        "initContainers": [],
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 24 * 3600 + 300,
        "terminationGracePeriodSeconds": 60,
        "serviceAccountName": "nightshift-trainer",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": "nightshift-nightly",
        "nodeSelector": {"pool": "gpu"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "runAsGroup": 0,
            "fsGroup": 1000,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}},
            {"name": "cache", "persistentVolumeClaim": {"claimName": "nightshift-cache"}},
        ],
    }


def test_labels_find_the_pod_and_annotations_describe_it() -> None:
    metadata = make_pod()["metadata"]
    key = transport.decode_run(RUN).key
    assert metadata["name"] == f"nightshift-{key[:20]}-train-1"
    assert metadata["namespace"] == "nightshift"
    assert metadata["labels"] == {
        "app.kubernetes.io/name": "nightshift-trainer",
        "app.kubernetes.io/part-of": "nightshift",
        "app.kubernetes.io/managed-by": "airflow",
        "nightshift/pipeline": "digits",
        "nightshift/run-key": key,
        "nightshift/step": "train",
        "nightshift/task": f"nightshift-{key[:20]}-train",
        "nightshift/generation": "1",
        # The provider's own.
        "dag_id": "train_digits",
        "task_id": "train",
        "run_id": "manual__1",
        "try_number": "1",
        "kubernetes_pod_operator": "True",
        "airflow_version": airflow_version,
    }
    annotations = metadata["annotations"]
    assert annotations["nightshift/airflow"] == "https://airflow.example/dags/train_digits/runs/manual__1/tasks/train"
    assert annotations["nightshift/data-interval"] == "2026-03-01T00:00:00+00:00/2026-03-02T00:00:00+00:00"
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("pipeline", [{}, {"resources": {"train": GPU}}, {"execution": {"stop_grace_seconds": 5}}])
def test_every_step_is_a_pod_that_kubernetes_knows(step: Step, pipeline: dict[str, Any]) -> None:
    pod = make_pod(step, pipeline=pipeline)
    assert list(unknown_fields(pod)) == []
    assert container(pod)["args"] == [step.value]
    has_gpus = "nvidia.com/gpu" in container(pod)["resources"]["limits"]
    assert has_gpus == (step is Step.TRAIN and "resources" in pipeline)
    assert bool(pod["spec"]["tolerations"]) == has_gpus


def test_settings_say_where_and_as_whom_it_runs() -> None:
    spec = make_pod(
        kubernetes_service_account="",
        kubernetes_image_pull_secrets="a, b",
        kubernetes_config_maps="",
        kubernetes_secrets="one,two",
        kubernetes_node_selector='{"disk": "fast"}',
        kubernetes_tolerations='[{"key": "spot", "operator": "Exists"}]',
        kubernetes_affinity='{"nodeAffinity": {}}',
        kubernetes_runtime_class="gvisor",
        kubernetes_user="",
        kubernetes_priority_class="",
    )["spec"]
    assert "serviceAccountName" not in spec
    assert "priorityClassName" not in spec
    assert spec["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    assert spec["containers"][0]["envFrom"] == [{"secretRef": {"name": "one"}}, {"secretRef": {"name": "two"}}]
    assert (spec["nodeSelector"], spec["runtimeClassName"]) == ({"disk": "fast"}, "gvisor")
    assert spec["tolerations"] == [{"key": "spot", "operator": "Exists"}]
    assert spec["affinity"] == {"nodeAffinity": {}}
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.parametrize(
    ("setting", "volume"),
    [
        ("pvc:shared", {"name": "cache", "persistentVolumeClaim": {"claimName": "shared"}}),
        ("host:/mnt/cache", {"name": "cache", "hostPath": {"path": "/mnt/cache", "type": "DirectoryOrCreate"}}),
        ("empty:50Gi", {"name": "cache", "emptyDir": {"sizeLimit": "50Gi"}}),
        ("empty", {"name": "cache", "emptyDir": {}}),
        ("none", None),
    ],
)
def test_the_cache_is_the_volume_that_the_setting_names(setting: str, volume: dict[str, Any] | None) -> None:
    pod = make_pod(kubernetes_cache=setting)
    assert [item for item in pod["spec"]["volumes"] if item["name"] == "cache"] == ([volume] if volume else [])
    assert ("/cache" in {item["mountPath"] for item in container(pod)["volumeMounts"]}) == bool(volume)


@pytest.mark.parametrize("wrong", ["nightshift-cache", "pvc:", "host:relative", "empty:much", "none:x"])
def test_a_cache_that_is_no_volume_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="expected pvc:NAME, host:/PATH, empty, empty:50Gi, or none"):
        KubernetesSettings(kubernetes_cache=wrong)


def test_a_backfill_has_a_priority_of_its_own() -> None:
    assert make_pod(run={"run_type": "backfill"})["spec"]["priorityClassName"] == "nightshift-backfill"


def test_names_fit_whatever_the_ids_are() -> None:
    for run_id in ("한글 " * 80, "x" * 250, "../../etc", "A_b.C-"):
        pod = make_pod(run={"run_id": run_id, "map_index": 99999})
        assert len(pod["metadata"]["name"]) + len("-close") <= 63
        assert all(label_value(value) == value for value in pod["metadata"]["labels"].values())


def test_two_deployments_in_one_namespace_have_pods_of_their_own() -> None:
    request = StepOrder(step=Step.TRAIN, pipeline=make_pipeline())
    run: StepRun = transport.decode_run(RUN)
    assert identity_of(run, request, "a").base != identity_of(run, request, "b").base


@pytest.mark.parametrize("text", ["digits_", "-x", "가나다", "a" * 64, "x/y"])
def test_a_text_that_no_label_may_hold_is_distinguished_by_a_hash(text: str) -> None:
    assert label_value(text) != text
    assert label_value(label_value(text)) == label_value(text)
    assert label_value(text) != label_value(text + "!")


def test_the_pod_that_closes_a_record_is_the_same_but_short_and_without_gpus() -> None:
    selectors = {"kubernetes_node_selector": '{"disk": "fast"}', "kubernetes_gpu_node_selector": '{"pool": "gpu"}'}
    classes = {"kubernetes_gpu_runtime_class": "nvidia", "kubernetes_queue": "nightly"}
    own = make_pod(pipeline={"resources": {"train": GPU}}, **selectors, **classes)
    settings = KubernetesSettings.model_validate(selectors | classes)
    pod = close_pod(own, "a-name-3", StepLost("costs $(5) $$"), settings)
    assert pod["metadata"]["name"] == "a-name-3-close"
    assert not {"nightshift/task", "nightshift/generation", "kueue.x-k8s.io/queue-name"} & set(
        pod["metadata"]["labels"]
    )
    assert container(pod)["args"] == ["close", "--kind", "try_again", "--reason", "costs $$(5) $$$$"]
    assert "nvidia.com/gpu" not in container(pod)["resources"]["limits"]
    assert "nvidia.com/gpu" not in container(pod)["resources"]["requests"]
    assert pod["spec"]["activeDeadlineSeconds"] == 120
    assert (pod["spec"]["nodeSelector"], pod["spec"]["tolerations"]) == ({"disk": "fast"}, [])
    assert pod["spec"]["runtimeClassName"] is None
    assert "nvidia.com/gpu" in container(own)["resources"]["limits"], "the step's own pod is not changed"


# -- template ----------------------------------------------------------------------------------------------------------


def template(folder: Path, spec: dict[str, Any], **others: Any) -> str:
    path = folder / "template.yaml"
    path.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "spec": spec} | others))
    return str(path)


def test_a_template_adds_to_the_pod(tmp_path: Path) -> None:
    own = make_pod()
    spec = {
        "dnsPolicy": "None",
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "volumes": [{"name": "datasets", "persistentVolumeClaim": {"claimName": "datasets"}}],
        "containers": [
            {"name": "sidecar", "image": "sidecar:1"},
            {
                "name": "base",
                "env": [{"name": "NCCL_DEBUG", "value": "INFO"}],
                "volumeMounts": [{"name": "datasets", "mountPath": "/datasets", "readOnly": True}],
            },
        ],
    }
    file = template(tmp_path, spec, metadata={"labels": {"team": "vision"}})
    merged = make_pod(kubernetes_pod_template=file)
    step, sidecar = merged["spec"]["containers"]
    assert sidecar == {"name": "sidecar", "image": "sidecar:1"}
    assert step["env"] == [{"name": "NCCL_DEBUG", "value": "INFO"}, *container(own)["env"]]
    assert step["volumeMounts"][0] == {"name": "datasets", "mountPath": "/datasets", "readOnly": True}
    assert step["volumeMounts"][1:] == container(own)["volumeMounts"]
    assert merged["metadata"]["labels"] == {**own["metadata"]["labels"], "team": "vision"}
    assert merged["spec"]["tolerations"] == [{"key": "spot", "operator": "Exists"}]
    assert merged["spec"]["dnsPolicy"] == "None"
    assert merged["spec"]["enableServiceLinks"] is False
    assert overruled_fields(read_template(Path(file)), merged) == []


@pytest.mark.parametrize("spec", [{}, {"dnsPolicy": "Default"}, {"containers": [{"name": "sidecar", "image": "s:1"}]}])
def test_a_template_need_not_have_the_steps_container(tmp_path: Path, spec: dict[str, Any]) -> None:
    merged = make_pod(kubernetes_pod_template=template(tmp_path, spec))
    step, *sidecars = merged["spec"]["containers"]
    assert (step["name"], step["args"]) == ("base", ["train"])
    assert len(sidecars) == len(spec.get("containers", []))


def test_every_field_of_a_template_that_the_step_overrules_is_named(tmp_path: Path) -> None:
    spec = {
        "restartPolicy": "Always",
        "volumes": [{"name": "cache", "emptyDir": {}}],
        "tolerations": [{"key": "spot", "operator": "Exists"}],
        "containers": [
            {
                "name": "base",
                "image": "mine:1",
                "args": ["train", "--fast"],
                "resources": {"limits": {"memory": "1Gi"}},
                "volumeMounts": [{"name": "mine", "mountPath": "/cache"}],
                "env": [{"name": "STEP_RUN", "value": "{}"}],
            }
        ],
    }
    file = template(tmp_path, spec)
    said = "\n".join(
        overruled_fields(
            read_template(Path(file)), make_pod(kubernetes_pod_template=file, pipeline={"resources": {"train": GPU}})
        )
    )
    for part in (
        "spec.restartPolicy: the template has 'Always', the pod 'Never'",
        "spec.volumes[cache].emptyDir: the template has {}, the pod None",
        "spec.tolerations: the template has [{'key': 'spot', 'operator': 'Exists'}]",
        "spec.containers[base].image: the template has 'mine:1', the pod 'nightshift-trainer:0.1.0'",
        "spec.containers[base].args: the template has ['train', '--fast'], the pod ['train']",
        "spec.containers[base].resources.limits.memory: the template has '1Gi', the pod '32Gi'",
        "spec.containers[base].volumeMounts[/cache].name: the template has 'mine', the pod 'cache'",
        "spec.containers[base].env[STEP_RUN].value: the template has '{}'",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kind: Pod\n\t-", "cannot be read"),
        ("kind: Deployment\napiVersion: apps/v1\n", "expected apiVersion: v1 and kind: Pod"),
        ("- a\n", "expected apiVersion: v1 and kind: Pod"),
        ("kind: Pod\napiVersion: v1\nspec: [1]\n", "expected a list of containers"),
        ("kind: Pod\napiVersion: v1\nspec: {containers: {base: 1}}\n", "expected a list of containers"),
        ("kind: Pod\napiVersion: v1\nspec: {volumes: [{emptyDir: {}}]}\n", "cannot be read as a Pod"),
        (
            "kind: Pod\napiVersion: v1\nspec: {hostNetwrok: true, containers: [{name: base, imagePullPolcy: Never}]}\n",
            r"does not know: spec.hostNetwrok, spec.containers\[base\].imagePullPolcy",
        ),
    ],
)
def test_a_file_that_is_no_pod_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text)
    with pytest.raises(StepFailed, match=problem) as caught:
        make_pod(kubernetes_pod_template=str(path))
    assert caught.value.kind == "bad_request"


def test_a_template_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match=r"nowhere.yaml \(KUBERNETES_POD_TEMPLATE\) cannot be read"):
        make_pod(kubernetes_pod_template=str(tmp_path / "nowhere.yaml"))
