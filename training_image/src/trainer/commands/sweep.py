"""Delete what runs left behind, in two passes, because only Airflow knows which DAG runs are finished.

``survey`` lists the DAG runs with leftovers, and Airflow is then asked about exactly these. ``sweep`` deletes leftovers
of finished DAG runs, and those without an owner. Leftovers of a DAG run that is not known to be finished are kept,
whatever their age: an incomplete or outdated list leaves too much and never deletes too much.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from step_contract.order import SweepOrder
from step_contract.result import SurveyResult, SweepResult
from step_contract.step import DagRunName
from trainer.errors import StepError
from trainer.settings import Settings
from trainer.storage import eviction as cache_eviction

from . import old_runs
from .leftover import Leftover
from .old_workspaces import old_handovers, old_workspaces

_MOST_DAG_RUNS = 300
"""Limit of one survey, so that the list fits into an environment variable. The rest follows an hour later."""

_log = logging.getLogger(__name__)


def survey(settings: Settings) -> SurveyResult:
    """List the DAG runs that own something to sweep."""
    owners = {item.owner: None for item in _due(settings, timedelta(0)) if item.owner}
    if len(owners) > _MOST_DAG_RUNS:
        _log.info("%d DAG runs left something behind; the first %d now", len(owners), _MOST_DAG_RUNS)
    return SurveyResult(dag_runs=tuple(owners)[:_MOST_DAG_RUNS])


def survey_summary(outcome: SurveyResult) -> str:
    """Say in one line how many DAG runs to ask Airflow about."""
    return f"{len(outcome.dag_runs)} DAG runs have something to sweep, if they are over"


def sweep(settings: Settings, order: SweepOrder) -> SweepResult:
    """Delete leftovers of finished DAG runs and those without an owner; with ``dry_run`` only report them."""
    removed: Counter[str] = Counter()
    over = {name.key for name in order.over}
    for item in _due(settings, timedelta(minutes=order.grace_minutes)):
        if item.owner is not None and item.owner.key not in over:
            _log.info("kept: %s (%s): its DAG run is not known to be finished", item.what, item.why)
        elif order.dry_run:
            _log.info("would remove: %s: %s", item.what, item.why)
            removed[item.kind] += item.count
        elif _is_removed(item):
            removed[item.kind] += item.count
    return SweepResult(dry_run=order.dry_run, removed=dict(removed))


def sweep_summary(outcome: SweepResult) -> str:
    """Say in one line what was removed."""
    found = ", ".join(f"{number} {kind}" for kind, number in sorted(outcome.removed.items())) or "nothing"
    return f"would remove {found} (dry run)" if outcome.dry_run else f"removed {found}"


def _is_removed(item: Leftover) -> bool:
    try:
        item.remove()
    except (StepError, OSError) as error:
        _log.warning("cannot remove %s: %s; the next sweep retries it", item.what, error)
        return False
    _log.info("removed: %s: %s", item.what, item.why)
    return True


def _due(settings: Settings, grace: timedelta) -> Iterator[Leftover]:
    now, uri = datetime.now(UTC), settings.mlflow_tracking_uri
    yield from old_runs.open_runs(uri, now - grace)
    keep_days = settings.trainer_checkpoint_keep_days
    yield from old_runs.old_checkpoints(uri, now - timedelta(days=keep_days), keep_days)
    owner_of = partial(_owner_of, settings)
    yield from old_workspaces(settings.trainer_work_dir, settings.trainer_workspace_keep_hours, owner_of)
    yield from old_handovers(settings.trainer_cache_dir, keep_days, owner_of)
    yield from _cached(settings)


def _owner_of(settings: Settings, digits: str) -> DagRunName | None:
    """Return the DAG run whose key begins with some digits, None if MLflow does not know it."""
    found = old_runs.search(settings.mlflow_tracking_uri, f"tags.run_key LIKE '{digits}%'")
    return next((run.owner for run in found), None)


def _cached(settings: Settings) -> Iterator[Leftover]:
    cache = settings.trainer_cache_dir
    limits = {"max_gb": settings.trainer_cache_max_gb, "keep_days": settings.trainer_cache_keep_days}
    for why, copies in cache_eviction.due(cache, **limits):
        if copies:
            remove = partial(cache_eviction.remove, cache, why, copies)
            yield Leftover("files of the cache", f"{len(copies)} files of {cache}", why, None, remove, len(copies))
