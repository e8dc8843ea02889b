"""Run the MLflow chart's containers as rendered: migration, server with logins, backup, loss, restore.

One world for all, because a database and a server are dear; some tests need what those before them left in it.
"""

import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from .chart_tools import CREDENTIALS, Manifest, containers, only, render
from .pod_processes import TRAINER, Database, Machine, eventually, free_port, pod_of, postgresql, s3_server

pytestmark = pytest.mark.faults

SECRET = CREDENTIALS | {"PGPASSWORD": "it's 100% p@ss/word"}
"""With letters that an address or a file of settings could not carry as they are."""

LOGIN = ("admin", SECRET["MLFLOW_AUTH_ADMIN_PASSWORD"])
ARTIFACT = "api/2.0/mlflow-artifacts/artifacts"
S3 = """
import boto3, json, sys
client = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
action, *arguments = json.loads(sys.argv[2])
if action == "list":
    listing = client.list_objects_v2(Bucket=arguments[0], Prefix=arguments[1]).get("Contents", [])
    print(json.dumps({found["Key"]: found["Size"] for found in listing}))
elif action == "versioning":
    print(json.dumps(client.get_bucket_versioning(Bucket=arguments[0])["Status"]))
elif action == "make":
    print(json.dumps(client.create_bucket(Bucket=arguments[0])["ResponseMetadata"]["HTTPStatusCode"]))
else:
    print(json.dumps(client.delete_object(Bucket=arguments[0], Key=arguments[1])["ResponseMetadata"]["HTTPStatusCode"]))
"""  # noqa: E501


class World(NamedTuple):
    """What the chart's containers find around them."""

    machine: Machine
    database: Database
    store: str
    values: dict[str, Any]

    def manifests(self, **more: Any) -> list[Manifest]:
        """Render the chart for this world."""
        return render("mlflow", self.values, more)

    def s3(self, *action: str) -> Any:
        """Look into the store without the code under test."""
        command = [str(TRAINER / "python"), "-c", S3, self.store, json.dumps(action)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A database and a store, with nothing in them but the chart's own role and database."""
    folder = Path(tmp_path_factory.mktemp("cluster"))
    # The parents, too, are root's own; with several workers there is one more of them.
    for parent in (folder, *folder.parents):
        if not parent.stat().st_mode & stat.S_IXOTH:
            os.chmod(parent, 0o755)
    files = only(render("mlflow", {"postgresql": {"enabled": True}}), "ConfigMap")
    with postgresql(folder, SECRET["PGPASSWORD"], files["data"]["10-database.sh"]) as database, s3_server() as store:
        values = {
            "database": {"host": "127.0.0.1", "port": database.port, "sslMode": "disable"},
            "s3": {"endpointUrl": store},
            "seaweedfs": {"enabled": True, "persistence": {"enabled": False}},
            "backup": {"enabled": True, "keep": 2, "s3": {"bucket": "backups"}},
            "server": {"workers": 1},
            "autoscaling": {"enabled": False},
        }
        machine = Machine(folder / "node", SECRET, database.programs)
        machine.folder.mkdir()
        world = World(machine, database, store, values)
        machine.mount(only(world.manifests(), "ConfigMap"))
        world.s3("make", "backups")
        yield world


@pytest.fixture(scope="module")
def migrated(world: World) -> World:
    """The world after the two Jobs of an installation, one of them started twice."""
    manifests = world.manifests()
    code, output = world.machine.run_pod(pod_of(manifests, "Job", "buckets"))
    assert code == 0, output
    (migrate,) = pod_of(manifests, "Job", "migrate")["containers"]
    both = [world.machine.start(migrate) for _ in range(2)]
    outputs = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert all("the schema is that of this image" in output for output in outputs)
    return world


class Server:
    """MLflow as the Deployment starts it, on a port of its own."""

    def __init__(self, world: World) -> None:
        self.port = free_port()
        pod = pod_of(world.manifests(), "Deployment", "server")
        (prepare,) = pod["initContainers"]
        code, output = world.machine.run(prepare)
        assert code == 0, output
        moved = {"--port=5000": f"--port={self.port}", "--host=0.0.0.0": "--host=127.0.0.1"}
        self.process = world.machine.start(pod["containers"][0], moved)
        self.base = f"http://127.0.0.1:{self.port}"
        eventually(lambda: self._is_healthy(pod), "MLflow")

    def _is_healthy(self, pod: Manifest) -> bool:
        assert self.process.poll() is None, self.process.communicate()[0]
        try:
            # As the kubelet asks: by the pod's address, without a login.
            path = pod["containers"][0]["readinessProbe"]["httpGet"]["path"]
            return requests.get(self.base + path, headers={"Host": "10.1.2.3:5000"}, timeout=5).ok
        except requests.ConnectionError:
            return False

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("auth", LOGIN)
        return requests.request(method, f"{self.base}/{path}", timeout=60, **options)

    def log_run(self, name: str, artifact: str) -> str:
        """Log a run with an artifact and return the run's id."""
        body = {"experiment_id": "0", "run_name": name, "start_time": 1}
        answer = self.call("POST", "api/2.0/mlflow/runs/create", json=body)
        run = answer.json()["run"]["info"]
        path = f"{ARTIFACT}/0/{run['run_id']}/artifacts/model.txt"
        assert self.call("PUT", path, data=artifact.encode()).ok
        return str(run["run_id"])

    def artifact(self, run_id: str) -> tuple[int, str]:
        answer = self.call("GET", f"{ARTIFACT}/0/{run_id}/artifacts/model.txt")
        return answer.status_code, answer.text

    def runs(self) -> set[str]:
        answer = self.call("POST", "api/2.0/mlflow/runs/search", json={"experiment_ids": ["0"]})
        return {run["info"]["run_id"] for run in answer.json().get("runs", ())}

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.communicate(timeout=60)


def back_up(world: World) -> str:
    """Run the CronJob's pod and return the backup's name."""
    code, output = world.machine.run_pod(pod_of(world.manifests(), "CronJob", "backup"))
    assert code == 0, output
    return output.split("store: ", 1)[1].split(":", 1)[0]


def restore(world: World, name: str, *, replace: bool) -> tuple[int, str]:
    """Run the Job that a restore renders."""
    manifests = world.manifests(restore={"from": name, "replace": replace})
    return world.machine.run_pod(pod_of(manifests, "Job", "restore"))


def test_a_server_waits_for_the_schema_and_says_for_what(world: World) -> None:
    (prepare,) = pod_of(world.manifests(), "Deployment", "server")["initContainers"]
    code, output = world.machine.run(prepare, {"1800": "1"})
    assert code == 1
    assert "not this image's schema after 1 s; expected the Job `migrate` to bring it there" in output
    assert SECRET["PGPASSWORD"] not in output


def test_without_a_database_the_migration_says_which_it_misses(world: World) -> None:
    pod = pod_of(world.manifests(database={**world.values["database"], "port": free_port()}), "Job", "migrate")
    code, output = world.machine.run(pod["containers"][0], {"1800": "1"})
    assert code == 1
    assert "waiting: " in output
    assert "no answer in 1 s; expected a database, see `database` and its credentials" in output


@pytest.mark.timeout(900)
def test_two_migrations_at_once_leave_one_schema(migrated: World) -> None:
    assert migrated.database.ask("SELECT count(*) FROM alembic_version, alembic_version_auth", "mlflow") == "1"


def test_the_installations_jobs_make_buckets_with_versions(migrated: World) -> None:
    assert [migrated.s3("versioning", bucket) for bucket in ("mlflow", "datasets")] == ["Enabled", "Enabled"]
    code, output = migrated.machine.run_pod(pod_of(migrated.manifests(), "Job", "buckets"))
    assert (code, output) == (0, "buckets: buckets are there: mlflow, datasets\n")


def test_the_store_gets_its_identities_from_the_secret(world: World) -> None:
    manifests = world.manifests()
    found = [one for one in manifests if one["metadata"]["name"] == "nightshift-mlflow-s3"]
    (prepare,) = only(found, "StatefulSet")["spec"]["template"]["spec"]["initContainers"]
    target = world.machine.folder / "s3.json"
    code, output = world.machine.run(prepare, {"/identities/s3.json": str(target)})
    assert code == 0, output
    (identity,) = json.loads(target.read_text())["identities"]
    (credentials,) = identity["credentials"]
    assert credentials == {"accessKey": "store-key", "secretKey": "store-secret"}
    assert target.stat().st_mode & 0o777 == 0o640


@pytest.mark.timeout(900)
def test_what_was_backed_up_is_back_after_a_restore(migrated: World) -> None:
    server = Server(migrated)
    try:
        assert server.call("GET", "api/2.0/mlflow/experiments/get?experiment_id=0", auth=None).status_code == 401
        assert server.call("GET", "version", headers={"Host": "evil.example.com"}).status_code == 200
        refused = server.call("GET", "ajax-api/2.0/mlflow/users/current", headers={"Host": "evil.example.com"})
        assert refused.status_code == 403
        named = server.call(
            "GET", "api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": "nightshift-mlflow:5000"}
        )
        assert named.json()["experiment"]["name"] == "Default"
        first = server.log_run("first", "weights of the first")
        backup = back_up(migrated)
        second = server.log_run("second", "weights of the second")
        path = f"{ARTIFACT}/0/{first}/artifacts/model.txt"
        assert server.call("PUT", path, data=b"overwritten").ok
    finally:
        server.stop()

    code, output = restore(migrated, backup, replace=False)
    assert code == 1
    assert "tables; restore.replace=true throws them away for the backup" in output
    code, output = restore(migrated, "2020-01-01T000000Z", replace=True)
    assert code == 1
    assert f"there is no backup 2020-01-01T000000Z; expected one of {backup}" in output

    code, output = restore(migrated, backup, replace=True)
    assert code == 0, output
    assert f"put: {backup}: 1 artifacts, 1 of them copied back" in output
    server = Server(migrated)
    try:
        assert server.runs() == {first}
        assert server.artifact(first) == (200, "weights of the first")
        assert second not in server.runs()
        # What came back is whole: it can be backed up and restored in its turn.
        server.log_run("third", "weights of the third")
        again = back_up(migrated)
    finally:
        server.stop()
    code, output = restore(migrated, again, replace=True)
    assert code == 0, output
    assert "3 artifacts, 0 of them copied back" in output


def test_only_what_is_new_is_copied_and_the_oldest_backups_go(migrated: World) -> None:
    names = [back_up(migrated)]
    code, output = migrated.machine.run_pod(pod_of(migrated.manifests(), "CronJob", "backup"))
    assert code == 0
    assert "artifacts, 0 of them new" in output
    names.append(output.split("store: ", 1)[1].split(":", 1)[0])
    kept = {key.split("/")[2] for key in migrated.s3("list", "backups", "nightshift/mlflow/")} - {"objects"}
    assert kept == set(names) if names[0] != names[1] else kept >= set(names)
    objects = migrated.s3("list", "backups", "nightshift/mlflow/objects/")
    assert len(objects) == len(migrated.s3("list", "mlflow", "artifacts/"))


def test_a_backup_with_a_hole_is_refused_before_anything_is_touched(migrated: World) -> None:
    name = back_up(migrated)
    before = migrated.database.ask("SELECT count(*) FROM runs", "mlflow")
    victim = next(iter(migrated.s3("list", "backups", "nightshift/mlflow/objects/")))
    migrated.s3("remove", "backups", victim)
    code, output = restore(migrated, name, replace=True)
    assert code == 1
    assert f"{name} is not whole: 1 artifacts are missing or cut, such as 0/" in output
    assert migrated.database.ask("SELECT count(*) FROM runs", "mlflow") == before


def test_no_container_shows_a_secret_in_its_arguments(world: World) -> None:
    for manifest in (*world.manifests(), *world.manifests(restore={"from": "2026-11-21T193000Z", "replace": True})):
        if manifest["kind"] in ("Deployment", "Job"):
            for container in containers(manifest["spec"]["template"]["spec"]):
                assert not [part for part in container.get("args", ()) if "PASSWORD" in part]
