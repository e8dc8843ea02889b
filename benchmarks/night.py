"""Measure a night's five steps, as processes, against one bare script that does the same work."""

import json
import resource
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.pairs import TRAINER_BIN, Ratio, compare, seconds_of
from benchmarks.trainer_steps import ARGUMENTS, environment_in, inputs_of, pipeline_on, plain_dataset
from include.step_contract.order import Step

_PAIRS = 3
_PICTURES = 200
_TRAINING = {"epochs": 10, "batch": 8, "imgsz": 96, "patience": 100, "seed": 0}
"""As the shipped pipeline has them."""
_ARGUMENTS = ARGUMENTS | {"nbs": 8, "fliplr": 0, "cache": "ram"}

_BARE = """
import json, sys
import mlflow
from mlflow import MlflowClient
from ultralytics import YOLO, settings

arguments, name = json.loads(sys.argv[1]), sys.argv[2]
settings.update({"mlflow": False})  # it would open a run of its own
mlflow.set_experiment(name)
with mlflow.start_run() as run:
    mlflow.log_params({key: arguments[key] for key in ("epochs", "batch", "imgsz", "seed")})
    model = YOLO("yolo11n.yaml")
    clean = lambda metrics: {key.replace("(B)", ""): float(value) for key, value in metrics.items()}
    model.add_callback("on_fit_epoch_end", lambda trainer: mlflow.log_metrics(clean(trainer.metrics), trainer.epoch))
    model.train(**arguments)
    best = YOLO(model.trainer.best)
    place = {"project": arguments["project"], "name": "val", "device": "cpu", "workers": 0}
    found = best.val(data=arguments["data"], split="val", imgsz=arguments["imgsz"], **place)
    mlflow.log_metrics(clean(found.results_dict), arguments["epochs"])
    mlflow.log_artifact(str(model.trainer.best), "weights")
client = MlflowClient()
client.create_registered_model(name)
version = client.create_model_version(name, f"runs:/{run.info.run_id}/weights", run.info.run_id)
client.set_registered_model_alias(name, "champion", version.version)
"""


def night(folder: Path) -> Ratio:
    """Compare the processor time of `trainer preprocess` to `trainer promote` with that of the bare script.

    One thread each, no champion to compare with: the script has none either.
    """
    environment = environment_in(folder) | {"OMP_NUM_THREADS": "1"}
    days = ["--days", "2026-01-01", "--pictures", str(_PICTURES)]
    sample = [TRAINER_BIN / "trainer", "sample-data", "--root", folder / "store", *days]
    subprocess.run(list(map(str, sample)), check=True, capture_output=True)
    seconds_of([TRAINER_BIN / "mlflow", "db", "upgrade", environment["MLFLOW_TRACKING_URI"]], environment, folder)
    by_step: dict[str, list[float]] = {step.value: [] for step in Step}

    def ours(pair: int) -> float:
        # A registered model of its own for each pair, so that there is no champion.
        pipeline = pipeline_on("2026-01-01", _TRAINING | {"arguments": _ARGUMENTS})
        pipeline = pipeline.model_copy(
            update={"registry": pipeline.registry.model_copy(update={"model": f"night-{pair}"})}
        )
        for step in Step:
            command = [TRAINER_BIN / "trainer", step.value]
            by_step[step].append(_processor_seconds(command, environment | inputs_of(step, pipeline, pair), folder))
        return sum(seconds[-1] for seconds in by_step.values())

    def bare(pair: int) -> float:
        place = {"data": str(plain_dataset(folder, folder / "store/2026-01-01")), "device": "cpu", "exist_ok": True}
        arguments = json.dumps(_TRAINING | _ARGUMENTS | place | {"project": str(folder / f"plain-{pair}")})
        return _processor_seconds([TRAINER_BIN / "python", "-c", _BARE, arguments, f"bare-{pair}"], environment, folder)

    row = compare("a night's five steps, processor time", "one bare script for all", 1.2, ours, bare, _PAIRS)
    for step, seconds in by_step.items():
        print(f"  {step}: {', '.join(f'{value:.1f}' for value in seconds)} s", flush=True)
    return row


def _processor_seconds(command: Sequence[str | Path], environment: Mapping[str, str], folder: Path) -> float:
    """Run a command and return the processor time of its processes, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds_of(command, environment, folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
