"""Print what a chart renders, for `kubectl apply --filename -`, where there is no helm: with Helm's own library."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import helm_python
import yaml

ROOT = Path(__file__).resolve().parents[1]
# As Helm installs: what others need comes first.
ORDER = (
    "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodDisruptionBudget", "PriorityClass",
    "ServiceAccount", "Secret", "ConfigMap", "PersistentVolumeClaim", "Role", "RoleBinding", "Service", "StatefulSet",
    "Deployment", "HorizontalPodAutoscaler", "Job", "CronJob", "Ingress",
)  # fmt: skip


def main() -> int:
    """Render the chart that the command line names; 1 if Helm refuses the values."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chart", choices=("training", "mlflow"))
    parser.add_argument("--namespace", default="nightshift", help="default: %(default)s")
    parser.add_argument("--name", help="the release; default: nightshift, or nightshift-mlflow")
    parser.add_argument("--values", type=Path, action="append", default=[], help="a values file; the last one wins")
    parser.add_argument("--set", action="append", default=[], dest="settings", help="key=value, as helm takes them")
    arguments = parser.parse_args()
    try:
        values = merged_values(arguments.values, arguments.settings)
        name = arguments.name or {"training": "nightshift", "mlflow": "nightshift-mlflow"}[arguments.chart]
        documents = list(rendered(arguments.chart, values, name, arguments.namespace))
    except helm_python.HelmError as error:
        print(error, file=sys.stderr)
        return 1
    print(yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True), end="")
    return 0


def merged_values(files: list[Path], settings: list[str]) -> dict[str, Any]:
    """Return the values of all files and settings, later ones over earlier ones."""
    values: dict[str, Any] = {}
    for path in files:
        values = overlaid(values, yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    for setting in settings:
        values = overlaid(values, helm_python.parse_set_string(setting))
    return values


def overlaid(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another, mapping by mapping, as Helm does."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlaid(merged[key], value) if both else value
    return merged


def rendered(chart: str, values: dict[str, Any], name: str, namespace: str) -> Iterator[dict[str, Any]]:
    """Yield the manifests of a chart in the order in which they are to be applied."""
    with helm_python.Chart.load(ROOT / "charts" / chart) as loaded:
        loaded.validate_schema(values)
        templates = loaded.render(values, name=name, namespace=namespace)
    documents = [
        document
        for path, text in sorted(templates.items())
        if path.endswith(".yaml")
        for document in yaml.safe_load_all(text)
        if document
    ]
    yield from sorted(documents, key=lambda document: _place(document["kind"]))


def _place(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


if __name__ == "__main__":
    sys.exit(main())
