"""Today's steps and chores on the MLflow record that version 0.1 left, asked by the requests that version wrote.

The record (``v0_1/record``): two nights that were promoted one after the other, the rollback of the second, and a third
night whose training was stopped after some epochs. README.md says how it was made.
"""

import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from mlflow import MlflowClient
from moto.server import ThreadedMotoServer

from step_contract.transport import decode_result
from trainer import __version__

RECORD = Path(__file__).parent / "v0_1" / "record"
REQUESTS = RECORD / "requests"
STEPS = ("preprocess", "train", "evaluate", "register", "promote")
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "example", "AWS_SECRET_ACCESS_KEY": "example", "AWS_DEFAULT_REGION": "us-east-1"}


def answer_of(lines: str) -> dict[str, Any]:
    """Return the result or failure among a step's lines."""
    tagged = [
        line.split("::", 1)[1] for line in lines.splitlines() if line.startswith(("STEP_RESULT::", "STEP_FAILURE"))
    ]
    answer: dict[str, Any] = json.loads(tagged[-1])
    return answer


def answered(place: str) -> dict[str, Any]:
    """Return what version 0.1 answered: ``answered("night-1/train")``."""
    return answer_of((REQUESTS / f"{place}.lines").read_text(encoding="utf-8"))


def answered_today(place: str) -> dict[str, Any]:
    """Return what version 0.1 answered, read and written as today's contract does."""
    answer: dict[str, Any] = json.loads(decode_result(json.dumps(answered(place))).model_dump_json())
    return answer


def dag_run(place: str, **changes: Any) -> str:
    """Return the text of a run that version 0.1 wrote, with changes."""
    text = (REQUESTS / f"{place}.run.json").read_text(encoding="utf-8")
    return json.dumps(json.loads(text) | changes) if changes else text


@dataclass(frozen=True)
class Deployment:
    """A deployment that was upgraded from version 0.1."""

    folder: Path
    environment: dict[str, str]

    @property
    def client(self) -> MlflowClient:
        """A client of its MLflow."""
        return MlflowClient(self.environment["MLFLOW_TRACKING_URI"])

    def trainer(self, *arguments: str, **variables: str) -> dict[str, Any]:
        """Run a command of today's trainer, which must succeed, and return its result."""
        done = subprocess.run(
            [sys.executable, "-m", "trainer", *arguments],
            env=self.environment | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return answer_of(done.stdout)

    def do(self, place: str, run: str | None = None) -> dict[str, Any]:
        """Do what a request of version 0.1 says: ``do("night-1/train")``."""
        run_file = self.folder / "run.json"
        run_file.write_text(run or dag_run(place), encoding="utf-8")
        command = place.partition("/")[2]
        return self.trainer(command, "--request", str(REQUESTS / f"{place}.request.json"), "--run", str(run_file))

    def runs(self) -> dict[str, str]:
        """Return the status of each MLflow run."""
        experiments = [experiment.experiment_id for experiment in self.client.search_experiments()]
        return {run.info.run_id: run.info.status for run in self.client.search_runs(experiments)}

    def registered(self) -> dict[str, Any]:
        """Return versions, aliases and the history of the registered model."""
        model = self.client.get_registered_model("digits")
        versions = {
            str(version.version): version.tags for version in self.client.search_model_versions("name='digits'")
        }
        aliases = {alias: str(version) for alias, version in model.aliases.items()}
        return {"versions": versions, "aliases": aliases, "tags": model.tags}

    def moves(self) -> list[tuple[str, str | None, str | None]]:
        """Return the moves of aliases in their order: alias, from, to."""
        tags = self.registered()["tags"]
        moves = [json.loads(tags[name]) for name in sorted(tags) if name.startswith("alias_history.")]
        return [(move["alias"], move["from"], move["to"]) for move in moves]


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """The dataset of version 0.1 in a bucket, where an object's etag does not depend on the machine."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    credentials = {name.lower(): value for name, value in CREDENTIALS.items() if name != "AWS_DEFAULT_REGION"}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", **credentials)
    client.create_bucket(Bucket="datasets")
    store = RECORD / "store"
    for path in sorted(store.rglob("*.*")):
        client.put_object(Bucket="datasets", Key=path.relative_to(store).as_posix(), Body=path.read_bytes())
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def deployment(tmp_path: Path, s3_endpoint: str) -> Deployment:
    """The record in a folder of the test's own."""
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        dump = (RECORD / "mlflow.sql").read_text(encoding="utf-8")
        database.executescript(dump.replace("{folder}", str(tmp_path)))
    shutil.copytree(RECORD / "mlruns", tmp_path / "mlruns")
    return Deployment(
        tmp_path,
        {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_", "MLFLOW_", "STEP_"))}
        | CREDENTIALS
        | {
            "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
            "DATASET_ROOT": str(RECORD / "store"),
            "S3_ENDPOINT_URL": s3_endpoint,
            "TRAINER_WORK_DIR": str(tmp_path / "work"),
            "TRAINER_CACHE_DIR": str(tmp_path / "cache"),
            "TRAINER_DEVICE": "cpu",
            "TRAINER_CHECKPOINT_KEEP_DAYS": "0",
            "OMP_NUM_THREADS": "1",
        },
    )


def test_an_interrupted_training_resumes_in_the_same_run(deployment: Deployment) -> None:
    before, interrupted = deployment.runs(), answered("night-3/train")
    epochs_before = len(deployment.client.get_metric_history(interrupted["mlflow_run_id"], "metrics/mAP50"))
    done = deployment.do("night-3/train", dag_run("night-3/train", try_number=2))
    assert done["mlflow_run_id"] == interrupted["mlflow_run_id"]
    assert deployment.runs().keys() == before.keys()
    assert done["outcome"]["resumed_from_epoch"] == epochs_before > 0
    assert done["outcome"]["epochs_done"] == 6
    history = deployment.client.get_metric_history(interrupted["mlflow_run_id"], "metrics/mAP50")
    assert sorted(point.step for point in history) == list(range(1, 7))


def test_a_done_step_makes_no_second_run_version_or_alias_event(deployment: Deployment) -> None:
    """A step's fingerprint holds the trainer's version, so that a later version does it again, with the same result."""
    before = deployment.runs(), deployment.registered()
    for step in STEPS:
        done, first = (
            deployment.do(f"night-1/{step}", dag_run(f"night-1/{step}", try_number=2)),
            answered(f"night-1/{step}"),
        )
        assert done["already_done"] == (__version__ == "0.1.0")
        assert done["mlflow_run_id"] == first["mlflow_run_id"]
        same = ("model", "version", "champion_version") if step == "promote" else first["outcome"]
        assert {name: done["outcome"][name] for name in same} == {name: first["outcome"][name] for name in same}
    assert (deployment.runs(), deployment.registered()) == before


def test_a_promotion_that_was_rolled_back_is_not_made_again(deployment: Deployment) -> None:
    before = deployment.registered()
    assert deployment.do("night-2/promote")["outcome"]["version"] == "2"
    assert deployment.do("rollback/rollback")["outcome"] == answered_today("rollback/rollback")["outcome"]
    assert deployment.registered() == before


def test_a_new_night_is_measured_against_the_champion_and_rolled_back_to_it(deployment: Deployment) -> None:
    history = deployment.moves()
    assert [move for move in history if move[0] == "champion"] == [
        ("champion", None, "1"),
        ("champion", "1", "2"),
        ("champion", "2", "1"),
    ]
    night = {"run_id": "scheduled__2026-03-05T17:00:00+00:00", "form": {"epochs": 2}}
    night |= dict.fromkeys(("logical_date", "data_interval_start"), "2026-03-05T17:00:00Z")
    night |= {"data_interval_end": "2026-03-06T17:00:00Z"}
    results = {step: deployment.do(f"night-1/{step}", dag_run(f"night-1/{step}", **night)) for step in STEPS}
    measured = results["evaluate"]["outcome"]
    assert measured["champion_version"] == "1"
    assert measured["champion"] == pytest.approx(answered("night-1/evaluate")["outcome"]["candidate"], abs=1e-6)
    assert results["promote"]["outcome"]["promoted"]
    assert deployment.registered()["aliases"]["champion"] == "3"

    back = deployment.trainer("rollback", "--model", "digits", "--reason", "a test", "--by", "lee")
    assert (back["outcome"]["taken_from"], back["outcome"]["version"]) == ("3", "1")
    moves = deployment.moves()
    assert moves[: len(history)] == history
    assert [move for move in moves[len(history) :] if move[0] == "champion"] == [
        ("champion", "1", "3"),
        ("champion", "3", "1"),
    ]


def test_a_sweep_removes_the_checkpoints_of_the_stopped_training_and_nothing_else(deployment: Deployment) -> None:
    before = deployment.runs(), deployment.registered()
    stopped, finished = answered("night-3/train")["mlflow_run_id"], answered("night-1/train")["mlflow_run_id"]
    nights = [json.loads(dag_run(f"night-{number}/train")) for number in (1, 2, 3)]
    owner = {"dag_id": nights[2]["dag_id"], "run_id": nights[2]["run_id"]}
    assert deployment.trainer("survey")["outcome"]["dag_runs"] == [owner]
    over = [option for night in nights for option in ("--over", night["dag_id"], night["run_id"])]
    assert deployment.trainer("sweep", *over)["outcome"]["removed"] == {"checkpoints": 1}
    assert (deployment.runs(), deployment.registered()) == before
    assert deployment.client.list_artifacts(stopped, "checkpoints") == []
    assert deployment.client.list_artifacts(finished, "weights") != []
