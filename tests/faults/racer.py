"""Run DAG runs that all end at once, in the trainer's environment.

``python -m tests.faults.racer promote URI FIRST COUNT``: run FIRST and the COUNT - 1 runs after it each register a
version, twice at the same moment as two attempts would, and then do the promote step. Registering skips packing the
model; in promote, measuring is replaced: every candidate wins against any champion.

``python -m tests.faults.racer roll-back URI FIRST COUNT``: COUNT rollbacks to the previous version.

The tests start several of these processes together.
"""

import hashlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

from step_contract.order import RollbackOrder, Step, StepOrder
from step_contract.result import Verdict
from step_contract.tags import WEIGHTS_SHA256_TAG
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.trained_runs import ALWAYS, make_report
from trainer.commands import rollback
from trainer.errors import TryAgain
from trainer.gate.report import GateReport, write_report
from trainer.job import Job
from trainer.registry import ModelRegistry, open_registry
from trainer.registry.version import RegisteredVersion
from trainer.settings import Settings
from trainer.steps import promote
from trainer.storage.folders import FileStorage
from trainer.tracking import connect, open_record

MODEL = "숫자"


def race_to_promote(uri: str, numbers: range, folder: Path) -> None:
    jobs = [_job(uri, number, folder / str(number)) for number in numbers]
    models = {job.run.key: _log_model(job) for job in jobs}
    with ThreadPoolExecutor(2 * len(jobs)) as pool:
        for attempt in [pool.submit(_register, job, models[job.run.key]) for job in jobs for _ in range(2)]:
            attempt.result()
        with patch.object(promote, "compare_with", _compare):
            for attempt in [pool.submit(_patiently, promote.work, job) for job in jobs]:
                attempt.result()


def race_to_roll_back(uri: str, numbers: range, folder: Path) -> None:
    def roll_back(number: int) -> None:
        run = make_run(dag_id="rollback_model", run_id=f"rollback {number}", run_type="manual")
        order = RollbackOrder(model=MODEL, reason="the race", by=f"person {number}")
        _patiently(rollback.roll_back, ModelRegistry(connect(uri), MODEL), order, run, folder)

    with ThreadPoolExecutor(len(numbers)) as pool:
        for attempt in [pool.submit(roll_back, number) for number in numbers]:
            attempt.result()


def _job(uri: str, number: int, workspace: Path) -> Job:
    workspace.mkdir()
    pipeline, run = make_pipeline(registry={"model": MODEL}, gate=ALWAYS), make_run(number)
    settings = Settings(_env_file=None, mlflow_tracking_uri=uri)
    record = _patiently(open_record, uri, pipeline, run)
    write_report(record, make_report(rule=pipeline.gate))
    request = StepOrder(step=Step.PROMOTE, pipeline=pipeline)
    return Job(request, run, pipeline, record, FileStorage(), settings, workspace)


def _log_model(job: Job) -> str:
    """Store what a rollback reads of a model, without one."""
    packed, client = job.workspace / "packed", connect(job.settings.mlflow_tracking_uri)
    (packed / "artifacts").mkdir(parents=True)
    (packed / "artifacts" / "best.pt").write_text(job.run.key)
    (packed / "MLmodel").write_text("flavors: {}")
    experiment = client.get_run(job.record.run_id).info.experiment_id
    model = client.create_logged_model(experiment, "model", job.record.run_id)
    client.log_model_artifacts(model.model_id, str(packed))
    return str(model.model_id)


def _register(job: Job, model_id: str) -> None:
    registry = open_registry(job.settings.mlflow_tracking_uri, MODEL)
    tags = {
        "run_key": job.run.key,
        "data_interval_end": job.run.data_interval_end.isoformat(),
        WEIGHTS_SHA256_TAG: hashlib.sha256(job.run.key.encode()).hexdigest(),
    }
    _patiently(registry.ensure_model, job.pipeline.name, "made up")
    _patiently(
        lambda: registry.version_of(job.run.key) or registry.add_version(job.record.run_id, model_id, tags, "made up")
    )


def _compare(job: Job, champion: RegisteredVersion | None) -> GateReport:
    return make_report(Verdict.PROMOTE, champion.version if champion else None, rule=job.pipeline.gate)


def _patiently(act: Callable[..., Any], *arguments: object) -> Any:
    """Repeat until the database, under 50 writers at once, accepts it; a step would leave that to its next attempt."""
    while True:
        try:
            return act(*arguments)
        except TryAgain as error:
            print(json.dumps({"again": str(error)[:200]}), file=sys.stderr)
            time.sleep(random.random() / 2)


if __name__ == "__main__":
    _, what, server, first, count = sys.argv
    with tempfile.TemporaryDirectory() as scratch:
        race = {"promote": race_to_promote, "roll-back": race_to_roll_back}[what]
        race(server, range(int(first), int(first) + int(count)), Path(scratch))
