"""Order of tasks that wait for a free slot."""

from types import SimpleNamespace

import pytest

from include.pipelines.training_dag import training_dag
from include.step_contract.catalog import RuntimeName
from nightshift import NightlyFirst

from .conftest import make_pipeline

ORDER = ["asset_triggered__2026-03-02", "manual__2026-03-02", "backfill__2026-01-01T00:00:00+00:00"]


def weight(run_id: str, step: str) -> int:
    task = training_dag(make_pipeline(), RuntimeName.LOCAL, "").get_task(step)
    return NightlyFirst().get_weight(SimpleNamespace(run_id=run_id, task=task))


def test_the_night_goes_before_runs_by_hand_and_those_before_a_backfill() -> None:
    first, second, third = (weight(run_id, "train") for run_id in ORDER)
    assert first > second > third
    assert weight("scheduled__2026-03-02T00:00:00+00:00", "preprocess") > weight(ORDER[1], "promote")


@pytest.mark.parametrize("run_id", ORDER)
def test_of_runs_of_one_kind_the_furthest_goes_first(run_id: str) -> None:
    steps = ("preprocess", "train", "evaluate", "register", "promote")
    weights = [weight(run_id, step) for step in steps]
    assert weights == list(range(weights[0], weights[0] + 5))
