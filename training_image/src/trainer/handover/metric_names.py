"""Name the metrics of an epoch that other rooms rely on, whatever the framework."""

import math
from collections.abc import Mapping

from step_contract.tags import SCORE_PREFIX

_SHOWN = (SCORE_PREFIX, "train/", "val/", "lr/")


def shown_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return what the web UI shows of an epoch: scores, losses and learning rates, without NaN and infinity."""
    return {
        name.removeprefix(SCORE_PREFIX): value
        for name, value in metrics.items()
        if name.startswith(_SHOWN) and math.isfinite(value)
    }
