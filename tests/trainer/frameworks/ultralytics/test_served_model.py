import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import numpy as np
import pandas as pd
import pytest
from mlflow.models import Model
from PIL import Image

from step_contract.catalog import TASK_METRICS, VisionTask
from tests.trainer.trained_model import digits_manifest
from tests.trainer.trained_runs import MakeRun, RunStep
from trainer.frameworks.interface import LoggedModel, ModelFacts
from trainer.frameworks.ultralytics import packing
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.settings import Settings

ANYTHING = {"confidence": 0.0001}
"""The models of these tests know next to nothing."""
COLUMNS = ["image", "class_id", "class_name", "score", "x1", "y1", "x2", "y2"]


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("숫자") / "pool"
    digits_manifest(folder, pictures=1)
    return next((folder / "images").glob("*.png"))


@pytest.fixture(scope="module")
def packed(tiny_weights: Path, picture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A packed detector."""
    folder = tmp_path_factory.mktemp("packed")
    shutil.copyfile(tiny_weights, folder / "best.pt")
    pack(folder / "model", folder / "best.pt", "detect", picture)
    return folder / "model"


@pytest.fixture(scope="module")
def model(packed: Path) -> mlflow.pyfunc.PyFuncModel:
    return mlflow.pyfunc.load_model(str(packed))


def pack(folder: Path, weights: Path, task: str, picture: Path) -> None:
    facts = ModelFacts(VisionTask(task), imgsz=64, names=("zero",), example=picture)
    packing.pack(folder, weights, facts, LoggedModel("a-run", "m-1"))


def inputs_of(picture: Path) -> dict[str, Any]:
    content = picture.read_bytes()
    pixels = np.asarray(Image.open(picture).convert("RGB"))
    encoded = base64.b64encode(content).decode()
    return {
        "path": str(picture),
        "bytes": content,
        "base64": encoded,
        "base64 in lines": base64.encodebytes(content).decode(),
        "data url": f"data:image/png;base64,{encoded}",
        "array": pixels,
        "grey array": pixels[..., 0],
        "nested lists": pixels.tolist(),
    }


@pytest.mark.parametrize(
    "kind", ["path", "bytes", "base64", "base64 in lines", "data url", "array", "grey array", "nested lists"]
)
def test_an_image_may_be_given_in_many_ways(model: mlflow.pyfunc.PyFuncModel, picture: Path, kind: str) -> None:
    expected = model.predict([str(picture)], ANYTHING)
    assert len(expected) > 0
    pd.testing.assert_frame_equal(model.predict([inputs_of(picture)[kind]], ANYTHING), expected)


@pytest.mark.parametrize("kind", ["path", "bytes", "array"])
def test_a_table_with_a_column_of_images_is_the_same(
    model: mlflow.pyfunc.PyFuncModel, picture: Path, kind: str
) -> None:
    image = inputs_of(picture)[kind]
    table = model.predict(pd.DataFrame({"image": [image, image]}), ANYTHING)
    pd.testing.assert_frame_equal(table, model.predict([image, image], ANYTHING))
    assert sorted(table["image"].unique()) == [0, 1]


def test_the_table_has_boxes_in_pixels(model: mlflow.pyfunc.PyFuncModel, picture: Path) -> None:
    table = model.predict([str(picture)], ANYTHING)
    assert list(table.columns) == COLUMNS
    assert set(table["class_name"]) <= set("0123456789")
    assert table["score"].between(0, 1).all()
    assert table[["x1", "y1", "x2", "y2"]].to_numpy().max() <= 96
    assert (table["x2"] >= table["x1"]).all()
    assert table["x2"].max() > 1  # pixels, not shares


def test_nothing_found_is_an_empty_table_with_all_columns(model: mlflow.pyfunc.PyFuncModel, picture: Path) -> None:
    table = model.predict([str(picture)], {"confidence": 1.0})
    assert (len(table), list(table.columns)) == (0, COLUMNS)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("no/such/file.png", "image 1 is neither a file that is here nor base64: 'no/such/file.png'"),
        (b"no image", "image 1 cannot be read"),
        (np.zeros((4, 4, 7)), r"image 1 is an array of shape \(4, 4, 7\); expected height x width x 3"),
    ],
)
def test_what_is_no_image_is_named_by_its_position(
    model: mlflow.pyfunc.PyFuncModel, picture: Path, image: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        model.predict([str(picture), image], ANYTHING)


def test_the_package_describes_itself(packed: Path) -> None:
    described = Model.load(str(packed))
    assert described.signature is not None
    assert described.signature.inputs.to_dict() == [{"type": "any", "required": True}]
    assert described.signature.outputs.input_names() == COLUMNS
    assert [item.name for item in described.signature.params.params] == ["confidence", "iou", "imgsz"]
    assert described.metadata == {"task": "detect", "imgsz": 64, "names": ["zero"]}
    requirements = (packed / "requirements.txt").read_text().split()
    assert "mlflow==3.17.2" in requirements
    assert all("==" in line for line in requirements)
    assert (packed / "artifacts" / "best.pt").stat().st_size > 1_000_000


SHAPES = {
    "segment": ("yolo11n-seg.yaml", "mask"),
    "pose": ("yolo11n-pose.yaml", "keypoints"),
    "obb": ("yolo11n-obb.yaml", "polygon"),
    "classify": ("yolo11n-cls.yaml", None),
}


@pytest.mark.parametrize(
    "task", ["segment", "classify", *(pytest.param(task, marks=pytest.mark.faults) for task in ("pose", "obb"))]
)
def test_every_task_has_its_columns(task: str, picture: Path, tmp_path: Path) -> None:
    ultralytics_setup.prepare(tmp_path / "config")
    from ultralytics import YOLO

    architecture, column = SHAPES[task]
    YOLO(architecture).save(tmp_path / "untrained.pt")
    pack(tmp_path / "model", tmp_path / "untrained.pt", task, picture)
    table = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict([str(picture)], {"confidence": 0.0})
    assert len(table) > 0
    if task == "classify":
        assert list(table.columns) == COLUMNS[:4]
        assert len(table) == 5
        assert table["score"].is_monotonic_decreasing
    else:
        assert list(table.columns) == [*COLUMNS, column]
        points = json.loads(table[column].iloc[0])
        assert all(len(point) == (3 if task == "pose" else 2) for point in points)
    assert set(SHAPES) | {"detect"} == {task.value for task in TASK_METRICS} == {task.value for task in VisionTask}


# -- as somebody else uses it -----------------------------------------------------------------------------------------


@pytest.fixture
def registered(do: RunStep, evaluated_run: MakeRun) -> str:
    """The address of a registered model."""
    evaluated_run()
    do("register")
    return "models:/digits@challenger"


def clean_environment(tmp_path: Path, uri: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = {"HOME": str(tmp_path), "PATH": path, "MLFLOW_TRACKING_URI": uri, "MLFLOW_DISABLE_TELEMETRY": "true"}
    return kept | home


@pytest.fixture
def server(registered: str, tmp_path: Path, settings: Settings) -> Iterator[tuple[str, Callable[[], None]]]:
    """``mlflow models serve`` in a process group of its own: its address, and what waits until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        "mlflow",
        "models",
        "serve",
        "-m",
        registered,
        "--env-manager",
        "local",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    log = tmp_path / "serve.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            env=clean_environment(tmp_path, settings.mlflow_tracking_uri),
            cwd=tmp_path,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        yield address, lambda: _wait_for(f"{address}/ping", process, log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"the server did not come up:\n{log.read_text()[-3000:]}")


def _load_without_trainer(registered: str, picture: Path, tmp_path: Path, uri: str) -> str:
    script = f"""
import sys
sys.modules["trainer"] = sys.modules["step_contract"] = None  # importing them fails
import mlflow.pyfunc
table = mlflow.pyfunc.load_model({registered!r}).predict([{str(picture)!r}], {ANYTHING!r})
print("COLUMNS", *table.columns)
print("ROWS", len(table))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=clean_environment(tmp_path, uri),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.faults
def test_it_loads_and_serves_in_processes_that_know_nothing_of_the_trainer(
    server: tuple[str, Callable[[], None]], registered: str, picture: Path, tmp_path: Path, settings: Settings
) -> None:
    # While the server starts.
    printed = _load_without_trainer(registered, picture, tmp_path, settings.mlflow_tracking_uri)
    assert f"COLUMNS {' '.join(COLUMNS)}" in printed
    assert int(printed.rpartition("ROWS ")[2]) > 0

    address, wait = server
    wait()
    rows = _post(address, {"inputs": [base64.b64encode(picture.read_bytes()).decode()], "params": ANYTHING})[
        "predictions"
    ]
    assert rows
    assert list(rows[0]) == COLUMNS
    assert rows[0]["image"] == 0
    with pytest.raises(urllib.error.HTTPError) as caught:
        _post(address, {"inputs": ["%%%"]})
    assert caught.value.code == 400
    assert "image 0 is neither a file that is here nor base64" in caught.value.read().decode()


def _post(server: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{server}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        result: dict[str, Any] = json.load(answer)
    return result
