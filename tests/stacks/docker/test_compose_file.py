"""Guarantees of docker-compose.airflow.yml, checked by reading the file as data."""

import re
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.stacks.docker.__main__ import SECRETS, add_missing
from include.stacks.docker.compose import StackError, read_stack

from .conftest import require_engine

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docker-compose.airflow.yml").read_text()
STACK: dict[str, Any] = yaml.safe_load(TEXT)
GPU: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.gpu.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = STACK["services"] | {"gpu-check": GPU["services"]["gpu-check"]}
RESTARTS = {"s3-init": "on-failure:5", "airflow-init": "on-failure:5", "sample-data": "no", "gpu-check": "no"}
"""Services that end; all others are there to stay. Restarted forever, Compose would wait for them forever."""

OURS = ("nightshift-airflow", "nightshift-mlflow")


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_limited_logs_in_bounds_and_restarts(name: str) -> None:
    service = SERVICES[name]
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["restart"] == RESTARTS.get(name, "unless-stopped")
    assert service["security_opt"] == ["no-new-privileges"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_reports_its_health_and_each_job_ends(name: str) -> None:
    assert SERVICES[name]["healthcheck"].get("disable", False) == (name in RESTARTS)


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    image, _, tag = re.sub(r"^\$\{TRAINER_IMAGE:-(.*)\}$", r"\1", str(SERVICES[name]["image"])).partition(":")
    assert tag
    assert image in OURS or re.search(r"\d+\.\d+", tag)
    assert "latest" not in tag


def test_only_the_two_uis_are_published_and_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"api-server", "mlflow"}
    assert all(ports[0].startswith("${PUBLISH_ADDRESS:-127.0.0.1}:") for ports in published.values())


def test_only_the_proxy_sees_the_engines_socket() -> None:
    with_socket = [name for name, service in SERVICES.items() if "docker.sock" in str(service.get("volumes"))]
    assert with_socket == ["docker-proxy"]
    on_its_network = {name for name, service in SERVICES.items() if "docker" in service.get("networks", ())}
    assert on_its_network == {"docker-proxy", "scheduler"}


def test_steps_reach_mlflow_and_the_store_only() -> None:
    reached = {name for name, service in SERVICES.items() if "training" in service.get("networks", ())}
    assert reached == {"mlflow", "s3", "s3-init", "sample-data"}


def test_no_secret_has_a_default() -> None:
    for name in SECRETS:
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", TEXT)
        assert uses, name
        assert any(use.startswith(":?not set") for use in uses), name
        assert not any(use.startswith(":-") for use in uses), name


def test_gpus_are_checked_before_the_scheduler_starts() -> None:
    (device,) = GPU["services"]["gpu-check"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    assert GPU["services"]["scheduler"]["depends_on"] == {"gpu-check": {"condition": "service_completed_successfully"}}


ELSEWHERE = {
    "TRAINING_RUNTIME": "the stack is the docker runtime's",
    "DOCKER_HOST": "docker-proxy's address",
    "DOCKER_REGISTRY_CONNECTION": "made of REGISTRY",
    "DOCKER_NETWORK": "NIGHTSHIFT_NETWORK",
    "NIGHTSHIFT_STATE": "COMPOSE_PROJECT_NAME",
    "MLFLOW_TRACKING_URI": "the stack's own MLflow",
    "S3_ENDPOINT_URL": "the stack's own store",
    "TRAINER_WORK_DIR": "in a container's own scratch space",
    "TRAINER_CACHE_DIR": "DOCKER_CACHE_VOLUME",
    "TRAINER_WORKSPACE_KEEP_HOURS": "a container's scratch space ends with it",
    "TRAINER_DEVICE": "goes by the catalog's resources",
    "TRAINER_GIT_SHA": "the image has its own",
    "TRAINER_IMAGE_ID": "set by the runtime",
    "TRAINER_COMMAND": "of the local runtime",
    "TORCH_BACKEND": "of `make install` and `make image`",
    "COMPOSE_FILE": "read by Compose itself",
}
"""Settings of .env.example that the stack in Docker has no use for, or sets itself."""


def test_each_documented_setting_reaches_the_stack_or_is_listed_as_unused() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    documented = set(re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=", text, flags=re.MULTILINE))
    used = set(re.findall(r"\$\{([A-Z][A-Z0-9_]+)", TEXT + (ROOT / "docker-compose.gpu.yml").read_text()))
    own = {name for name in documented if not name.startswith("KUBERNETES_")}
    assert own - used == ELSEWHERE.keys()
    assert used - documented == set()


@pytest.mark.stack
def test_compose_refuses_each_missing_secret_and_says_what_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_engine()
    monkeypatch.setenv("COMPOSE_ENV_FILES", str(tmp_path / ".env"))
    secrets = add_missing(tmp_path / ".env")
    assert read_stack().value("scheduler", "DOCKER_HOST") == "tcp://docker-proxy:2375"
    for name in secrets:
        monkeypatch.setenv(name, "")
        with pytest.raises(StackError, match=f"{name} is missing a value: not set, run `make stack-init`"):
            read_stack()
        monkeypatch.delenv(name)


@pytest.mark.stack
def test_the_uis_accept_the_host_names_by_which_people_reach_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    require_engine()
    monkeypatch.setenv("COMPOSE_ENV_FILES", str(tmp_path / ".env"))
    monkeypatch.delenv("MLFLOW_PORT")  # the tests' own
    add_missing(tmp_path / ".env")
    command = read_stack().config["services"]["mlflow"]["command"]
    assert command[-2:] == [
        "--allowed-hosts=mlflow,mlflow:5000,localhost,localhost:*,127.0.0.1,127.0.0.1:*",
        "--cors-allowed-origins=http://127.0.0.1:5000",
    ]
    monkeypatch.setenv("MLFLOW_HOSTS", "mlflow.example.com,10.1.2.3:5000")
    monkeypatch.setenv("MLFLOW_UI_URL", "https://mlflow.example.com")
    monkeypatch.setenv("AIRFLOW_UI_URL", "https://airflow.example.com")
    stack = read_stack()
    hosts, origins = stack.config["services"]["mlflow"]["command"][-2:]
    assert hosts.endswith(",127.0.0.1:*,mlflow.example.com,10.1.2.3:5000")
    assert origins == "--cors-allowed-origins=https://mlflow.example.com"
    assert stack.value("scheduler", "AIRFLOW__API__BASE_URL") == "https://airflow.example.com"


def test_secrets_are_made_once_and_are_the_owners_only(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("AIRFLOW_PORT=9000\nS3_SECRET_KEY=mine")
    made = add_missing(path)
    assert made.keys() == SECRETS.keys() - {"S3_SECRET_KEY"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert text.startswith("AIRFLOW_PORT=9000\nS3_SECRET_KEY=mine\nPOSTGRES_PASSWORD=")
    assert add_missing(path) == {}
    assert path.read_text() == text
