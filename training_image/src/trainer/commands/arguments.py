"""Parse the command-line options of ``trainer rollback`` and ``trainer sweep``, for use without a request."""

import argparse
import getpass
from datetime import UTC, datetime

from pydantic import ValidationError

from step_contract.order import PREVIOUS, Chore, Order, RollbackOrder, SurveyOrder, SweepOrder
from step_contract.step import DagRunName, StepRun
from step_contract.transport import describe_validation_error
from trainer.errors import BadRequest

HELP = {
    Chore.ROLLBACK: "give an alias back to an earlier version and mark the one it is taken from as bad",
    Chore.SURVEY: "list the DAG runs that left something behind",
    Chore.SWEEP: "delete leftovers of finished DAG runs, and old files of the cache",
}


def add_options(command: argparse.ArgumentParser, chore: Chore) -> None:
    """Add the options that a person gives instead of a request."""
    by_hand = command.add_argument_group("by hand, without a request")
    if chore is Chore.ROLLBACK:
        by_hand.add_argument("--model", help="registered model")
        by_hand.add_argument("--alias", default="champion", help="default champion")
        by_hand.add_argument("--to", default=PREVIOUS, help=f"number of a version, or {PREVIOUS} (default)")
        by_hand.add_argument("--reason", help="why, in one sentence; kept in the alias's history")
        by_hand.add_argument("--by", default=_user(), help="who wants it (default: this user)")
    if chore is Chore.SWEEP:
        by_hand.add_argument(
            "--over",
            action="append",
            nargs=2,
            default=[],
            metavar=("DAG_ID", "RUN_ID"),
            help="a finished DAG run; leftovers of any other are kept",
        )
        by_hand.add_argument("--dry-run", action="store_true", help="only report what would be deleted")


def from_options(chore: Chore, options: argparse.Namespace) -> tuple[Order, StepRun]:
    """Return the order given on the command line, and an identity for its run.

    Raises:
        BadRequest: an option is missing or wrong.
    """
    now = datetime.now(UTC)
    run = StepRun(dag_id="by hand", run_id=now.isoformat(), data_interval_start=now, data_interval_end=now)
    try:
        return _order(chore, options), run
    except ValidationError as error:
        raise BadRequest(f"trainer {chore}: {describe_validation_error(error)}; see trainer {chore} --help") from error


def _order(chore: Chore, options: argparse.Namespace) -> Order:
    match chore:
        case Chore.ROLLBACK:
            names = ("model", "alias", "to", "reason", "by")
            return RollbackOrder.model_validate({name: getattr(options, name) for name in names})
        case Chore.SWEEP:
            over = tuple(DagRunName(dag_id=dag_id, run_id=run_id) for dag_id, run_id in options.over)
            return SweepOrder(over=over, dry_run=options.dry_run)
        case Chore.SURVEY:
            return SurveyOrder()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return "somebody"
