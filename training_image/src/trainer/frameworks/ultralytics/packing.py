"""Pack a weights file as the MLflow model that ``served_model`` serves, without running it.

MLflow would load and run the model on the input example to learn a signature that is known from the task. Evaluate has
loaded and measured these very weights before; here it suffices that the file is whole.
"""

import base64
import io
import zipfile
import zlib
from importlib.metadata import version
from pathlib import Path

import mlflow.pyfunc
from mlflow.models import Model
from mlflow.models.utils import _save_example  # the only way to add an example that MLflow does not predict on
from mlflow.types.schema import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from PIL import Image

from trainer.errors import Bug
from trainer.frameworks.interface import LoggedModel, ModelFacts

from . import served_model

_PACKAGES = ("mlflow", "ultralytics", "torch", "torchvision", "opencv-python-headless", "numpy", "pandas", "pillow")
_NUMBERS = {"score": DataType.double, **dict.fromkeys(("x1", "y1", "x2", "y2"), DataType.double)}
_TYPES = {"image": DataType.long, "class_id": DataType.long, **_NUMBERS}


def pack(folder: Path, weights: Path, facts: ModelFacts, logged: LoggedModel) -> None:
    """Write an MLflow model with signature, input example and pinned requirements.

    Raises:
        Bug: the weights are no whole file of torch.
    """
    _check_whole(weights)
    mlflow.pyfunc.save_model(
        path=str(folder),
        python_model=str(Path(served_model.__file__).resolve()),
        artifacts={"weights": str(weights)},
        model_config={"task": facts.task.value, "imgsz": facts.imgsz},
        pip_requirements=[f"{package}=={version(package)}" for package in _PACKAGES],
        metadata={"task": facts.task.value, "imgsz": facts.imgsz, "names": list(facts.names)},
        mlflow_model=Model(run_id=logged.run_id, model_id=logged.model_id),
    )
    _describe(folder, facts)


def _check_whole(weights: Path) -> None:
    """Check the checksums of the archive that torch writes, which neither needs torch nor runs what is in it."""
    try:
        with zipfile.ZipFile(weights) as archive:
            damaged = archive.testzip()
            if damaged is None and any(name.endswith("/data.pkl") for name in archive.namelist()):
                return
            reason = f"{damaged or 'data.pkl'} in it is damaged or missing"
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
        reason = f"{type(error).__name__}: {error}"
    raise Bug(
        f"the packed model does not work: {weights.name} is damaged ({reason}); expected the archive that "
        "evaluate measured. Run train of this DAG run again with force, and report it"
    )


def _describe(folder: Path, facts: ModelFacts) -> None:
    """Add what is known to the signature that MLflow takes from the type hints, and the input example."""
    saved, options = Model.load(str(folder)), served_model.options_of(facts.imgsz)
    columns: list[ColSpec | TensorSpec] = [
        ColSpec(_TYPES.get(name, DataType.string), name) for name in served_model.columns_of(facts.task.value)
    ]
    saved.signature.outputs = Schema(columns)
    kinds = {float: DataType.double, int: DataType.long}
    saved.signature.params = ParamSchema([ParamSpec(name, kinds[type(own)], own) for name, own in options.items()])
    _save_example(saved, ([_encoded(facts.example, facts.imgsz)], options), str(folder))
    saved.save(str(folder / "MLmodel"))


def _encoded(picture: Path, side: int) -> str:
    """Return a picture, no larger than the model looks at, as base64."""
    content = io.BytesIO()
    with Image.open(picture) as opened:
        small = opened.convert("RGB")
    small.thumbnail((side, side))
    small.save(content, "JPEG", quality=90)
    return base64.b64encode(content.getvalue()).decode("ascii")
