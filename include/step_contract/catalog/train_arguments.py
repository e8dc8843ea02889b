"""Which ultralytics train arguments a catalog may set, and to what.

The list is generated from the ultralytics that the training image pins
(``trainer.frameworks.ultralytics.arguments``), so that the
Airflow side knows it without torch. Needs the standard library only.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

LIST_PATH = Path(__file__).with_name("train_arguments.json")

SET_ELSEWHERE: dict[str, str] = {
    "batch": "training.batch in its place",
    "cfg": "each argument by its own name",
    "classes": "it left out: the classes are the dataset's",
    "data": "dataset.uri in its place",
    "device": "resources.train.gpus in its place, or TRAINER_DEVICE of the deployment",
    "epochs": "training.epochs in its place",
    "exist_ok": "it left out: each run has a folder of its own",
    "imgsz": "training.imgsz in its place",
    "mode": "it left out: it is train",
    "model": "model of the pipeline in its place",
    "name": "it left out: a run is named in MLflow",
    "patience": "training.patience in its place",
    "plots": "it left out: the pictures are always made",
    "profile": "it left out: evaluate measures the latency",
    "project": "it left out: an experiment is named like its pipeline",
    "resume": "it left out: a retry resumes by itself",
    "save": "it left out: checkpoints are always kept",
    "save_dir": "it left out: each run has a folder of its own",
    "save_json": "it left out: evaluate records the measurements",
    "save_period": "it left out: the last and the best checkpoint are kept",
    "seed": "training.seed in its place",
    "single_cls": "it left out: the classes are the dataset's",
    "split": "dataset.split in its place",
    "task": "task of the pipeline in its place",
    "time": "training.epochs in its place, and execution.timeout_minutes.train as the limit",
    "val": "it left out: each epoch is validated",
    "verbose": "it left out: each epoch is one line of the log",
}
"""ultralytics arguments that the platform sets itself, and what is expected of a person."""


@cache
def _listed() -> dict[str, Any]:
    listed: dict[str, Any] = json.loads(LIST_PATH.read_text(encoding="utf-8"))
    return listed


def ultralytics_version() -> str:
    """Return the version of ultralytics that the list was made from."""
    return str(_listed()["ultralytics"])


@cache
def settable_arguments() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each argument that a catalog may set, by name."""
    return {name: schema for name, schema in _listed()["arguments"].items() if name not in SET_ELSEWHERE}


def has_effect_elsewhere(name: str) -> bool:
    """Tell whether a name is an ultralytics argument that training does not read."""
    return name in _listed()["arguments_of_other_modes"]
