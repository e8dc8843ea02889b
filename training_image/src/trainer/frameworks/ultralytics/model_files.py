"""Find the file of a model: never on the network, always a path that a person can check. No heavy imports."""

from pathlib import Path

from trainer.errors import BadRequest
from trainer.storage import folder_of


def is_yaml(model: str) -> bool:
    """Tell whether a model is an architecture to train from scratch, not weights."""
    return model.lower().endswith((".yaml", ".yml"))


def find_file(model: str, below: Path | None) -> Path | None:
    """Return the absolute path of a model's file: as given if absolute or a file:// URI, else below a folder."""
    if model.startswith("file:"):
        path: Path | None = folder_of(model, "model")
    elif "://" in model:
        path = None
    elif Path(model).is_absolute():
        path = Path(model)
    else:
        path = below / model if below is not None else None
    try:
        return path if path is not None and path.is_file() else None
    except OSError:  # a name that is too long for any file
        return None


def find_weights(model: str, below: Path | None, field: str) -> Path:
    """Return the path of a weights file.

    Raises:
        BadRequest: there is none, or it is of a kind that cannot be trained.
    """
    if not model.lower().endswith(".pt"):
        raise BadRequest(f"{field} is {model!r}; expected a *.yaml that ultralytics ships, or the path of a *.pt file")
    path = find_file(model, below)
    if path is None:
        where = (
            f"looked for {Path(model)}" if Path(model).is_absolute() or below is None else f"looked for {below / model}"
        )
        raise BadRequest(
            f"{field} {model!r} is not there ({where}) and weights are never downloaded; "
            "expected an absolute path, a path below DATASET_ROOT, or a *.yaml to train from scratch"
        )
    return path
