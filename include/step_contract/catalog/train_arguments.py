"""List the train arguments of ultralytics that a catalog may set, with the JSON Schema of each.

``trainer.frameworks.ultralytics.arguments`` generates the list from the ultralytics that the training image pins, so
that the Airflow side knows it without torch. Needs the standard library only.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

LIST_PATH = Path(__file__).with_name("train_arguments.json")

SET_ELSEWHERE: dict[str, str] = {
    "batch": "set training.batch",
    "cfg": "set each argument by its own name",
    "classes": "remove it: classes come from the dataset",
    "data": "set dataset.uri",
    "device": "set resources.train.gpus, or TRAINER_DEVICE of the deployment",
    "epochs": "set training.epochs",
    "exist_ok": "remove it: each run has its own folder",
    "imgsz": "set training.imgsz",
    "mode": "remove it: the mode is always train",
    "model": "set the pipeline's model",
    "name": "remove it: MLflow names the run",
    "patience": "set training.patience",
    "plots": "remove it: plots are always made",
    "profile": "remove it: evaluate measures the latency",
    "project": "remove it: the experiment has the pipeline's name",
    "resume": "remove it: a retry resumes by itself",
    "save": "remove it: checkpoints are always kept",
    "save_dir": "remove it: each run has its own folder",
    "save_json": "remove it: evaluate records the measurements",
    "save_period": "remove it: the last and the best checkpoint are kept",
    "seed": "set training.seed",
    "single_cls": "remove it: classes come from the dataset",
    "split": "set dataset.split",
    "task": "set the pipeline's task",
    "time": "set training.epochs, and execution.timeout_minutes.train as the limit",
    "val": "remove it: each epoch is validated",
    "verbose": "remove it: each epoch is one line of the log",
}
"""Arguments that the platform sets itself, with the advice for people who try to."""


@cache
def _listed() -> dict[str, Any]:
    listed: dict[str, Any] = json.loads(LIST_PATH.read_text(encoding="utf-8"))
    return listed


def ultralytics_version() -> str:
    """Return the version of ultralytics that the list was generated from."""
    return str(_listed()["ultralytics"])


@cache
def settable_arguments() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each argument that a catalog may set, by name."""
    return {name: schema for name, schema in _listed()["arguments"].items() if name not in SET_ELSEWHERE}


def is_of_another_mode(name: str) -> bool:
    """Return whether a name is an ultralytics argument that training does not read."""
    return name in _listed()["arguments_of_other_modes"]
