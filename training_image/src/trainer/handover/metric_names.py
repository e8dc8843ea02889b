"""Name the metrics of an epoch that other rooms rely on, whatever the framework."""

import math
from collections.abc import Mapping

EVERY_EPOCH_METRIC = "time/epoch_seconds"
"""Has a point for each epoch, whatever the task."""


_SHOWN = ("metrics/", "train/", "val/", "lr/")


def shown_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return what the web UI shows of an epoch: scores, losses and learning rates, without NaN and infinity."""
    return {
        name.removeprefix("metrics/"): value
        for name, value in metrics.items()
        if name.startswith(_SHOWN) and math.isfinite(value)
    }
