"""Tests that Kubernetes accepts the rendered charts, and that a chart refuses impossible values with a reason."""

import copy
import subprocess
import sys
from typing import Any

import helm_python
import pytest
import yaml

from .chart_tools import (
    BACKUP,
    CHARTS,
    CREDENTIALS,
    DATABASE,
    FOREIGN_KINDS,
    KUBERNETES_VERSIONS,
    MATRIX,
    ROOT,
    only,
    render,
    render_chart,
    rendered,
    schema_errors,
)


@pytest.mark.parametrize("chart", ["training", "mlflow"])
@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
def test_lint_finds_nothing(chart: str, version: str) -> None:
    values = DATABASE if chart == "mlflow" else {}
    report = helm_python.lint(CHARTS / chart, values, strict=True, kube_version=f"v{version}", namespace="nightshift")
    # Severity 1 is advice: that a chart may have an icon.
    assert [message for message in report["messages"] if message["severity"] > 1] == []
    assert not report["errors"]


@pytest.mark.parametrize("case", MATRIX)
def test_each_supported_kubernetes_takes_the_manifests(case: str) -> None:
    manifests = [manifest for manifest in rendered(case) if manifest["kind"] not in FOREIGN_KINDS]
    assert [
        error for version in KUBERNETES_VERSIONS for one in manifests for error in schema_errors(one, version)
    ] == []


def test_a_field_that_kubernetes_does_not_know_is_seen() -> None:
    service = copy.deepcopy(only(list(rendered("mlflow")), "Service"))
    service["spec"]["clusterIPs"] = "10.0.0.1"
    service["spec"]["adress"] = "x"
    problems = " ".join(schema_errors(service, "1.36.0"))
    assert "'10.0.0.1' is not of type 'array'" in problems
    assert "'adress' was unexpected" in problems


@pytest.mark.parametrize("case", MATRIX)
def test_objects_are_in_the_releases_namespace_and_no_two_have_one_name(case: str) -> None:
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered(case)]
    assert len(names) == len(set(names))
    for one in rendered(case):
        whole_clusters = one["kind"] in ("Namespace", "PriorityClass")
        assert one["metadata"].get("namespace") == (None if whole_clusters else "nightshift")


@pytest.mark.parametrize("case", MATRIX)
def test_what_others_need_is_applied_before_them(case: str) -> None:
    kinds = [one["kind"] for one in rendered(case)]
    places = [render_chart.ORDER.index(kind) for kind in kinds if kind in render_chart.ORDER]
    assert places == sorted(places)
    assert set(kinds) - set(render_chart.ORDER) <= FOREIGN_KINDS


@pytest.mark.parametrize("case", MATRIX)
def test_selectors_find_the_pods_of_their_own_workload(case: str) -> None:
    for one in rendered(case):
        if one["kind"] in ("Deployment", "StatefulSet"):
            selector = one["spec"]["selector"]["matchLabels"]
            assert selector.items() <= one["spec"]["template"]["metadata"]["labels"].items()
            assert selector["app.kubernetes.io/component"]
        if one["kind"] == "Service":
            workloads = [x for x in rendered(case) if x["kind"] in ("Deployment", "StatefulSet")]
            labels = [x["spec"]["template"]["metadata"]["labels"] for x in workloads]
            assert sum(one["spec"]["selector"].items() <= found.items() for found in labels) == 1


def test_another_image_or_setting_is_another_job() -> None:
    def job(*layers: dict[str, Any]) -> str:
        return str(only(render("mlflow", DATABASE, *layers), "Job")["metadata"]["name"])

    names = [
        job(),
        job({"image": {"tag": "0.2.0"}}),
        job({"nodeSelector": {"disk": "fast"}}),
        job({"migration": {"resources": {"limits": {"cpu": 3}}}}),
        job({"auth": {"defaultPermission": "NO_PERMISSIONS"}}),
    ]
    assert len(set(names)) == len(names)
    assert job() == names[0]
    assert job({"server": {"workers": 3}}) == names[0]


def test_a_restore_stops_the_servers_and_the_backups() -> None:
    manifests = list(rendered("mlflow, restore"))
    kinds = [one["kind"] for one in manifests]
    assert only(manifests, "Deployment")["spec"]["replicas"] == 0
    assert only(manifests, "CronJob")["spec"]["suspend"] is True
    assert "HorizontalPodAutoscaler" not in kinds
    assert not any("migrate" in one["metadata"]["name"] for one in manifests)


def test_the_autoscaler_says_how_many_servers_where_it_is_on() -> None:
    manifests = list(rendered("mlflow"))
    assert "replicas" not in only(manifests, "Deployment")["spec"]
    scaler = only(manifests, "HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 5)
    assert only(list(rendered("mlflow, dev")), "Deployment")["spec"]["replicas"] == 1


def test_without_a_name_service_fixed_addresses_do() -> None:
    manifests = list(rendered("mlflow, everything"))
    server = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    variables = {entry["name"]: entry.get("value") for entry in server["env"]}
    assert variables["MLFLOW_BACKEND_STORE_URI"] == "postgresql+psycopg2://mlflow@10.96.0.11:5432/mlflow"
    assert variables["MLFLOW_S3_ENDPOINT_URL"] == "http://10.96.0.12:8333"
    addresses = {one["spec"].get("clusterIP") for one in manifests if one["kind"] == "Service"}
    assert addresses == {"10.96.0.10", "10.96.0.11", "10.96.0.12"}
    (hosts,) = [argument for argument in server["args"] if argument.startswith("--allowed-hosts=")]
    names = hosts.removeprefix("--allowed-hosts=").split(",")
    expected = {"10.96.0.10:*", "mlflow.example.com", "mlflow.example.org", "nightshift-mlflow.nightshift.svc:*"}
    assert expected <= set(names)


def test_measurements_are_asked_for_with_a_login_and_by_the_pods_address() -> None:
    manifests = list(rendered("mlflow, everything"))
    (endpoint,) = only(manifests, "ServiceMonitor")["spec"]["endpoints"]
    assert endpoint["basicAuth"]["password"] == {"name": "nightshift-mlflow-metrics", "key": "METRICS_PASSWORD"}
    server = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert "--expose-prometheus=/tmp/prometheus" in server["args"]
    (hosts,) = [argument for argument in server["args"] if argument.startswith("--allowed-hosts=")]
    assert "$(POD_IP):*" in hosts
    assert "\nprometheus-flask-exporter==" in (ROOT / "requirements-mlflow.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize(("value", "rendered_as"), [(None, None), ("", ""), ("fast", "fast")])
def test_the_storage_class_is_the_clusters_none_or_the_one_named(value: str | None, rendered_as: str | None) -> None:
    claim = only(render("training", {"cache": {"storageClassName": value}}), "PersistentVolumeClaim")
    assert claim["spec"].get("storageClassName") == rendered_as
    layers = {"postgresql": {"enabled": True, "persistence": {"storageClassName": value}}}
    (template,) = only(render("mlflow", layers), "StatefulSet")["spec"]["volumeClaimTemplates"]
    assert template["spec"].get("storageClassName") == rendered_as


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("training", {"setings": {}}, "setings"),
    ("training", {"settings": {"S3_THREAD": 4}}, "S3_THREAD"),
    ("training", {"settings": {"S3_THREADS": 0}}, "S3_THREADS"),
    ("training", {"settings": {"MLFLOW_TRACKING_URI": "http://admin:secret@mlflow:5000"}}, "MLFLOW_TRACKING_URI"),
    ("training", {"namespace": {"podSecurity": "none"}}, "podSecurity"),
    ("training", {"launcher": {"subjects": []}}, "subjects"),
    ("training", {"extraSettings": {"MY_TOKEN": "x"}}, "its name looks like a secret; expected it in the Secret"),
    ("training", {"priorityClasses": {"nightly": 5, "backfill": 5}}, "got nightly 5 and backfill 5; expected nightly"),
    (
        "training",
        {"priorityClasses": {"services": 1000}},
        "got services 1000 and nightly 1000; expected services above",
    ),
    ("training", {"credentials": {"externalSecret": {"enabled": True, "store": {"name": "x"}}}}, "keys is empty"),
    ("mlflow", {}, "database.host is empty; expected the address of a PostgreSQL, or postgresql.enabled"),
    ("mlflow", DATABASE | {"image": {"tag": "latest"}}, "tag"),
    ("mlflow", DATABASE | {"server": {"resources": {"limits": None}}}, "limits"),
    ("mlflow", DATABASE | {"server": {"extraEnv": {"AWS_SECRET_ACCESS_KEY": "x"}}}, "its name looks like a secret"),
    ("mlflow", DATABASE | {"ingress": {"enabled": True}}, "ingress.host is empty"),
    ("mlflow", DATABASE | {"backup": {"enabled": True}}, "backup.s3.bucket is empty"),
    ("mlflow", DATABASE | {"backup": {"enabled": True, "s3": {"bucket": "mlflow"}}}, "is that of the artifacts"),
    ("mlflow", DATABASE | BACKUP | {"restore": {"from": "yesterday"}}, "from"),
    ("mlflow", DATABASE | {"autoscaling": {"minReplicas": 6}}, "got minReplicas 6 and maxReplicas 5"),
    ("mlflow", DATABASE | {"credentials": {"values": {"PGPASSWORD": "x"}}}, "has no MLFLOW_AUTH_ADMIN_PASSWORD"),
    (
        "mlflow",
        DATABASE | {"credentials": {"values": CREDENTIALS, "externalSecret": {"enabled": True}}},
        "got both `values` and `externalSecret`",
    ),
]


@pytest.mark.parametrize(("chart", "values", "reason"), REFUSED)
def test_values_that_cannot_work_are_refused_with_a_reason(chart: str, values: dict[str, Any], reason: str) -> None:
    with pytest.raises(helm_python.HelmError) as refusal:
        render(chart, values)
    assert reason in str(refusal.value)


def test_the_command_prints_manifests_or_the_reason() -> None:
    command = [sys.executable, ".ci/render_chart.py", "mlflow", "--values", "charts/mlflow/values-dev.yaml"]
    done = subprocess.run(
        [*command, "--set", "server.workers=3", "--namespace", "other"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    manifests = list(yaml.safe_load_all(done.stdout))
    assert {one["metadata"]["namespace"] for one in manifests} == {"other"}
    assert "--workers=3" in only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
    command += ["--set", "server.wrkers=3"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "wrkers" in refused.stderr
