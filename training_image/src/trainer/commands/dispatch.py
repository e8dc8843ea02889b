"""Dispatch a chore to the module that carries it out."""

from step_contract.order import RollbackOrder, SurveyOrder, SweepOrder
from step_contract.result import Result
from step_contract.step import StepRun
from trainer.machine import full_disk_is_try_again
from trainer.registry import check_model, open_registry
from trainer.settings import Settings

from . import rollback
from .sweep import survey, survey_summary, sweep, sweep_summary


def run_chore(order: RollbackOrder | SurveyOrder | SweepOrder, run: StepRun, settings: Settings) -> Result:
    """Carry out a chore.

    Raises:
        StepError: it cannot be done as ordered, or a service is unavailable.
    """
    with full_disk_is_try_again():
        match order:
            case RollbackOrder():
                return _roll_back(order, run, settings)
            case SurveyOrder():
                named = survey(settings)
                return Result(summary=survey_summary(named), outcome=named)
            case SweepOrder():
                swept = sweep(settings, order)
                return Result(summary=sweep_summary(swept), outcome=swept)


def _roll_back(order: RollbackOrder, run: StepRun, settings: Settings) -> Result:
    registry = open_registry(settings.mlflow_tracking_uri, order.model)
    check_model(registry)
    scratch = settings.trainer_work_dir.absolute()
    scratch.mkdir(parents=True, exist_ok=True)
    outcome = rollback.roll_back(registry, order, run, scratch)
    return Result(summary=rollback.summary(outcome, order), outcome=outcome)
