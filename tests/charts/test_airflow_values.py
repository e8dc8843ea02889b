"""Tests that the values for the official Airflow chart use existing keys and options, and fit the other charts."""

import importlib.util
import re
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from airflow.configuration import conf
from airflow.providers.cncf.kubernetes import kubernetes_helper_functions

from include.pipelines.runtimes.kubernetes.settings import KubernetesSettings
from include.pipelines.settings import Settings, read_settings, settings

from .chart_tools import CHARTS, ROOT, chart_values, only, render, render_chart, values_file

FILES = ("values.yaml", "values-eks.yaml", "values-local.yaml")
LAYERS = {"base": FILES[:1], "EKS": FILES[:2], "local": (FILES[0], FILES[2])}
KEYS = [
    line.strip()
    for line in (CHARTS / "airflow/chart-keys.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
SCHEMA = chart_values.values_schema((CHARTS / "airflow/values.yaml").read_text(encoding="utf-8"), "values.yaml")


def laid(which: str) -> dict[str, Any]:
    """Return the values of a deployment, its files laid over each other."""
    values: dict[str, Any] = reduce(render_chart.overlaid, (values_file("airflow", name) for name in LAYERS[which]), {})
    return values


def paths(values: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted path of each value that is no mapping."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from paths(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def is_known(path: str) -> bool:
    """Return whether a key, or a mapping that it is in, stands in the list."""
    return any(path == key or (key.endswith(".*") and f"{path}.".startswith(key[:-1])) for key in KEYS)


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_one_of_the_chart(name: str) -> None:
    assert [path for path in paths(values_file("airflow", name)) if not is_known(path)] == []


def test_a_key_that_the_chart_does_not_have_is_seen() -> None:
    assert not is_known("webserver.replicas")
    assert not is_known("scheduler.resource.limits.cpu")
    assert is_known("scheduler.resources.limits.cpu")


def test_the_list_names_nothing_that_is_not_used() -> None:
    used = {path for name in FILES for path in paths(values_file("airflow", name))}
    unused = [key for key in KEYS if not any(path == key or f"{path}.".startswith(key.rstrip("*")) for path in used)]
    assert unused == []
    assert sorted(KEYS) == KEYS


@pytest.mark.parametrize("which", LAYERS)
def test_the_values_fit_their_schema(which: str) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(laid(which))


def test_a_values_file_on_top_with_an_unknown_key_does_not_fit() -> None:
    with pytest.raises(jsonschema.ValidationError, match="'schedulr' was unexpected"):
        jsonschema.Draft7Validator(SCHEMA).validate(laid("base") | {"schedulr": {}})


@pytest.mark.parametrize("which", LAYERS)
def test_every_option_of_the_configuration_is_one_of_airflows(which: str) -> None:
    known = conf.configuration_description
    options = [(section, option) for section, body in laid(which)["config"].items() for option in body]
    others = [pair for pair in options if pair[1] not in known.get(pair[0], {"options": {}})["options"]]
    # Read by the Kubernetes provider without being listed.
    source = Path(kubernetes_helper_functions.__file__).read_text(encoding="utf-8")
    assert [pair for pair in others if f'("{pair[0]}", "{pair[1]}"' not in source] == []


@pytest.mark.parametrize("which", LAYERS)
def test_variables_are_settings_of_the_airflow_side_with_values_that_it_takes(
    which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {entry["name"]: entry["value"] for entry in laid(which)["env"]}
    assert set(variables) <= {name.upper() for name in Settings.model_fields | KubernetesSettings.model_fields}
    read_settings.cache_clear()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert settings().training_runtime.value == "kubernetes"
    assert set(read_settings(KubernetesSettings).model_dump(exclude_unset=True)) == {
        name.lower() for name in variables if name.startswith("KUBERNETES_")
    }
    read_settings.cache_clear()


@pytest.mark.parametrize("which", LAYERS)
def test_named_classes_are_there_or_their_packages_are_in_the_image(which: str) -> None:
    lock = (ROOT / "requirements-cluster.lock").read_text(encoding="utf-8")
    (bundle,) = laid(which)["dagProcessor"]["dagBundleConfigList"]
    for path in (bundle["classpath"], laid(which)["config"]["core"].get("auth_manager")):
        provider = re.match(r"airflow\.providers\.(\w+)\.", path or "")
        if provider:
            assert f"\napache-airflow-providers-{provider[1]}==" in lock
        elif path:
            module, _, name = path.rpartition(".")
            source = importlib.util.find_spec(module)
            assert source is not None
            assert source.origin is not None
            assert f"\nclass {name}(" in Path(source.origin).read_text(encoding="utf-8")


def test_logs_go_to_s3_with_a_connection_that_is_given_as_a_secret() -> None:
    logging = laid("EKS")["config"]["logging"]
    assert logging["remote_base_log_folder"].startswith("s3://")
    assert logging["remote_log_conn_id"] == "nightshift_logs"
    (source,) = yaml.safe_load(laid("EKS")["extraEnvFrom"])
    assert source == {"secretRef": {"name": "nightshift-airflow-connections"}}
    assert "apache-airflow-providers-amazon==" in (ROOT / "requirements-cluster.lock").read_text(encoding="utf-8")


def test_the_image_has_the_airflow_that_the_values_say() -> None:
    version = laid("base")["airflowVersion"]
    for lock in ("requirements.lock", "requirements-cluster.lock"):
        assert f"\napache-airflow=={version}\n" in (ROOT / lock).read_text(encoding="utf-8")
    assert f'"apache-airflow=={version}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_image_of_a_cluster_has_the_plugin() -> None:
    stage = (ROOT / "Dockerfile").read_text(encoding="utf-8").split("FROM service AS airflow-cluster", 1)[1]
    stage = stage.split("\nFROM ", 1)[0]
    (folder,) = re.findall(r"AIRFLOW__CORE__PLUGINS_FOLDER=(\S+)", stage)
    assert f"COPY plugins {folder}\n" in stage


@pytest.mark.parametrize(("which", "layer"), [("base", {}), ("local", values_file("training", "values-local.yaml"))])
def test_who_runs_operators_may_start_pods(which: str, layer: dict[str, Any]) -> None:
    values = laid(which)
    accounts = {
        values["workers"]["kubernetes"]["serviceAccount"]["name"],
        values["scheduler"]["serviceAccount"]["name"],
        values["triggerer"]["serviceAccount"]["name"],
    }
    subjects = only(render("training", layer), "RoleBinding")["subjects"]
    assert {subject["name"] for subject in subjects} == accounts


def test_what_steps_need_is_above_them_and_named_by_its_class() -> None:
    made = {one["metadata"]["name"]: one["value"] for one in render("training") if one["kind"] == "PriorityClass"}
    assert made["nightshift-services"] > made["nightshift-nightly"] > made["nightshift-backfill"]
    values = laid("EKS")
    parts = [values[part] for part in ("dagProcessor", "scheduler", "triggerer", "apiServer", "statsd")]
    named = {part["priorityClassName"] for part in [*parts, values["workers"]["kubernetes"]]}
    named.add(values_file("mlflow", "values-eks.yaml")["priorityClassName"])
    assert named == {"nightshift-services"}


@pytest.mark.parametrize("which", LAYERS)
def test_everything_of_ours_is_limited_restricted_and_pinned(which: str) -> None:
    values = laid(which)
    parts = ("dagProcessor", "scheduler", "triggerer", "apiServer", "migrateDatabaseJob", "cleanup", "statsd")
    limited = [values[part]["resources"] for part in parts] + [values["workers"]["kubernetes"]["resources"]]
    assert all(part.keys() == {"requests", "limits"} for part in limited)
    assert values["securityContexts"]["pod"]["runAsNonRoot"] is True
    assert values["securityContexts"]["containers"]["capabilities"] == {"drop": ["ALL"]}
    assert values["defaultAirflowTag"] not in ("", "latest")
    assert values["images"]["airflow"]["pullPolicy"] == "IfNotPresent"


def test_no_file_has_a_secret_in_it() -> None:
    for name in FILES:
        text = (CHARTS / "airflow" / name).read_text(encoding="utf-8")
        assert not re.search(r"(?i)(password|secret_key|fernet_key|token): *[^\s{#]", text), name
