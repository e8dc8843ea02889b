"""Move an alias and record the move; each move is claimed first, so that only one of several processes makes it.

A move is claimed in ``alias_ledger``. The process with the claim moves the alias and marks the move as made; the others
read the alias again. If a process dies after claiming a move, the next one completes it. A slow process that finds
later claims gives the alias to the last of them. A claimed move to a version that was deleted since counts as made, so
that it does not block later moves.

A move made by hand is found and recorded by the next process; an earlier claimed move that was not made by then is
abandoned. The tags ``alias_history.*`` of the registered model repeat the ledger for people and other programs.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from step_contract.tags import LEDGER_TAG
from trainer.errors import BadRequest, Bug, TryAgain
from trainer.tracking import MlflowClient, is_version, mlflow_errors, model_tags

from .alias_history import AliasMove, as_tag, holder, moves, next_number, shortened
from .alias_ledger import AliasLedger, find_ledger

if TYPE_CHECKING:
    from trainer.registry.version import RegisteredVersion

_log = logging.getLogger(__name__)
_ATTEMPTS = 20
_WRITES = 3
_BY_HAND_SECONDS = 1.0


@dataclass(frozen=True)
class Mover:
    """The person or run that moves an alias, and the reason."""

    by: str
    why: str


@dataclass(frozen=True)
class _Place:
    """The next number in the history, and the holder of the alias according to the moves before it."""

    number: int
    holder: str | None


class AliasMoves:
    """The aliases of one registered model and their history."""

    def __init__(
        self,
        client: MlflowClient,
        model: str,
        holder_of: "Callable[[str], RegisteredVersion | None]",
        now: Callable[[], datetime],
    ) -> None:
        """Use a registered model that may not exist yet; ``holder_of`` reads the version that holds an alias."""
        self._client = client
        self._model = model
        self._holder_of = holder_of
        self._now = now

    def move(
        self,
        alias: str,
        version: "RegisteredVersion",
        expected: "RegisteredVersion | None",
        mover: Mover,
        *,
        once: bool = False,
    ) -> bool:
        """Move an alias from the version expected to hold it; False if another process was faster.

        Args:
            alias: the alias to move.
            version: the version that gets the alias.
            expected: the version that must hold it now.
            mover: who moves it, and why.
            once: also return False if the version ever had the alias before.

        Raises:
            BadRequest: ``version`` was deleted.
        """
        self._make_claimed_moves(alias)
        # Choose the place before reading the holder: a process that moves the alias after that takes this place.
        place = self._next_place(alias)
        # An alias that is not where its history ends was just set by a slow process, or by hand: see ``complete``.
        if not _number(self._holder_of(alias)) == _number(expected) == place.holder:
            return False
        # Also read after the place: stops an attempt that slept through its successor's promotion and rollback.
        if once and any(made.to_version == version.version for made in self.history(alias)):
            return False
        move = self._claimed(place, alias, version, mover)
        if move is None:
            return False
        if not self._make(move):
            raise BadRequest(
                f"version {version.version} of {self._model!r} was deleted before it got alias {alias!r}; "
                "expected it to exist. Trigger a new DAG run to register another"
            )
        return True

    def history(self, alias: str) -> tuple[AliasMove, ...]:
        """Return every move of an alias, oldest first; none if the model does not exist."""
        return _of(alias, self._known(model_tags(self._client, self._model)))

    def name(self, version: str) -> bool:
        """Return whether any alias was moved to a version, or such a move is claimed."""
        return any(move.to_version == version for move in self._known(model_tags(self._client, self._model)).values())

    def note_once(self, key: str, value: str) -> str:
        """Return the value first recorded under a key, recording this one if there is none.

        Without a registered model the value is returned and not recorded.
        """
        tags = model_tags(self._client, self._model)
        return self._ledger(tags).note_once(key, value) if tags else value

    def complete(self, alias: str, mover: Mover) -> None:
        """Complete a move whose process died after claiming it, and record a move made by hand."""
        for _ in range(_ATTEMPTS):
            self._make_claimed_moves(alias)
            place = self._next_place(alias)
            current = self._holder_of(alias)
            if _number(current) == place.holder:
                return
            # A slow process corrects its own late move within moments; a person does not.
            time.sleep(_BY_HAND_SECONDS)
            if _number(self._holder_of(alias)) != _number(current):
                continue
            move = self._claimed(place, alias, current, mover)
            if move is not None:
                self._written(move)
                return
        raise Bug(f"cannot write the history of {self._model!r}: another process was faster {_ATTEMPTS} times")

    def _ledger(self, tags: Mapping[str, str]) -> AliasLedger:
        return find_ledger(self._client, self._model, tags)

    def _known(self, tags: Mapping[str, str]) -> dict[int, AliasMove]:
        claimed = self._ledger(tags).moves() if LEDGER_TAG in tags else {}
        return {move.number: move for move in moves(tags)} | claimed

    def _next_place(self, alias: str) -> _Place:
        tags = model_tags(self._client, self._model)
        known = self._known(tags)
        return _Place(max(next_number(tags), 1 + max(known, default=0)), holder(_of(alias, known)))

    def _claimed(
        self, place: _Place, alias: str, version: "RegisteredVersion | None", mover: Mover
    ) -> AliasMove | None:
        """Claim a place in the history for a move; None if another process was faster."""
        move = AliasMove.model_validate(
            {
                "number": place.number,
                "when": self._now(),
                "alias": alias,
                "from": place.holder,
                "to": _number(version),
                "run_key": version.run_key if version else None,
                "data_interval_end": version.data_time if version else None,
                "by": mover.by,
                "why": shortened(mover.why),
            }
        )
        return move if self._ledger(model_tags(self._client, self._model)).claim(move) else None

    def _make_claimed_moves(self, alias: str) -> None:
        """Make the last claimed move of an alias if it was not made, and no person moved the alias since."""
        tags = model_tags(self._client, self._model)
        if LEDGER_TAG not in tags:
            return
        ledger = self._ledger(tags)
        claimed = ledger.moves()
        for number in sorted(claimed):
            if as_tag(claimed[number])[1] != tags.get(as_tag(claimed[number])[0]):
                self._write_tag(claimed[number])
        last = max((number for number, move in claimed.items() if move.alias == alias), default=None)
        if last is None or ledger.is_made(last):
            return
        move, current = claimed[last], _number(self._holder_of(alias))
        if current is not None and current not in (move.from_version, move.to_version):
            text = "alias %r of %r was moved to version %s by hand; the move to version %s, claimed before, is skipped"
            _log.warning(text, alias, self._model, current, move.to_version)
            self._written(move)
            return
        self._make(move)

    def _make(self, move: AliasMove) -> bool:
        """Move the alias as claimed, False if it is impossible; a later claimed move takes precedence."""
        was_set = self._set_as(move)
        self._written(move)
        last = self.history(move.alias)[-1]
        if last.number > move.number:
            self._set_as(last)
        return was_set

    def _set_as(self, move: AliasMove) -> bool:
        """Set the alias to the version of a move; False if the version was deleted."""
        if move.to_version is None:
            return True
        try:
            set_alias(self._client, self._model, move.alias, move.to_version)
        except BadRequest:
            if is_version(self._client, self._model, move.to_version):
                raise
            _log.warning(
                "version %s of %r was deleted; alias %r is not moved", move.to_version, self._model, move.alias
            )
            return False
        return True

    def _written(self, move: AliasMove) -> None:
        self._write_tag(move)
        self._ledger(model_tags(self._client, self._model)).mark_made(move.number)

    def _write_tag(self, move: AliasMove) -> None:
        key, value = as_tag(move)
        if model_tags(self._client, self._model).get(key) != value:
            with mlflow_errors(f"write the history of {self._model!r}"):
                self._client.set_registered_model_tag(self._model, key, value)


def _of(alias: str, known: Mapping[int, AliasMove]) -> tuple[AliasMove, ...]:
    return tuple(known[number] for number in sorted(known) if known[number].alias == alias)


def set_alias(client: MlflowClient, model: str, alias: str, version: str) -> None:
    """Give an alias to a version, regardless of its current holder."""
    for _ in range(_WRITES - 1):
        # If two processes set it for the first time at the same moment, MLflow's database fails one of them.
        with suppress(TryAgain), mlflow_errors(f"set alias {alias!r} of {model!r}"):
            client.set_registered_model_alias(model, alias, version)
            return
    with mlflow_errors(f"set alias {alias!r} of {model!r}"):
        client.set_registered_model_alias(model, alias, version)


def _number(version: "RegisteredVersion | None") -> str | None:
    return version.version if version else None
