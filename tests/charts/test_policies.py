"""Tests of the policies for every pod and every permission that the charts create."""

import json
import re
from typing import Any

import pytest

from tests.pipelines.runtimes.kubernetes.lab import RULES

from .chart_tools import (
    CREDENTIALS,
    MATRIX,
    ROOT,
    Manifest,
    as_text,
    containers,
    only,
    pod_specs,
    render,
    rendered,
)

SECRET_VALUES = {*CREDENTIALS.values(), "trainers-password"}
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|ACCESS_KEY|CREDENTIAL")
PODS = [
    pytest.param(pod, id=f"{case}: {owner}") for case in MATRIX for owner, pod in pod_specs(rendered(case))
]  # fmt: skip


def test_the_matrix_has_every_kind_of_pod() -> None:
    everything = [*rendered("mlflow, everything"), *rendered("mlflow, restore")]
    kinds = ("Deployment", "StatefulSet", "Job", "CronJob")
    components = {
        one["metadata"]["labels"]["app.kubernetes.io/component"] for one in everything if one["kind"] in kinds
    }
    assert components == {"server", "postgresql", "s3", "buckets", "migrate", "backup", "restore"}


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_fulfils_the_restricted_level_of_pod_security(pod: Manifest) -> None:
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    allowed = {"configMap", "emptyDir", "persistentVolumeClaim", "secret", "projected", "downwardAPI", "csi"}
    assert {kind for volume in pod["volumes"] for kind in volume.keys() - {"name"}} <= allowed
    for container in containers(pod):
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert security["readOnlyRootFilesystem"] is True
        assert not any("hostPort" in port for port in container.get("ports", ()))


@pytest.mark.parametrize("pod", PODS)
def test_a_pod_has_no_token_and_no_variables_of_services(pod: Manifest) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["serviceAccountName"] not in ("", "default")


@pytest.mark.parametrize("pod", PODS)
def test_each_container_is_limited(pod: Manifest) -> None:
    for container in containers(pod):
        for part in ("requests", "limits"):
            assert container["resources"][part].keys() >= {"cpu", "memory"}, container["name"]


@pytest.mark.parametrize("pod", PODS)
def test_images_have_a_tag_and_are_not_pulled_again(pod: Manifest) -> None:
    for container in containers(pod):
        _, _, tag = container["image"].rpartition(":")
        assert re.fullmatch(r"\d+\.[\w.-]+", tag), container["image"]
        assert container["imagePullPolicy"] == "IfNotPresent"


@pytest.mark.parametrize("pod", PODS)
def test_what_is_mounted_is_there_and_secrets_come_by_reference(pod: Manifest) -> None:
    volumes = {volume["name"] for volume in pod["volumes"]} | {"data"}
    for container in containers(pod):
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        for variable in container.get("env", ()):
            if SECRET_NAME.search(variable["name"]):
                assert "secretKeyRef" in variable["valueFrom"], variable["name"]


@pytest.mark.parametrize(("case", "expected"), [("mlflow, everything", "nightshift-services"), ("mlflow", None)])
def test_each_pod_of_mlflow_has_the_priority_that_is_asked_for(case: str, expected: str | None) -> None:
    assert {pod.get("priorityClassName") for _, pod in pod_specs(rendered(case))} == {expected}


@pytest.mark.parametrize("case", MATRIX)
def test_secrets_are_in_secrets_only(case: str) -> None:
    for manifest in rendered(case):
        if manifest["kind"] != "Secret":
            assert not [value for value in SECRET_VALUES if value in as_text(manifest)], manifest["metadata"]["name"]
        if manifest["kind"] == "ConfigMap":
            assert not [key for key in manifest["data"] if SECRET_NAME.search(key)]


def test_the_secret_has_what_was_given() -> None:
    assert only(list(rendered("mlflow, everything")), "Secret")["stringData"] == CREDENTIALS


@pytest.mark.parametrize("case", MATRIX)
def test_services_are_of_the_cluster_only(case: str) -> None:
    assert {one["spec"].get("type", "ClusterIP") for one in rendered(case) if one["kind"] == "Service"} <= {"ClusterIP"}


# -- rights ----------------------------------------------------------------------------------------------------------


def test_airflow_may_do_exactly_what_the_operator_does() -> None:
    rules = only(list(rendered("training")), "Role")["rules"]
    # Without any of these a test of `make test-kubernetes` fails.
    assert tuple((rule["resources"][0], tuple(rule["verbs"])) for rule in rules) == RULES
    assert all(len(rule["resources"]) == 1 and rule["apiGroups"] == [""] for rule in rules)


@pytest.mark.parametrize("case", MATRIX)
def test_no_other_account_has_any_permission(case: str) -> None:
    roles = [one for one in rendered(case) if one["kind"] in ("Role", "ClusterRole", "ClusterRoleBinding")]
    assert {one["metadata"]["name"] for one in roles} <= {"nightshift-launcher"}
    accounts = [one["metadata"]["name"] for one in rendered(case) if one["kind"] == "ServiceAccount"]
    bound = [subject["name"] for one in rendered(case) if one["kind"] == "RoleBinding" for subject in one["subjects"]]
    assert not set(accounts) & set(bound)
    assert "*" not in as_text({"roles": [role["rules"] for role in roles]})


# -- the network -----------------------------------------------------------------------------------------------------


def egress(values: dict[str, Any] | None = None) -> list[Manifest]:
    policy = only(render("training", values or {}), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert policy["ingress"] == []
    rules: list[Manifest] = policy["egress"]
    return rules


def test_a_step_reaches_the_name_service_mlflow_and_s3_only() -> None:
    assert [[port["port"] for port in rule["ports"]] for rule in egress()] == [[53, 53], [5000], [8333]]
    assert all(rule["to"] and all(rule["to"]) for rule in egress())


def test_a_step_does_not_reach_the_nodes_metadata_on_eks() -> None:
    rule = only(list(rendered("training, EKS")), "NetworkPolicy")["spec"]["egress"][-1]
    assert rule["to"][0]["ipBlock"]["cidr"] == "0.0.0.0/0"
    assert "169.254.0.0/16" in rule["to"][0]["ipBlock"]["except"]


def test_the_policies_of_both_charts_know_each_others_pods() -> None:
    server = only(list(rendered("mlflow, dev")), "Deployment")["spec"]["template"]["metadata"]["labels"]
    store = only(list(rendered("mlflow, dev")), "StatefulSet", "nightshift-mlflow-s3")
    wanted = [rule["to"][0]["podSelector"]["matchLabels"] for rule in egress()[1:]]
    assert wanted[0].items() <= server.items()
    assert wanted[1].items() <= store["spec"]["template"]["metadata"]["labels"].items()


def test_the_database_is_reached_from_the_chart_only() -> None:
    policy = only(list(rendered("mlflow, everything")), "NetworkPolicy", "nightshift-mlflow-postgresql")
    (rule,) = policy["spec"]["ingress"]
    selector = rule["from"][0]["podSelector"]["matchLabels"]
    assert selector == {
        "app.kubernetes.io/name": "nightshift-mlflow",
        "app.kubernetes.io/instance": "nightshift-mlflow",
    }


# -- training pods ---------------------------------------------------------------------------------------------------


def test_nightly_runs_go_before_backfills_and_push_them_out() -> None:
    manifests = list(rendered("training"))
    nightly = only(manifests, "PriorityClass", "nightshift-nightly")
    backfill = only(manifests, "PriorityClass", "nightshift-backfill")
    assert nightly["value"] > backfill["value"]
    assert (nightly["preemptionPolicy"], backfill["preemptionPolicy"]) == ("PreemptLowerPriority", "Never")


def test_a_drain_waits_for_trainings() -> None:
    budget = only(list(rendered("training")), "PodDisruptionBudget")["spec"]
    quota = only(list(rendered("training")), "ResourceQuota")["spec"]["hard"]
    # Of pods without a controller a budget takes a whole minAvailable and nothing else.
    assert "maxUnavailable" not in budget
    assert isinstance(budget["minAvailable"], int)
    assert budget["minAvailable"] > int(quota["pods"])


def test_the_names_are_those_that_the_runtime_looks_for() -> None:
    manifests = list(rendered("training, everything"))
    for kind in ("ConfigMap", "Secret", "ServiceAccount"):
        assert only(manifests, kind)["metadata"]["name"] == "nightshift-trainer"
    assert only(manifests, "PersistentVolumeClaim")["metadata"]["name"] == "nightshift-cache"


def test_every_setting_of_the_steps_is_one_that_the_trainer_reads() -> None:
    source = (ROOT / "training_image/src/trainer/settings.py").read_text(encoding="utf-8")
    fields = {name.upper() for name in re.findall(r"^    ([a-z0-9_]+): ", source, flags=re.MULTILINE)}
    schema = json.loads((ROOT / "charts/training/values.schema.json").read_text(encoding="utf-8"))
    names = set(schema["properties"]["settings"]["properties"])
    assert len(names) > 10
    others = {name for name in names - fields if not name.startswith(("AWS_", "MLFLOW_HTTP_"))}
    assert others == set()
    # Set by the runtime or the image.
    own = {"TRAINER_WORK_DIR", "TRAINER_CACHE_DIR", "TRAINER_DEVICE"}
    own |= {"TRAINER_GIT_SHA", "TRAINER_IMAGE", "TRAINER_IMAGE_ID"}
    timeouts = {"S3_CONNECT_TIMEOUT_SECONDS", "S3_READ_TIMEOUT_SECONDS"}
    # In the Secret: an address of a webhook may have a key in it.
    secrets = {"BACKEND_CALLBACK_URL", "BACKEND_CALLBACK_SECRET"}
    assert fields - names == own | timeouts | secrets
