"""Tests that the numbers and commands on the page about charts are right, in both languages."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from .chart_tools import CHARTS, ROOT, containers, only, render, values_file
from .test_airflow_values import laid

PAGES = {name: (CHARTS / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md")}
UNITS = {"Mi": 1 / 1024, "Gi": 1.0}


def cost_rows(page: str) -> list[tuple[float, float, float, float]]:
    """Return count, amount, price and month of each row."""
    found = re.findall(r"^\| [^|]+ \| (\d+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", page, flags=re.MULTILINE)
    return [tuple(float(cell) for cell in row) for row in found]  # type: ignore[misc]  # four of them, by the pattern


def cpu(text: object) -> float:
    """Return processors."""
    return float(str(text)[:-1]) / 1000 if str(text).endswith("m") else float(str(text))


def gibibytes(text: str) -> float:
    """Return GiB."""
    return float(text[:-2]) * UNITS[text[-2:]]


def asked(resources: dict[str, Any], count: int = 1) -> tuple[float, float]:
    """Return what so many ask for: processors and GiB."""
    return count * cpu(resources["requests"]["cpu"]), count * gibibytes(resources["requests"]["memory"])


@pytest.mark.parametrize("name", PAGES)
def test_the_costs_add_up_and_stay_below_200(name: str) -> None:
    rows = cost_rows(PAGES[name])
    assert len(rows) == 9
    for count, amount, price, month in rows:
        assert month == pytest.approx(count * amount * price, abs=0.006)
    (total,) = re.findall(r"\*\*([\d.]+)\*\* \|$", PAGES[name], flags=re.MULTILINE)
    assert float(total) == pytest.approx(sum(row[3] for row in rows), abs=0.001)
    assert float(total) <= 200


def test_both_languages_have_the_same_numbers_and_commands() -> None:
    english, korean = PAGES.values()
    assert cost_rows(english) == cost_rows(korean)
    blocks = [
        re.sub(r"#.*", "", "".join(re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL)))
        for page in (english, korean)
    ]
    assert blocks[0].split() == blocks[1].split()


def test_what_runs_all_the_time_fits_on_the_nodes_that_are_paid_for() -> None:
    airflow = laid("EKS")
    parts = [
        asked(airflow[part]["resources"]) for part in ("scheduler", "dagProcessor", "triggerer", "apiServer", "statsd")
    ]
    manifests = render("mlflow", values_file("mlflow", "values-eks.yaml"))
    (server,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    servers = only(manifests, "HorizontalPodAutoscaler")["spec"]["minReplicas"]
    mlflow = asked(server["resources"], servers)
    airflows = [sum(part[index] for part in parts) for index in (0, 1)]
    assert [round(number, 1) for number in airflows] == [0.8, 3.3]
    total = [airflows[index] + mlflow[index] for index in (0, 1)]
    assert [round(number, 1) for number in total] == [1.3, 5.3]
    watching = asked(airflow["workers"]["kubernetes"]["resources"], 8)
    assert total[0] + 0.7 + watching[0] <= 3.8
    assert total[1] + 1.2 + watching[1] <= 10.2


def test_the_commands_for_kubectl_print_manifests() -> None:
    for line in re.findall(r"^make --silent (chart .*?) \| kubectl", PAGES["README.md"], flags=re.MULTILINE):
        # Without `install`, which the environments of these tests have behind them.
        command = ["make", "--silent", "--assume-old=install", *line.split()]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        kinds = [manifest["kind"] for manifest in yaml.safe_load_all(done.stdout)]
        assert "NetworkPolicy" in kinds
        assert ("Namespace" in kinds) == ("namespace.create" in line)


def test_the_secrets_of_the_page_have_the_keys_that_pods_ask_for() -> None:
    wanted = {
        entry["valueFrom"]["secretKeyRef"]["key"]
        for manifest in render("mlflow", values_file("mlflow", "values-dev.yaml"))
        if manifest["kind"] in ("Deployment", "StatefulSet", "Job")
        for container in containers(manifest["spec"]["template"]["spec"])
        for entry in container.get("env", ())
        if "secretKeyRef" in entry.get("valueFrom", {})
    }
    for page in (PAGES["README.md"], (CHARTS / "mlflow/README.md").read_text(encoding="utf-8")):
        block = page.split("secret generic nightshift-mlflow", 1)[1].split("nightshift-trainer", 1)[0]
        assert wanted <= set(re.findall(r"--from-literal=([A-Z_]+)=", block))
