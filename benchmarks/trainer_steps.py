"""Compare the train step with plain ultralytics, and preprocess with itself on a dataset that it already knows."""

import gzip
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.pairs import PAIRS, TRAINER_BIN, Ratio, compare, seconds_of
from include.step_contract.catalog import Pipeline
from include.step_contract.order import Step, StepOrder
from include.step_contract.step import StepRun
from include.step_contract.transport import encode_environment

IMAGES = 10_000
ARGUMENTS: dict[str, float | bool | str] = {
    "nbs": 16, "optimizer": "AdamW", "lr0": 0.003, "warmup_epochs": 1, "mosaic": 0, "amp": False, "workers": 0,
}  # fmt: skip
TRAINING = {"epochs": 12, "batch": 16, "imgsz": 96, "patience": 100, "seed": 0}

_PLAIN = """
import json, sys
from ultralytics import YOLO, settings
settings.update({"mlflow": False})  # it would send its metrics to MLFLOW_TRACKING_URI
arguments = json.loads(sys.argv[1])
YOLO("yolo11n.yaml").train(**arguments)
"""

_IMAGES = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
folder, count = Path(sys.argv[1]), int(sys.argv[2])
(folder / "images").mkdir(parents=True)
(folder / "labels").mkdir()
(folder / "data.yaml").write_text("names: [thing]\\n")
random = np.random.default_rng(0)
base = random.integers(0, 255, (480, 640, 3), dtype=np.uint8)
smooth = np.asarray(Image.fromarray(base).resize((40, 30)).resize((640, 480)))
for number in range(count):
    picture = np.roll(smooth, number * 7, axis=1).copy()
    picture[:8, :8] = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(picture).save(folder / "images" / f"{number:05}.jpg", quality=90)
    (folder / "labels" / f"{number:05}.txt").write_text("0 0.5 0.5 0.2 0.2\\n")
"""


_PREPROCESS = """
import os, tempfile, time
from pathlib import Path
from step_contract.transport import decode_environment
from trainer.job import Job
from trainer.settings import read_settings
from trainer.steps import preprocess
from trainer.storage import DatasetStorage
from trainer.tracking import open_record

order, run = decode_environment(os.environ)
settings = read_settings()
record = open_record(settings.mlflow_tracking_uri, order.pipeline, run)
with tempfile.TemporaryDirectory() as workspace:
    job = Job(order, run, order.pipeline, record, DatasetStorage(settings), settings, Path(workspace))
    begin = time.perf_counter()
    preprocess.plan(job).work()
    print("SECONDS", time.perf_counter() - begin)
"""


def train_step(folder: Path) -> Ratio:
    """Compare `trainer train`, as a whole process, with a script that calls ultralytics with the same arguments."""
    root = folder / "store"
    environment = environment_in(folder)
    days = ["--days", "2026-01-01", "--pictures", "200"]
    subprocess.run([TRAINER_BIN / "trainer", "sample-data", "--root", root, *days], check=True, capture_output=True)
    pipeline = pipeline_on("2026-01-01", TRAINING | {"arguments": ARGUMENTS})
    seconds_of([TRAINER_BIN / "mlflow", "db", "upgrade", environment["MLFLOW_TRACKING_URI"]], environment, folder)
    _step(Step.PREPROCESS, pipeline, PAIRS, environment, folder)
    data = plain_dataset(folder, root / "2026-01-01")
    plain = json.dumps(
        TRAINING | ARGUMENTS | {"data": str(data), "project": str(folder / "plain"), "device": "cpu", "exist_ok": True}
    )

    def ours(pair: int) -> float:
        _step(Step.PREPROCESS, pipeline, pair, environment, folder)
        return _step(Step.TRAIN, pipeline, pair, environment, folder)

    def bare(_pair: int) -> float:
        return seconds_of([TRAINER_BIN / "python", "-c", _PLAIN, plain], environment, folder)

    return compare("train step, whole process", "a plain script calling ultralytics train", 1.05, ours, bare)


def preprocess_again(folder: Path) -> Ratio:
    """Compare preprocess of images that it has seen with the first time, each in a run of its own.

    The step's own time: the start of the process, 3 s of imports, is the same for both.
    """
    environment = environment_in(folder)
    make = [TRAINER_BIN / "python", "-c", _IMAGES, folder / "store/many", IMAGES]
    subprocess.run(list(map(str, make)), check=True)
    pipeline = pipeline_on("many", TRAINING)
    seconds_of([TRAINER_BIN / "mlflow", "db", "upgrade", environment["MLFLOW_TRACKING_URI"]], environment, folder)
    first: dict[int, float] = {}

    def again(pair: int) -> float:
        own = environment | {"TRAINER_CACHE_DIR": str(folder / f"cache{pair}")}
        first[pair] = _preprocess_seconds(pipeline, 2 * pair, own, folder)
        return _preprocess_seconds(pipeline, 2 * pair + 1, own, folder)

    name = f"preprocess, second time on {IMAGES:,} unchanged images"
    return compare(name, "first time", 0.1, again, lambda pair: first[pair])


def plain_dataset(folder: Path, source: Path) -> Path:
    """Write the data.yaml of the split that a preprocess in this folder has made, for both to train on the same images.

    Args:
        folder: of the benchmark, with the artifacts of a run.
        source: the dataset.
    """
    manifest = gzip.decompress(next(folder.rglob("manifest.jsonl.gz")).read_bytes())
    _, *images = map(json.loads, manifest.splitlines())
    for split in ("train", "val"):
        paths = [f"{source / image['key']}\n" for image in images if image["split"] == split]
        (folder / f"{split}.txt").write_text("".join(paths))
    data = folder / "data.yaml"
    names = "".join(f"  {digit}: '{digit}'\n" for digit in range(10))
    data.write_text(f"path: {folder}\ntrain: train.txt\nval: val.txt\nnames:\n{names}")
    return data


def pipeline_on(uri: str, training: dict[str, object]) -> Pipeline:
    """Return a catalog entry for a dataset below DATASET_ROOT."""
    return Pipeline.model_validate(
        {
            "name": f"bench-{uri}",
            "description": "benchmark",
            "task": "detect",
            "dataset": {"uri": uri, "split": {"seed": 0}, "limits": {"maximum_duplicate_share": 1}},
            "model": "yolo11n.yaml",
            "training": training,
            "registry": {"model": f"bench-{uri}"},
        }
    )


def _preprocess_seconds(pipeline: Pipeline, number: int, environment: dict[str, str], folder: Path) -> float:
    inputs = inputs_of(Step.PREPROCESS, pipeline, number)
    command = [str(TRAINER_BIN / "python"), "-c", _PREPROCESS]
    done = subprocess.run(command, env=environment | inputs, cwd=folder, check=True, capture_output=True, text=True)
    return float(done.stdout.split("SECONDS")[1])


def _step(step: Step, pipeline: Pipeline, number: int, environment: dict[str, str], folder: Path) -> float:
    inputs = inputs_of(step, pipeline, number)
    return seconds_of([TRAINER_BIN / "trainer", step.value], environment | inputs, folder)


def inputs_of(step: Step, pipeline: Pipeline, number: int) -> dict[str, str]:
    """Return the variables that carry request and run of one step of one night."""
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    run = StepRun(
        dag_id=pipeline.dag_id,
        run_id=f"bench__{number}",
        data_interval_start=begin,
        data_interval_end=begin + timedelta(days=1),
    )
    return encode_environment(StepOrder(step=step, pipeline=pipeline), run)


def environment_in(folder: Path) -> dict[str, str]:
    """Return the environment of a deployment that lives in a folder."""
    return os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DATASET_ROOT": str(folder / "store"),
        "TRAINER_WORK_DIR": str(folder / "work"),
        "TRAINER_CACHE_DIR": str(folder / "cache"),
        "TRAINER_DEVICE": "cpu",
        "YOLO_OFFLINE": "1",
        "YOLO_CONFIG_DIR": str(folder / "yolo"),
        "OMP_NUM_THREADS": str(os.cpu_count() or 1),
    }
