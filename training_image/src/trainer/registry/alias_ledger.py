"""Order the moves of a registered model's aliases, with exactly one writer for each number.

MLflow has no locks, and every write of an alias or tag overwrites the previous value. Only a run's param is written at
most once: the database refuses a second value. So each move is first claimed, as the param ``move.000012`` of a run
that belongs to the registered model, and the process that claimed it makes the move; a process that comes second reads
the alias again. If a process dies after its claim, the move is not marked as made, and the next process makes it. The
run's id is the registered model's tag ``alias_ledger``; ledgers have an experiment of their own.

Must not import mlflow: ``tracking.client`` translates its errors.
"""

import logging
import time
from collections.abc import Mapping

from pydantic import ValidationError

from step_contract.tags import LEDGER_TAG, MADE_PARAM_PREFIX, MOVE_PARAM_PREFIX
from trainer.tracking import MlflowClient, experiment_id_of, is_live_run, mlflow_errors, write_param_once

from .alias_history import AliasMove

EXPERIMENT = "alias ledgers"

_AGREE_SECONDS = 0.5

_log = logging.getLogger(__name__)


class AliasLedger:
    """The claimed moves of one registered model; its aliases share the numbers."""

    def __init__(self, client: MlflowClient, run_id: str) -> None:
        """Use the run that ``find_ledger`` returned."""
        self._client = client
        self._run_id = run_id

    def moves(self) -> dict[int, AliasMove]:
        """Return all moves by number; a move that a person made unreadable is left out."""
        found = {}
        for key, value in self._params().items():
            if not key.startswith(MOVE_PARAM_PREFIX):
                continue
            try:
                move = AliasMove.model_validate_json(value)
            except ValidationError as error:
                _log.warning("param %s of run %s is not an alias move: %s", key, self._run_id, error)
                continue
            found[move.number] = move
        return found

    def claim(self, move: AliasMove) -> bool:
        """Take a number for a move; False if another process has it."""
        with mlflow_errors("claim a move of an alias"):
            place = f"{MOVE_PARAM_PREFIX}{move.number:06d}"
            return write_param_once(self._client, self._run_id, place, move.model_dump_json())

    def is_made(self, number: int) -> bool:
        """Return whether the alias was moved as claimed."""
        return f"{MADE_PARAM_PREFIX}{number:06d}" in self._params()

    def mark_made(self, number: int) -> None:
        """Record that the alias was moved as claimed."""
        with mlflow_errors("note a move of an alias"):
            write_param_once(self._client, self._run_id, f"{MADE_PARAM_PREFIX}{number:06d}", "yes")

    def note_once(self, key: str, value: str) -> str:
        """Record a value unless its key has one already, and return the recorded value."""
        with mlflow_errors("write to the ledger of aliases"):
            write_param_once(self._client, self._run_id, key, value)
        return self._params()[key]

    def _params(self) -> Mapping[str, str]:
        with mlflow_errors("read the ledger of aliases"):
            params: Mapping[str, str] = self._client.get_run(self._run_id).data.params
            return params


def new_ledger(client: MlflowClient, model: str) -> str:
    """Create a ledger and return its run's id."""
    with mlflow_errors(f"make the ledger of {model!r}"):
        run = client.create_run(experiment_id_of(client, EXPERIMENT), tags={"registered_model": model}, run_name=model)
        client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def find_ledger(client: MlflowClient, model: str, tags: Mapping[str, str]) -> AliasLedger:
    """Return the ledger that a registered model's tags name; create it if there is none.

    If two processes create one at the same moment, which can only happen for a model that was registered by other
    means, both use the later.
    """
    run_id = tags.get(LEDGER_TAG, "")
    if run_id and is_live_run(client, run_id):
        return AliasLedger(client, run_id)
    with mlflow_errors(f"make the ledger of {model!r}"):
        client.set_registered_model_tag(model, LEDGER_TAG, new_ledger(client, model))
        time.sleep(_AGREE_SECONDS)
        return AliasLedger(client, client.get_registered_model(model).tags[LEDGER_TAG])
