"""The charts as a real API server judges them: each manifest is created for show, with strict fields.

In the laboratory's namespace, which enforces Pod Security "restricted": what a workload's pods violate is warned of.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes import client as k8s
from kubernetes.client.exceptions import ApiException

from tests.charts.chart_tools import FOREIGN_KINDS, MATRIX, Manifest, render

from .lab import Lab, laboratory

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with laboratory(runs_steps=False) as made:
        yield made


@pytest.mark.parametrize("case", MATRIX)
def test_the_api_server_takes_each_manifest(lab: Lab, case: str) -> None:
    api = k8s.ApiClient(lab.configuration)
    answers = {_name(each): _created_for_show(api, lab, each) for each in _manifests(lab, case)}
    assert answers
    unknown = [name for name, answer in answers.items() if answer is None]
    refused = {name: answer for name, answer in answers.items() if answer}
    assert refused == {}
    if unknown:
        pytest.skip(
            f"this server is too old for {', '.join(unknown)}; it takes the other {len(answers) - len(unknown)}"
        )


def test_the_network_policies_are_taken_and_go(lab: Lab) -> None:
    networking = k8s.NetworkingV1Api(k8s.ApiClient(lab.configuration))
    policies = [each for each in _manifests(lab, "training, everything") if each["kind"] == "NetworkPolicy"]
    assert policies
    for policy in policies:
        networking.create_namespaced_network_policy(lab.namespace, policy, field_validation="Strict")
    made = {each.metadata.name for each in networking.list_namespaced_network_policy(lab.namespace).items}
    assert made == {policy["metadata"]["name"] for policy in policies}
    for name in made:
        networking.delete_namespaced_network_policy(name, lab.namespace)
    assert networking.list_namespaced_network_policy(lab.namespace).items == []


@pytest.mark.parametrize("broken", [{"templat": {}}, {"replicas": "many"}])
def test_a_manifest_that_is_wrong_is_refused(lab: Lab, broken: dict[str, Any]) -> None:
    if "templat" in broken:
        lab.needs_version(25, "strict validation of fields")
    (deployment, *_) = [each for each in _manifests(lab, "mlflow, dev") if each["kind"] == "Deployment"]
    assert _created_for_show(k8s.ApiClient(lab.configuration), lab, deployment) == ""
    changed = deployment | {"spec": deployment["spec"] | broken}
    assert next(iter(broken)) in (_created_for_show(k8s.ApiClient(lab.configuration), lab, changed) or "")


def _manifests(lab: Lab, case: str) -> Iterator[Manifest]:
    chart, layers = MATRIX[case]
    for rendered in render(chart, *layers, namespace=lab.namespace):
        manifest = copy.deepcopy(rendered)
        if manifest["kind"] == "Service" and manifest["spec"].get("clusterIP") != "None":
            manifest["spec"].pop("clusterIP", None)  # an address in another cluster
        if manifest["kind"] not in FOREIGN_KINDS:
            yield manifest


def _created_for_show(api: k8s.ApiClient, lab: Lab, manifest: Manifest) -> str | None:
    """Return why a manifest is refused or warned of, nothing if it is taken; None if the server has no such kind."""
    place = _place(api, lab, manifest)
    if place is None:
        return None
    try:
        _, _, headers = _call(api, "POST", place, manifest, [("dryRun", "All"), ("fieldValidation", "Strict")])
    except ApiException as error:
        # Of an object that exists already, everything else was judged before.
        return "" if error.status == 409 and "already exists" in str(error.body) else str(error.body)
    warning = headers.get("Warning") or ""
    return warning if "PodSecurity" in warning else ""


def _place(api: k8s.ApiClient, lab: Lab, manifest: Manifest) -> str | None:
    version = manifest["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    try:
        known, _, _ = _call(api, "GET", root, None, [])
    except ApiException as error:
        if error.status != 404:
            raise
        return None
    found = [each for each in known["resources"] if each["kind"] == manifest["kind"] and "/" not in each["name"]]
    if not found:
        return None
    return (
        f"{root}/namespaces/{lab.namespace}/{found[0]['name']}"
        if found[0]["namespaced"]
        else f"{root}/{found[0]['name']}"
    )


def _call(api: k8s.ApiClient, method: str, path: str, body: Any, query: list[tuple[str, str]]) -> Any:
    return api.call_api(
        path,
        method,
        query_params=query,
        header_params={"Accept": "application/json", "Content-Type": "application/json"},
        body=body,
        response_types_map={200: "object", 201: "object"},
        auth_settings=["BearerToken"],
        _request_timeout=30,
    )


def _name(manifest: Manifest) -> str:
    return f"{manifest['apiVersion']} {manifest['kind']} {manifest['metadata']['name']}"
