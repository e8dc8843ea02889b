"""Serve a model in MLflow: images in, a table of what is in them out.

This file travels with every registered version (models from code) and runs where that version is loaded, so it imports
nothing of this project: mlflow, ultralytics and what they need are enough. ``packing`` makes such a version.

An image is a path, ``bytes`` of an image file, a base64 string of them (also as data URL) or an array of height x width
x 3 in RGB; arrays may be nested lists, as JSON has them. Over HTTP: ``{"inputs": ["<base64>", ...]}``.
"""

import base64
import binascii
import io
import json
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from PIL import Image

Picture = str | bytes | np.ndarray

_BOX_COLUMNS = ("image", "class_id", "class_name", "score", "x1", "y1", "x2", "y2")
_SHAPES = {"segment": "mask", "pose": "keypoints", "obb": "polygon"}
"""Further column of a task, as JSON: points of an outline, x, y and visibility of keypoints, or four corners."""


# Images are of several types on purpose, and ``packing`` describes the table that is returned.
for _name in ("mlflow.types.type_hints", "mlflow.models.signature", "mlflow.utils.environment"):
    logging.getLogger(_name).setLevel(logging.ERROR)


class VisionModel(PythonModel):
    """Ultralytics weights behind MLflow's ``predict``."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the weights once, without asking the network for anything."""
        for name, value in {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0", "YOLO_VERBOSE": "0"}.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("YOLO_CONFIG_DIR", os.path.join(tempfile.gettempdir(), "ultralytics-serving"))
        # Not earlier: it reads the variables above when it is imported.
        from ultralytics import YOLO  # type: ignore[attr-defined]  # it is imported on first use

        self._config = dict(context.model_config)
        self._model = YOLO(context.artifacts["weights"], task=self._config["task"])

    def predict(
        self,
        context: PythonModelContext,
        model_input: list[str | bytes | np.ndarray],
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Return one row for each object found; an image without any has no row.

        Args:
            context: unused; the weights are loaded.
            model_input: images, or a table whose first column holds them.
            params: ``confidence``, ``iou`` and ``imgsz`` in place of the model's own.
        """
        options = options_of(self._config["imgsz"]) | (params or {})
        rows: list[dict[str, Any]] = []
        for index, item in enumerate(model_input):
            pixels = _pixels(item, index)
            found: Any = self._model.predict(
                pixels,
                conf=options["confidence"],
                iou=options["iou"],
                imgsz=int(options["imgsz"]),
                verbose=False,
            )
            rows.extend({"image": index, **row} for row in _rows(found[0], self._config["task"]))
        return pd.DataFrame(rows, columns=columns_of(self._config["task"]))


def options_of(imgsz: int) -> dict[str, float | int]:
    """Return the parameters of ``predict`` with the model's own values."""
    return {"confidence": 0.25, "iou": 0.7, "imgsz": imgsz}


def columns_of(task: str) -> list[str]:
    """Return the columns of the table for a task."""
    if task == "classify":
        return list(_BOX_COLUMNS[:4])
    return [*_BOX_COLUMNS, *([_SHAPES[task]] if task in _SHAPES else [])]


def _pixels(item: Any, index: int) -> np.ndarray:
    """Return an image as ultralytics takes arrays: height x width x 3, blue first."""
    if isinstance(item, str):
        item = _content(item, index)
    if isinstance(item, bytes | bytearray | memoryview):
        try:
            array = np.asarray(Image.open(io.BytesIO(bytes(item))).convert("RGB"))
        except (OSError, ImportError) as error:  # ultralytics looks for a HEIF reader before it gives up
            raise ValueError(f"image {index} cannot be read ({error}); expected bytes of an image file") from error
    else:
        array = np.asarray(item, dtype=np.uint8)
    if array.ndim == 2:
        array = np.stack([array] * 3, axis=-1)
    if array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(f"image {index} is an array of shape {array.shape}; expected height x width x 3 (RGB)")
    return np.ascontiguousarray(array[..., ::-1])


def _content(text: str, index: int) -> bytes:
    """Read a path, or decode base64."""
    if len(text) < 4096 and "\0" not in text and os.path.isfile(text):
        return Path(text).read_bytes()
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(
            f"image {index} is neither a file that is here nor base64: {text[:60]!r}; "
            "expected a path, a base64 string or a data URL of an image file"
        ) from error


def _rows(result: Any, task: str) -> Iterator[dict[str, Any]]:
    if task == "classify":
        for class_id in result.probs.top5:
            yield _named(result, class_id, float(result.probs.data[class_id]))
        return
    found = result.obb if task == "obb" else result.boxes
    for position, (class_id, score, box) in enumerate(
        zip(found.cls.tolist(), found.conf.tolist(), found.xyxy.tolist(), strict=True)
    ):
        row = _named(result, int(class_id), score) | dict(zip(("x1", "y1", "x2", "y2"), box, strict=True))
        if task in _SHAPES:
            row[_SHAPES[task]] = json.dumps(_shape(result, task, position))
        yield row


def _named(result: Any, class_id: int, score: float) -> dict[str, Any]:
    return {"class_id": int(class_id), "class_name": str(result.names[int(class_id)]), "score": float(score)}


def _shape(result: Any, task: str, position: int) -> Any:
    if task == "segment":
        return np.round(result.masks.xy[position], 2).tolist()
    if task == "pose":
        return np.round(result.keypoints.data[position].tolist(), 3).tolist()
    return np.round(result.obb.xyxyxyxy[position].tolist(), 2).tolist()


set_model(VisionModel())
