"""One try of a chore: which module does it, and with what."""

from step_contract.chore import (
    ChoreRequest,
    ChoreResult,
    RollbackOrder,
    SurveyOrder,
    SweepOrder,
)
from step_contract.step import StepRun
from trainer.machine import full_disk_is_try_again
from trainer.registry import ModelRegistry, check_model
from trainer.settings import Settings
from trainer.tracking import connect

from . import rollback
from .sweep import survey, survey_summary, sweep, sweep_summary


def run_chore(request: ChoreRequest, run: StepRun, settings: Settings) -> ChoreResult:
    """Do a chore.

    Raises:
        StepError: it cannot be done as it was asked for, or a service is away.
    """
    with full_disk_is_try_again():
        match request.order:
            case RollbackOrder() as order:
                return _roll_back(order, run, settings)
            case SurveyOrder():
                named = survey(settings)
                return ChoreResult(summary=survey_summary(named), outcome=named)
            case SweepOrder() as order:
                swept = sweep(settings, order)
                return ChoreResult(summary=sweep_summary(swept), outcome=swept)


def _roll_back(order: RollbackOrder, run: StepRun, settings: Settings) -> ChoreResult:
    registry = ModelRegistry(connect(settings.mlflow_tracking_uri), order.model)
    check_model(registry)
    scratch = settings.trainer_work_dir.absolute()
    scratch.mkdir(parents=True, exist_ok=True)
    outcome = rollback.roll_back(registry, order, run, scratch)
    return ChoreResult(summary=rollback.summary(outcome, order), outcome=outcome)
