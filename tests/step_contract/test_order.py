"""Unions of orders and of outcomes: every verb is in both, and text that version 0.1 wrote is still read."""

import json
from typing import get_args

import pytest

from step_contract import transport
from step_contract.order import Chore, ChoreOrder, Order, RollbackOrder, Step, StepOrder, SurveyOrder, SweepOrder
from step_contract.result import Outcome, Result, RollbackResult, SurveyResult, SweepResult
from step_contract.step import DagRunName
from step_contract.transport import ContractError, decode_order, decode_result

from .test_contract import make_pipeline

NAME = DagRunName(dag_id="train_digits", run_id="manual__1")
ORDERS: list[Order] = [
    *(StepOrder(step=step, pipeline=make_pipeline()) for step in Step),
    RollbackOrder(model="digits", to="3", reason="오탐", by="kim"),
    SurveyOrder(),
    SweepOrder(over=(NAME,), dry_run=True),
]


def verbs_of(union: object) -> list[str]:
    records = get_args(get_args(union)[0])
    return [verb for record in records for verb in get_args(record.model_fields["verb"].annotation)]


def test_every_verb_has_one_order_and_one_outcome() -> None:
    verbs = [*Step, *Chore]
    assert verbs_of(Order) == verbs
    assert verbs_of(Outcome) == verbs


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.command)
def test_an_order_survives_its_text_which_names_the_verb_as_step(order: Order) -> None:
    text = order.model_dump_json()
    assert json.loads(text)["step"] == order.verb.value == order.command
    assert decode_order(text) == order


def test_a_step_s_order_is_written_as_version_0_1_wrote_it() -> None:
    order = StepOrder(step=Step.TRAIN, pipeline=make_pipeline())
    assert list(json.loads(order.model_dump_json())) == ["protocol", "step", "pipeline"]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ('{"protocol":1,"order":{"chore":"survey"}}', SurveyOrder()),
        (
            '{"protocol":1,"order":{"chore":"sweep","over":[{"dag_id":"train_digits","run_id":"manual__1"}],'
            '"grace_minutes":30.0,"dry_run":true}}',
            SweepOrder(over=(NAME,), dry_run=True),
        ),
        (
            '{"protocol":1,"order":{"chore":"rollback","model":"digits","alias":"champion","to":"3",'
            '"reason":"오탐","by":"kim"}}',
            RollbackOrder(model="digits", to="3", reason="오탐", by="kim"),
        ),
    ],
)
def test_a_chore_s_request_of_version_0_1_is_read(text: str, order: ChoreOrder) -> None:
    assert decode_order(text) == order


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            '{"chore":"rollback","model":"digits","alias":"champion","version":"3","taken_from":null}',
            RollbackResult(model="digits", alias="champion", version="3", taken_from=None),
        ),
        (
            '{"chore":"survey","dag_runs":[{"dag_id":"train_digits","run_id":"manual__1"}]}',
            SurveyResult(dag_runs=(NAME,)),
        ),
        (
            '{"chore":"sweep","dry_run":false,"removed":{"scratch":2}}',
            SweepResult(dry_run=False, removed={"scratch": 2}),
        ),
    ],
)
def test_a_chore_s_result_of_version_0_1_is_read(outcome: str, expected: SweepResult) -> None:
    text = f'{{"protocol":1,"already_done":false,"summary":"끝","outcome":{outcome}}}'
    assert decode_result(text) == Result(summary="끝", outcome=expected)
    assert transport.decode_line(f"STEP_RESULT::{text}") == Result(summary="끝", outcome=expected)


def test_a_step_s_result_names_its_mlflow_run_and_a_chore_s_need_not() -> None:
    with pytest.raises(ContractError, match="no mlflow_run_id in the result of step train; expected its MLflow run"):
        decode_result('{"summary":"x","outcome":{"step":"train","epochs_done":3,"metrics":{}}}')
    assert Result(summary="3 removed", outcome=SweepResult(dry_run=False, removed={})).headline == "3 removed"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"step":"deploy"}', "step: Input should be 'preprocess', 'train', 'evaluate', 'register', 'promote', "),
        ('{"order":{"chore":"deploy"}}', "step: Input should be 'preprocess', 'train', 'evaluate', 'register', "),
        ('{"order":{}}', "step: Field required (got {'order': {}})"),
        ('{"step":"sweep","over":[{"dag_id":"a"}]}', "over.0.run_id: Field required (got {'dag_id': 'a'})"),
        ('{"step":"survey","dry_run":true}', "dry_run: Extra inputs are not permitted (got True)"),
        ('{"order":{"chore":"rollback","model":"digits","by":"kim"}}', "reason: Field required"),
    ],
)
def test_an_order_that_is_wrong_is_refused_by_the_field(text: str, reason: str) -> None:
    with pytest.raises(ContractError) as refused:
        decode_order(text)
    assert str(refused.value).startswith(f"request (STEP_REQUEST): {reason}")
