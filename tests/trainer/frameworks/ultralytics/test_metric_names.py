import re

import pytest

from step_contract.catalog import TASK_METRICS
from trainer.frameworks.ultralytics.metric_names import catalog_name, recorded_name


@pytest.mark.parametrize(
    ("ultralytics_key", "name"),
    [
        ("metrics/mAP50-95(B)", "mAP50-95"),
        ("metrics/precision(B)", "precision"),
        ("metrics/mAP50(M)", "mAP50-mask"),
        ("metrics/recall(P)", "recall-pose"),
        ("metrics/accuracy_top1", "accuracy_top1"),
    ],
)
def test_a_measured_metric_gets_the_catalogs_name(ultralytics_key: str, name: str) -> None:
    assert catalog_name(ultralytics_key) == name
    assert recorded_name(ultralytics_key) == f"metrics/{name}"
    assert any(name in metrics for metrics in TASK_METRICS.values())


@pytest.mark.parametrize("key", ["train/box_loss", "val/cls_loss", "lr/pg0", "train/batch"])
def test_losses_and_rates_keep_their_names(key: str) -> None:
    assert recorded_name(key) == key


@pytest.mark.parametrize("key", ["metrics/new(XYZ)", "metrics/share(%)", "metrics/mAP50(Q)", "a(B)b"])
def test_a_key_of_a_later_ultralytics_is_still_one_that_mlflow_takes(key: str) -> None:
    assert re.fullmatch(r"[\w\-. :/]+", recorded_name(key))
