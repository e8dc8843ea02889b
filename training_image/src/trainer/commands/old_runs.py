"""Find abandoned MLflow runs: still open although their DAG run is finished, or with old checkpoints.

A task that dies together with its machine closes nothing, so its MLflow run would stay RUNNING for ever. A training
that failed keeps its checkpoints, in case a person clears it later. Runs of other programs are ignored.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from step_contract.failure import FailureKind
from step_contract.order import Step
from step_contract.step import DagRunName
from step_contract.tags import (
    CHECKPOINT_FILES_TAG,
    CHECKPOINT_TAG,
    DAG_ID_TAG,
    EPOCH_SECONDS_METRIC,
    FAILURE_KIND_TAG,
    FAILURE_REASON_TAG,
    OWNER_TAG,
    RUN_ID_TAG,
    RUN_KEY_TAG,
    StepState,
    state_tag,
)
from trainer.errors import TryAgain
from trainer.tracking import RunRecord, connect, mlflow_errors
from trainer.training import CheckpointStore

from .leftover import Leftover

OPEN_RUN = "open MLflow runs"
CHECKPOINTS = "checkpoints"

_PAGE = 500
_MOST_EXPERIMENTS = 50_000
_CLOSED_BECAUSE = (
    "the DAG run is finished in Airflow, but its MLflow run was still open: its last task ended without a report, or "
    "was marked by hand; closed by the sweep"
)


@dataclass(frozen=True)
class FoundRun:
    """An MLflow run of this project."""

    record: RunRecord
    tags: Mapping[str, str]
    status: str
    started: datetime

    @property
    def owner(self) -> DagRunName:
        """The DAG run whose record this is."""
        return DagRunName(dag_id=self.tags[DAG_ID_TAG], run_id=self.tags[RUN_ID_TAG])

    @property
    def name(self) -> str:
        """The run's name in messages."""
        return f"MLflow run {self.record.run_id} of {self.owner.dag_id} {self.owner.run_id}"


def open_runs(tracking_uri: str, silent_since: datetime) -> Iterator[Leftover]:
    """Find runs that are RUNNING without a sign of life since the given time."""
    for run in search(tracking_uri, "attributes.status = 'RUNNING'"):
        last = _last_sign(run)
        if last < silent_since:
            why = f"open, and silent since {last:%Y-%m-%d %H:%M} UTC"
            yield Leftover(OPEN_RUN, run.name, why, run.owner, partial(_close, run))


def old_checkpoints(tracking_uri: str, ended_before: datetime, keep_days: float) -> Iterator[Leftover]:
    """Find checkpoints of runs that ended before the given time; a run that was resumed is RUNNING and left out."""
    milliseconds = int(ended_before.timestamp() * 1000)
    due = f"attributes.status != 'RUNNING' and attributes.end_time < {milliseconds} and tags."
    # The second tag finds records of an older trainer, which did not set the first.
    runs = {
        run.record.run_id: run
        for tag in (CHECKPOINT_FILES_TAG, CHECKPOINT_TAG)
        for run in search(tracking_uri, f"{due}{tag} != ''")
    }
    for run in runs.values():
        why = f"the run ended as {run.status} more than {keep_days:g} days ago (TRAINER_CHECKPOINT_KEEP_DAYS)"
        yield Leftover(CHECKPOINTS, f"checkpoints of {run.name}", why, run.owner, partial(_forget, run))


def search(tracking_uri: str, condition: str) -> list[FoundRun]:
    """Find this project's runs in every experiment, the oldest first.

    All pages are read before any run is closed, because closing a run would shift the later pages.
    """
    client = connect(tracking_uri)
    found: list[FoundRun] = []
    token = None
    with mlflow_errors("search the runs"):
        experiments = [item.experiment_id for item in client.search_experiments(max_results=_MOST_EXPERIMENTS)]
        ours = f"tags.{RUN_KEY_TAG} LIKE '%' and {condition}"
        while token is None or token:
            page = client.search_runs(
                experiments, ours, max_results=_PAGE, order_by=["attributes.start_time"], page_token=token
            )
            found += [
                FoundRun(
                    RunRecord(client, str(run.info.run_id)),
                    dict(run.data.tags),
                    run.info.status,
                    _moment(run.info.start_time),
                )
                for run in page
            ]
            token = page.token or ""
    return [run for run in found if {DAG_ID_TAG, RUN_ID_TAG} <= run.tags.keys()]


def _last_sign(run: FoundRun) -> datetime:
    """Return when the run began, an attempt took it over, or an epoch ended, whichever was last."""
    owner, epoch_ms = run.record.ownership.owner(), run.record.last_logged_ms(EPOCH_SECONDS_METRIC)
    return max([run.started, _moment(epoch_ms), *([owner.since] if owner else [])])


def _close(run: FoundRun) -> None:
    """End a run according to its markers: FINISHED after its last step, otherwise KILLED with its current step failed.

    A step that is under way counts first: markers of later steps are from before the run was cleared.
    """
    tags = run.record.tags()
    # An attempt that still runs somewhere, cut off from Airflow, sees this and stops.
    run.record.set_tags({OWNER_TAG: ""})
    under_way = [step for step in Step if tags.get(state_tag(step)) == StepState.RUNNING]
    promote, register = tags.get(state_tag(Step.PROMOTE)), tags.get(state_tag(Step.REGISTER))
    is_over = promote == StepState.DONE or register == StepState.REFUSED
    if is_over and not under_way:
        run.record.close("FINISHED")
        return
    for step in under_way:
        run.record.fail_step(step, FailureKind.TERMINATED, _CLOSED_BECAUSE)
    if not under_way:
        run.record.set_tags({FAILURE_KIND_TAG: FailureKind.TERMINATED, FAILURE_REASON_TAG: _CLOSED_BECAUSE})
    run.record.close("KILLED")


def _forget(run: FoundRun) -> None:
    # Check again: a person may have cleared the DAG run since it was found.
    if run.record.status() != "RUNNING" and not CheckpointStore(run.record).forget():
        raise TryAgain("the artifact store is unavailable")


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
