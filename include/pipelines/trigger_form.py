"""Build the form of a run by hand: the values that a person may change, filled in from the catalog."""

from typing import Any

from airflow.sdk import Param

from include.step_contract.catalog import Pipeline


def trigger_form(pipeline: Pipeline) -> dict[str, Param]:
    """Return the DAG's params; a field that is left unchanged, or emptied, changes nothing."""
    training, dataset = pipeline.training, pipeline.dataset
    return {
        "epochs": _number(training.epochs, 1, "Epochs", "Passes over the train split."),
        "batch": _number(training.batch, 1, "Batch", "Images in one training step."),
        "imgsz": _number(training.imgsz, 32, "Image size", "Side of the square input in pixels."),
        "seed": _number(training.seed, 0, "Seed", "Seed of weights, order and augmentation."),
        "model": _text(pipeline.model, "Model", "ultralytics model YAML or weights file."),
        "dataset_uri": _text(dataset.uri, "Dataset", "s3:// or file:// URI, or a path below DATASET_ROOT."),
        "note": _text(None, "Note", "Why this run; recorded in the MLflow run."),
        "force": Param(
            False, type="boolean", title="Force", description="Repeat completed steps, and train from scratch."
        ),
    }


def _number(default: int, minimum: int, title: str, description: str) -> Param:
    return Param(default, type=["integer", "null"], minimum=minimum, title=title, description=description)


def _text(default: str | None, title: str, description: str) -> Param:
    limits: dict[str, Any] = {"maxLength": 1000}
    return Param(default, type=["string", "null"], title=title, description=description, **limits)
