"""Run one attempt at one step around the step's own work: record, done-markers, scratch folder, the run's status."""

import logging
import tempfile
from contextlib import ExitStack
from pathlib import Path

from step_contract.failure import ExitCode, FailureKind
from step_contract.order import Step, StepOrder
from step_contract.result import RegisterResult, Result
from step_contract.step import StepRun
from trainer.machine import full_disk_is_try_again
from trainer.reports import quality_history
from trainer.steps import StepPlan
from trainer.storage import DatasetStorage
from trainer.tracking import RunRecord, find_record, hurry, open_record
from trainer.training import note_out_of_memory
from trainer.web_events import SILENT, BackendCallbacks

from .errors import Failed, StepError, Superseded, Terminated, kind_of, reason_of
from .job import Job
from .settings import Settings
from .termination import stop_order_takes_precedence

_log = logging.getLogger("trainer")

_NEEDS = {
    Step.TRAIN: Step.PREPROCESS,
    Step.EVALUATE: Step.TRAIN,
    Step.REGISTER: Step.EVALUATE,
    Step.PROMOTE: Step.REGISTER,
}


def run_step(
    order: StepOrder, run: StepRun, settings: Settings, backend: BackendCallbacks = SILENT
) -> tuple[Result, ExitCode]:
    """Do a step unless its done-marker says that it was done from the same inputs.

    Raises:
        StepError: the record cannot be opened.
        Failed: the step ended with an error; its MLflow run says so, unless another attempt works on that run.
    """
    pipeline = run.form.applied_to(order.pipeline)
    record = open_record(settings.mlflow_tracking_uri, pipeline, run)
    backend.running(record.run_id)
    try:
        with stop_order_takes_precedence(), ExitStack() as workspaces:
            try:
                with stop_order_takes_precedence():
                    scratch = Path(workspaces.enter_context(_workspace(settings, run, order.verb)))
                    job = Job(order, run, pipeline, record, DatasetStorage(settings), settings, scratch, backend)
                    return _run_job(job)
            except Superseded:
                raise
            except BaseException as error:
                # Before the workspace is removed: a step that was ordered to stop may not have the time that takes.
                _mark_failed(record, order.verb, run.try_number, error)
                raise
    except BaseException as error:
        raise Failed(record.run_id, error) from error


def _workspace(settings: Settings, run: StepRun, step: Step) -> tempfile.TemporaryDirectory[str]:
    parent = settings.trainer_work_dir.absolute()
    with full_disk_is_try_again():
        parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(dir=parent, prefix=f"{run.key[:12]}-{step}-", ignore_cleanup_errors=True)


def _run_job(job: Job) -> tuple[Result, ExitCode]:
    with full_disk_is_try_again():
        result = _refusal_before(job) or _done_or_do(job)
    code = _end(job, result)
    job.record.ownership.release()
    return result, code


def _refusal_before(job: Job) -> Result | None:
    """Return the refusal that ended the run before this step, if there is one.

    Raises:
        BadRequest: the step before has no done-marker.
    """
    before = job.record.require(_NEEDS[job.step]) if job.step in _NEEDS else None
    return before if before is not None and _refused(before) else None


def _done_or_do(job: Job) -> Result:
    plan = _plan(job)
    return _done_before(job, plan.fingerprint) or _do(job, plan)


def _plan(job: Job) -> StepPlan:
    """Plan the step; a step's module is imported only for its own attempt, because some import heavy libraries."""
    match job.step:
        case Step.PREPROCESS:
            from trainer.steps import preprocess

            return preprocess.plan(job)
        case Step.TRAIN:
            from trainer.steps import train

            return train.plan(job)
        case Step.EVALUATE:
            from trainer.steps import evaluate

            return evaluate.plan(job)
        case Step.REGISTER:
            from trainer.steps import register

            return register.plan(job)
        case Step.PROMOTE:
            from trainer.steps import promote

            return promote.plan(job)


def _done_before(job: Job, fingerprint: str) -> Result | None:
    """Return the result that an earlier attempt made from the same inputs, unless the form asks to do it again."""
    done = None if job.run.form.force else job.record.result_of(job.step, fingerprint)
    if done is not None:
        job.record.ownership.release_ended(job.step, job.run.try_number)
    return done and done.model_copy(update={"already_done": True, "summary": f"already done: {done.summary}"})


def _do(job: Job, plan: StepPlan) -> Result:
    job.record.ownership.take(job.step, job.run.try_number)
    job.record.begin_step(job.step, plan.fingerprint, job.settings.trainer_image_id)
    outcome, summary = plan.work()
    result = Result(mlflow_run_id=job.record.run_id, summary=summary, outcome=outcome)
    job.record.ownership.check()
    job.record.finish_step(job.step, result, refused=_refused(result))
    return result


def _refused(result: Result) -> bool:
    return isinstance(result.outcome, RegisterResult) and result.outcome.version is None


def _end(job: Job, result: Result) -> ExitCode:
    """Close the run after its last step and return the exit code."""
    refused = _refused(result)
    if refused or result.outcome.verb is Step.PROMOTE:
        quality_history.leave(job)
        job.record.close("FINISHED")
    return ExitCode.REFUSED if refused else ExitCode.DONE


def _mark_failed(record: RunRecord, step: Step, try_number: int, error: BaseException) -> None:
    """Leave the reason in the record; a tracking server that is away as well must not hide the error itself."""
    if isinstance(error, Terminated):
        hurry()
    try:
        record.ownership.hold(step, try_number)
        record.fail_step(step, kind_of(error), reason_of(error))
        record.close("KILLED" if isinstance(error, Terminated) else "FAILED")
        record.ownership.release()
    except Superseded as other:
        _log.warning("its record is left alone: %s", other)
    except StepError as second:
        _log.error("the failure could not be recorded: %s", second)


def close_lost_run(  # what a command line says
    order: StepOrder, run: StepRun, settings: Settings, status: str, reason: str, kind: FailureKind
) -> None:
    """End the MLflow run of a DAG run whose step died without recording why; an ended run is left as it is."""
    record = find_record(settings.mlflow_tracking_uri, order.pipeline, run)
    if record is None:
        _log.info("no MLflow run to close for %s %s", run.dag_id, run.run_id)
        return
    if not record.is_running(order.verb):
        _log.info("step %s of MLflow run %s is not running; left as it is", order.verb, record.run_id)
        return
    if not record.ownership.end_lost(run.try_number):
        _log.info("a later try works on MLflow run %s; left as it is", record.run_id)
        return
    if kind is FailureKind.OUT_OF_MEMORY and order.verb is Step.TRAIN:
        note_out_of_memory(record, run.form.applied_to(order.pipeline))
    record.fail_step(order.verb, kind, reason)
    record.close(status)
