"""Moves of an alias that are written down: claimed first, so that of several processes at once one makes it.

A move is claimed in ``alias_ledger``; whoever has the claim moves the alias and notes it, the others look again. One
that died between claim and move has its move made by the next. Whoever was slow finds later claims and gives the alias
to the last of them. A claimed move to a version that was deleted since counts as made: it must not stop those after it.
A person who moves the alias by hand is found by the next process and written down; a claimed move that was not made
until then is not made any more. The tags ``alias_history.*`` of the registered model repeat the ledger for people and
other programs.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from trainer.errors import BadRequest, Bug, TryAgain
from trainer.tracking import MlflowClient, is_version, mlflow_errors, model_tags

from .alias_history import AliasMove, as_tag, holder, moves, next_number, shortened
from .alias_ledger import LEDGER_TAG, AliasLedger, find_ledger

if TYPE_CHECKING:
    from trainer.registry.version import RegisteredVersion

_log = logging.getLogger(__name__)
_TRIES = 20
_WRITES = 3
_BY_HAND_SECONDS = 1.0


@dataclass(frozen=True)
class Mover:
    """Who moves an alias, and why."""

    by: str
    why: str


@dataclass(frozen=True)
class _Place:
    """The next number in the history, and who holds the alias according to what stands before it."""

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
        """Use a registered model that may not exist yet; ``holder_of`` reads who holds an alias."""
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
            alias: which one.
            version: to get it.
            expected: who is to have it now.
            mover: who moves it, and why.
            once: also False if the version had the alias before, whoever gave it.

        Raises:
            BadRequest: the version to get it was deleted.
        """
        self._make_claimed_moves(alias)
        # The place is chosen before the holder is read: whoever moves the alias after that takes it.
        place = self._next_place(alias)
        # And an alias that is not where its history ends was just set by somebody slow, or by hand: see ``complete``.
        if not _number(self._holder_of(alias)) == _number(expected) == place.holder:
            return False
        # Read after the place, too: a try that slept through its successor's promotion and its rollback ends here.
        if once and any(made.to_version == version.version for made in self.history(alias)):
            return False
        move = self._claimed(place, alias, version, mover)
        if move is None:
            return False
        if not self._make(move):
            raise BadRequest(
                f"version {version.version} of {self._model!r} was deleted before it got alias {alias!r}; "
                "expected it to stay. Let a new DAG run register another"
            )
        return True

    def history(self, alias: str) -> tuple[AliasMove, ...]:
        """Return every move of an alias, oldest first; of a model that does not exist, none."""
        return _of(alias, self._known(model_tags(self._client, self._model)))

    def name(self, version: str) -> bool:
        """Tell whether any alias was moved to a version, or is claimed to be."""
        return any(move.to_version == version for move in self._known(model_tags(self._client, self._model)).values())

    def note_once(self, key: str, value: str) -> str:
        """Return what was noted first under a key, this value if nothing was; without a model it is not kept."""
        tags = model_tags(self._client, self._model)
        return self._ledger(tags).note_once(key, value) if tags else value

    def complete(self, alias: str, mover: Mover) -> None:
        """Make the move that a process claimed and did not live to make, and write down one that a person made."""
        for _ in range(_TRIES):
            self._make_claimed_moves(alias)
            place = self._next_place(alias)
            current = self._holder_of(alias)
            if _number(current) == place.holder:
                return
            # Somebody who was slow to make a claimed move notices by itself within moments; a person does not.
            time.sleep(_BY_HAND_SECONDS)
            if _number(self._holder_of(alias)) != _number(current):
                continue
            move = self._claimed(place, alias, current, mover)
            if move is not None:
                self._written(move)
                return
        raise Bug(f"the history of {self._model!r} could not be written: {_TRIES} times another was faster")

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
        """Make the last claimed move of an alias if whoever claimed it has not, and no person moved it since."""
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
            said = "alias %r of %r was given to version %s by hand; the move to version %s, claimed before, is left out"
            _log.warning(said, alias, self._model, current, move.to_version)
            self._written(move)
            return
        self._make(move)

    def _make(self, move: AliasMove) -> bool:
        """Move the alias as claimed, False if it cannot be; if another move was claimed and made since, that counts."""
        could = self._set_as(move)
        self._written(move)
        last = self.history(move.alias)[-1]
        if last.number > move.number:
            self._set_as(last)
        return could

    def _set_as(self, move: AliasMove) -> bool:
        """Set the alias as a move says; False if there is no such version any more."""
        if move.to_version is None:
            return True
        try:
            set_alias(self._client, self._model, move.alias, move.to_version)
        except BadRequest:
            if is_version(self._client, self._model, move.to_version):
                raise
            _log.warning(
                "version %s of %r was deleted, alias %r stays where it is", move.to_version, self._model, move.alias
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
    """Give an alias to a version, whoever has it."""
    for _ in range(_WRITES - 1):
        # Two that set it for the first time at the same moment stumble over each other in MLflow's database.
        with suppress(TryAgain), mlflow_errors(f"set alias {alias!r} of {model!r}"):
            client.set_registered_model_alias(model, alias, version)
            return
    with mlflow_errors(f"set alias {alias!r} of {model!r}"):
        client.set_registered_model_alias(model, alias, version)


def _number(version: "RegisteredVersion | None") -> str | None:
    return version.version if version else None
