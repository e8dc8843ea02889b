"""One name for each metric: ultralytics' keys as the catalog, MLflow and the web UI call them.

Pure text, so that every module may import it. MLflow refuses parentheses, which ultralytics' keys have.
"""

import re

from step_contract.tags import SCORE_PREFIX

_SUFFIXES = {"B": "", "M": "-mask", "P": "-pose"}
_KEY = re.compile(r"(?:metrics/)?(?P<name>[^()]+?)(?:\((?P<part>[A-Z])\))?")
_REFUSED_BY_MLFLOW = re.compile(r"[^\w\-. :/]")


def catalog_name(ultralytics_key: str) -> str:
    """Return the catalog's name of a metric: ``metrics/mAP50-95(M)`` gives ``mAP50-95-mask``."""
    match = _KEY.fullmatch(ultralytics_key)
    if match is None or match["part"] not in (None, *_SUFFIXES):
        return _REFUSED_BY_MLFLOW.sub("_", ultralytics_key.removeprefix(SCORE_PREFIX))
    return match["name"] + _SUFFIXES.get(match["part"], "")


def recorded_name(ultralytics_key: str) -> str:
    """Return the name of a metric in MLflow: measured ones below ``metrics/``, losses and rates as they are."""
    name = catalog_name(ultralytics_key)
    return f"{SCORE_PREFIX}{name}" if ultralytics_key.startswith(SCORE_PREFIX) else name
