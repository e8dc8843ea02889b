"""Make ultralytics offline, quiet and fast before anything imports it.

Left alone it asks the network for fonts, weights and updates, reports to every tracking service it finds, prints to
standard output, where this project's tagged lines go, and leaves a core unused. Importing this module imports
nothing heavy; ``prepare`` imports ultralytics (and so torch) itself, because its logger exists only afterwards.
"""

import json
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

from PIL import ImageFont

from step_contract.collector import paused_collector
from trainer.machine import environment, fonts

_OFFLINE = {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0", "YOLO_VERBOSE": "0"}
_SAFE = {"ULTRALYTICS_SAFE_LOAD": "1"}
"""A weights file may only hold tensors and known layers, so that loading one runs no code of its maker."""

_MOST_THREADS = 8
"""As ultralytics has it: its models gain nothing from more on a CPU."""

_SPINS = "4000"
"""How often a waiting thread of libgomp looks before it sleeps.

Its own default makes a training four times slower as soon as anything else wants a core, and sleeping at once twice
slower always: with two threads an epoch of 96 px took 1.0 s by default, 1.9 s without, 1.1 s with this; beside a busy
process 4.4 s, 1.7 s and 2.7 s.
"""

_MATPLOTLIBRC = "matplotlibrc"


def prepare(config_dir: Path) -> None:
    """Configure ultralytics below a writable folder; later calls of this process change nothing.

    Call it before the first import of ultralytics. Several processes may share the folder.
    """
    if "ultralytics" in sys.modules:
        return
    folder = config_dir.resolve() / "Ultralytics"
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "settings.json", json.dumps(_settings(folder), indent=2).encode())
    _provide_fonts(folder)
    os.environ.update(_OFFLINE | _SAFE, YOLO_CONFIG_DIR=str(folder.parent))
    os.environ.setdefault("MPLBACKEND", "agg")
    os.environ.setdefault("MATPLOTLIBRC", str(folder / _MATPLOTLIBRC))
    threads = min(_MOST_THREADS, environment.available_cpus())
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    with paused_collector():
        _take_over(threads)


def _take_over(threads: int) -> None:
    """Import ultralytics and correct what its environment variables do not reach."""
    from ultralytics.utils import LOGGER, TryExcept, torch_utils

    _let_stops_pass(TryExcept)
    # Warnings go to the step's log like all others; the progress bars are off (YOLO_VERBOSE).
    LOGGER.handlers.clear()
    LOGGER.setLevel(logging.WARNING)
    LOGGER.propagate = True
    # On a CPU it sets one thread less than the host has cores: half of a small machine, too many in a container.
    asked = os.environ["OMP_NUM_THREADS"]
    vars(torch_utils)["NUM_THREADS"] = int(asked) if asked.isdigit() else threads
    # Matplotlib names each font and each character that it does not find, once a picture.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="Glyph .* missing from")


def _let_stops_pass(guard: type[Any]) -> None:
    """Keep the guard around ultralytics' plots from swallowing what is no Exception: SIGTERM, and half an import."""
    leave = guard.__exit__

    def leave_unless_stopped(self: Any, kind: Any, error: BaseException | None, trace: Any) -> bool:
        is_stop = error is not None and not isinstance(error, Exception)
        return False if is_stop else bool(leave(self, kind, error, trace))

    guard.__exit__ = leave_unless_stopped


def _settings(folder: Path) -> dict[str, str | bool]:
    """Return ultralytics' whole settings file; a missing key would make it rewrite the file with its defaults."""
    integrations = ("clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb")
    return {
        "settings_version": "0.0.8",
        "datasets_dir": str(folder / "datasets"),
        "weights_dir": str(folder / "weights"),
        "runs_dir": str(folder / "runs"),
        "uuid": "0" * 64,
        "sync": False,
        "api_key": "",
        "openai_api_key": "",
        **dict.fromkeys(integrations, False),
        "vscode_msg": False,
        "openvino_msg": False,
    }


def _provide_fonts(folder: Path) -> None:
    """Put the two fonts in place that ultralytics would download; names beyond ASCII are drawn with the second."""
    latin, unicode = folder / "Arial.ttf", folder / "Arial.Unicode.ttf"
    if not latin.exists():
        _write(latin, fonts.latin_font().read_bytes())
    if not unicode.exists() or unicode.stat().st_size == latin.stat().st_size:  # none was installed so far
        _write(unicode, fonts.font_for_all_scripts().read_bytes())
    family = ImageFont.truetype(str(unicode)).getname()[0] or "DejaVu Sans"
    _write(folder / _MATPLOTLIBRC, f"font.sans-serif: {family}, DejaVu Sans\n".encode())


def _write(path: Path, content: bytes) -> None:
    """Write a file in one step, so that another process sees all of it or nothing."""
    if path.exists() and path.read_bytes() == content:
        return
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as out:
        out.write(content)
    os.replace(temporary, path)
