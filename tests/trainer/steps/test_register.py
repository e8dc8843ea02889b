import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from step_contract import transport
from step_contract.catalog import VisionTask
from step_contract.failure import ExitCode
from step_contract.order import Step, StepOrder
from step_contract.result import RegisterResult, Result, Verdict
from step_contract.step import TriggerForm
from tests.trainer.conftest import make_pipeline, make_run
from tests.trainer.mlflow_client import client_of
from tests.trainer.trained_runs import MakeRun, RunStep, mark_evaluated, registry_of
from trainer.errors import BadRequest, Bug, Superseded
from trainer.frameworks import ModelFacts
from trainer.frameworks.ultralytics import FRAMEWORK
from trainer.frameworks.ultralytics.framework import Ultralytics
from trainer.job import Job
from trainer.registry import packing as logged_model
from trainer.registry.model_registry import ModelRegistry
from trainer.settings import Settings
from trainer.tracking import open_record


def version_in(result: Result) -> str | None:
    assert isinstance(result.outcome, RegisterResult)
    return result.outcome.version


def versions(job: Job) -> list[str]:
    return [str(item.version) for item in client_of(job.record).search_model_versions("name = 'digits'")]


def logged_models(job: Job) -> list[str]:
    experiment = client_of(job.record).get_run(job.record.run_id).info.experiment_id
    found = client_of(job.record).search_logged_models([experiment], f"source_run_id = '{job.record.run_id}'")
    return [f"{model.name} {model.status}" for model in found]


def holder(job: Job, alias: str = "challenger") -> str | None:
    version = registry_of(job).champion(alias)
    return version.version if version else None


def test_the_version_says_where_it_comes_from_to_programs_and_to_people(do: RunStep, evaluated_run: MakeRun) -> None:
    pipeline = make_pipeline(schedule={"cron": "0 2 * * *", "timezone": "Asia/Seoul"})
    job = evaluated_run(pipeline=pipeline, against="7")
    result, code = do("register", pipeline=pipeline)
    assert (code, version_in(result), result.summary) == (ExitCode.DONE, "1", "registered version 1 of digits")

    version = client_of(job.record).get_model_version("digits", "1")
    expected = {
        "run_key": job.run.key,
        "pipeline": "digits",
        "data_interval_start": "2026-03-01T00:00:00+00:00",
        "data_interval_end": "2026-03-02T00:00:00+00:00",
        "airflow.dag_id": "train_digits",
        "airflow.run_id": job.run.run_id,
        "dataset.digest": "d" * 64,
        "gate.verdict": "PROMOTE",
        "metric.mAP50": "0.5",
        "trainer.version": "0.1.0",
    }
    assert {name: version.tags.get(name) for name in expected} == expected
    assert {"git_sha", "weights.sha256"} < set(version.tags)
    assert version.run_id == job.record.run_id
    assert client_of(job.record).get_registered_model("digits").description == "손글씨 숫자"
    assert holder(job) == "1"

    text = version.description
    assert "**digits**: 손글씨 숫자" in text
    assert "Trained on the data of 2026-03-01 09:00 to 2026-03-02 09:00 (Asia/Seoul)" in text
    assert "9 train, 3 val images" in text
    assert "| mAP50 | 0.5000 | 0.5000 |" in text
    assert "champion (version 7)" in text
    assert "**PROMOTE**, measured on 3 images of val:\n\n- made up." in text


def test_the_framework_is_not_loaded_to_register(evaluated_run: MakeRun, settings: Settings, tmp_path: Path) -> None:
    job = evaluated_run()
    order = StepOrder(step=Step.REGISTER, pipeline=job.pipeline)
    environment = os.environ | transport.encode_environment(order, job.run)
    environment |= {name.upper(): str(value) for name, value in settings.model_dump().items()}
    program = "import sys; from trainer.__main__ import main; print(main(['register']), 'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 False", done.stderr
    assert versions(job) == ["1"]


def test_a_refused_candidate_is_not_registered(do: RunStep, evaluated_run: MakeRun) -> None:
    job = evaluated_run(verdict=Verdict.REFUSE)
    result, code = do("register")
    assert (code, version_in(result)) == (ExitCode.REFUSED, None)
    assert result.summary == "refused, nothing registered: made up."
    assert job.record.tags()["step.register"] == "refused"
    assert client_of(job.record).search_registered_models() == []


def test_evaluate_must_have_left_its_comparison(do: RunStep, evaluated_run: MakeRun) -> None:
    job = evaluated_run()
    job.record.delete_artifact("gate.json")
    with pytest.raises(BadRequest, match=r"has no gate\.json; run evaluate of this DAG run again with force"):
        do("register")


def test_a_comparison_that_was_tampered_with_is_not_trusted(do: RunStep, evaluated_run: MakeRun) -> None:
    job = evaluated_run()
    job.record.log_json({"verdict": "PROMOTE"}, "gate.json")
    with pytest.raises(BadRequest, match=r"gate\.json of MLflow run .* is not as evaluate writes it \(9 problems\)"):
        do("register")


def test_the_registered_model_of_another_pipeline_is_left_alone(do: RunStep, evaluated_run: MakeRun) -> None:
    job = evaluated_run()
    ModelRegistry(client_of(job.record), "digits").ensure_model("letters", "")
    with pytest.raises(BadRequest, match="registered model 'digits' belongs to pipeline 'letters'"):
        do("register")
    assert versions(job) == []


def test_a_backfill_that_is_not_better_is_registered_and_leaves_the_candidate_alias_alone(
    do: RunStep, evaluated_run: MakeRun, registered_run: MakeRun
) -> None:
    job = registered_run(make_run(5))
    registry = registry_of(job)
    registry.set_alias_forward("challenger", registry.version_of(job.run.key))
    evaluated_run(make_run(2), verdict=Verdict.KEEP, against="1")
    assert version_in(do("register", make_run(2))[0]) == "2"
    assert holder(job) == "1"


# -- repeated ---------------------------------------------------------------------------------------------------------

STOPS = [
    (Ultralytics, "pack"),
    (ModelRegistry, "add_version"),
    (ModelRegistry, "set_alias_forward"),
]


@pytest.mark.parametrize(("where", "name"), STOPS, ids=[name for _, name in STOPS])
def test_stopped_anywhere_and_repeated_there_is_one_version_and_one_model(
    do: RunStep, evaluated_run: MakeRun, monkeypatch: pytest.MonkeyPatch, where: object, name: str
) -> None:
    job = evaluated_run()

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(where, name, stopped)
        with pytest.raises(KeyboardInterrupt):
            do("register")
    assert version_in(do("register")[0]) == "1"
    assert versions(job) == ["1"]
    assert logged_models(job) == ["model READY"]
    assert holder(job) == "1"
    # Logging a model through MLflow's fluent API would have ended the run or begun another.
    assert client_of(job.record).get_run(job.record.run_id).info.status == "RUNNING"
    experiment = client_of(job.record).get_run(job.record.run_id).info.experiment_id
    assert len(client_of(job.record).search_runs([experiment])) == 1


def test_a_try_that_was_given_up_does_not_delete_what_its_successor_is_storing(evaluated_run: MakeRun) -> None:
    job = evaluated_run()
    record = open_record(job.settings.mlflow_tracking_uri, job.pipeline, job.run)
    record.ownership.take(Step.REGISTER, 1)
    job.record.ownership.take(Step.REGISTER, 2)
    experiment = client_of(job.record).get_run(record.run_id).info.experiment_id
    client_of(job.record).create_logged_model(experiment, "model", record.run_id)  # the successor's, not ready yet
    facts = ModelFacts(VisionTask.DETECT, imgsz=32, names=(), example=Path("example.png"))
    with pytest.raises(Superseded):
        logged_model.log_model_once(record, FRAMEWORK, Path("best.pt"), "s", facts)
    assert logged_models(job) == ["model PENDING"]


def test_done_is_not_done_again(do: RunStep, evaluated_run: MakeRun) -> None:
    job = evaluated_run()
    do("register")
    assert do("register")[0].already_done
    assert do("register", make_run(form=TriggerForm(force=True)))[0].outcome.verb == "register"
    assert versions(job) == ["1"]
    assert logged_models(job) == ["model READY"]


# -- trained again ----------------------------------------------------------------------------------------------------


@pytest.mark.faults
def test_a_run_trained_again_replaces_its_version_that_nobody_uses(
    do: RunStep, evaluated_run: MakeRun, other_weights: Path
) -> None:
    evaluated_run()
    do("register")
    job = evaluated_run(weights=other_weights)
    do("register", make_run(form=TriggerForm(force=True)))
    (version,) = versions(job)
    tags = client_of(job.record).get_model_version("digits", version).tags
    assert (
        tags["weights.sha256"]
        == json.loads((job.record.download("gate.json", job.workspace)).read_text())["weights_sha256"]
    )
    assert logged_models(job) == ["model READY"]
    assert holder(job) == version


def test_a_run_trained_again_never_replaces_a_champion(
    do: RunStep, evaluated_run: MakeRun, other_weights: Path
) -> None:
    evaluated_run()
    do("register")
    do("promote")
    job = evaluated_run(weights=other_weights)
    with pytest.raises(BadRequest, match="registered version 1 of 'digits' from other weights") as caught:
        do("register", make_run(form=TriggerForm(force=True)))
    assert "Trigger a new DAG run instead of training this one again" in str(caught.value)
    assert versions(job) == ["1"]


def test_weights_that_evaluate_did_not_measure_are_not_registered(
    do: RunStep, evaluated_run: MakeRun, trained_run: MakeRun, other_weights: Path
) -> None:
    evaluated_run()
    job = trained_run(weights=other_weights)
    with pytest.raises(BadRequest, match=r"weights/best\.pt has SHA-256 .*, but evaluate measured .*run evaluate"):
        do("register")
    assert versions(job) == []


def test_a_package_with_other_weights_than_evaluate_measured_is_not_registered(
    do: RunStep, evaluated_run: MakeRun, other_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, pack = evaluated_run(), Ultralytics.pack

    def pack_others(self: Ultralytics, folder: Path, *arguments: Any) -> None:
        pack(self, folder, *arguments)
        shutil.copyfile(other_weights, folder / "artifacts" / "best.pt")

    monkeypatch.setattr(Ultralytics, "pack", pack_others)
    with pytest.raises(Bug, match=r"the packed weights have SHA-256 .*, which evaluate measured"):
        do("register")
    assert versions(job) == []


def test_a_model_that_does_not_load_is_not_registered(do: RunStep, trained_run: MakeRun, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pt"
    damaged.write_bytes(b"no weights")
    job = trained_run(weights=damaged)
    mark_evaluated(job, Verdict.PROMOTE, None, damaged)
    with pytest.raises(Bug, match="the packed model does not work: "):
        do("register")
    assert versions(job) == []
