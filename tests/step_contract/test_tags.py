"""Names of MLflow tags, artifacts and metrics are written once, in step_contract/tags.py."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from step_contract import tags
from step_contract.order import Step

ROOT = Path(__file__).parents[2]
OWN_WORDS = ("include/step_contract/", "training_image/src/trainer/frameworks/")
"""The catalog's fields are named alike, and a framework's metrics have prefixes of their own."""


def test_the_names_are_those_of_version_0_1() -> None:
    assert (tags.RUN_KEY_TAG, tags.OWNER_TAG, tags.WEIGHTS_SHA256_TAG) == ("run_key", "owner", "weights.sha256")
    assert (tags.DAG_ID_TAG, tags.RUN_ID_TAG, tags.RUN_TYPE_TAG) == (
        "airflow.dag_id",
        "airflow.run_id",
        "airflow.run_type",
    )
    assert (tags.FAILURE_STEP_TAG, tags.FAILURE_KIND_TAG, tags.FAILURE_REASON_TAG) == (
        "failure.step",
        "failure.kind",
        "failure.reason",
    )
    names = (tags.state_tag, tags.result_tag, tags.fingerprint_tag, tags.reason_tag, tags.image_tag)
    assert [name(Step.TRAIN) for name in names] == [
        "step.train",
        "step.train.result",
        "step.train.fingerprint",
        "step.train.reason",
        "step.train.image",
    ]
    assert list(tags.StepState) == ["running", "done", "refused", "failed"]


def names() -> list[str]:
    return [value for key, value in vars(tags).items() if key.isupper() and {".", "/"} & set(value[1:])]


def sources() -> Iterator[Path]:
    for folder in ("include", "plugins", "training_image/src", "dags"):
        yield from (ROOT / folder).rglob("*.py")


@pytest.mark.parametrize("name", sorted(names()))
def test_a_name_stands_in_no_other_module(name: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if not str(path.relative_to(ROOT)).startswith(OWN_WORDS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value == name
    ]
    assert found == []
