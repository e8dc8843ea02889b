"""Keep each move of an alias as a tag of the registered model, for rollback and for people who ask why.

MLflow keeps no history of aliases, so it is written as tags: ``alias_history.000001`` and so on, each a JSON object.
Pure functions over the tags; ``model_registry`` reads and writes them.
"""

import json
import logging
import re
from collections.abc import Mapping

from pydantic import AwareDatetime, Field, ValidationError

from step_contract.frozen import Frozen
from step_contract.tags import ALIAS_HISTORY_PREFIX

_log = logging.getLogger(__name__)
_TAG = re.compile(re.escape(ALIAS_HISTORY_PREFIX) + r"(\d{6,})")
_REASON_LENGTH = 3000


class AliasMove(Frozen):
    """One move of an alias. ``from`` and ``to`` are model versions; null means no version."""

    number: int
    when: AwareDatetime
    """Wall time at which the move was recorded."""
    alias: str
    from_version: str | None = Field(alias="from")
    to_version: str | None = Field(alias="to")
    run_key: str | None
    """DAG run whose model gets the alias."""
    data_interval_end: AwareDatetime | None
    by: str
    why: str


def moves(tags: Mapping[str, str], alias: str | None = None) -> tuple[AliasMove, ...]:
    """Return the moves of an alias, or of all aliases, in order; a tag that a person made unreadable is left out."""
    found = []
    for key, value in tags.items():
        if not _TAG.fullmatch(key):
            continue
        try:
            move = AliasMove.model_validate_json(value)
        except ValidationError as error:
            _log.warning("tag %s is not an alias move (%d problems): %.100s", key, error.error_count(), value)
            continue
        if alias in (None, move.alias):
            found.append(move)
    return tuple(sorted(found, key=lambda move: move.number))


def next_number(tags: Mapping[str, str]) -> int:
    """Return the number of the next move of any alias; numbers of unreadable tags are not reused."""
    return 1 + max((int(match[1]) for key in tags if (match := _TAG.fullmatch(key))), default=0)


def holder(history: tuple[AliasMove, ...]) -> str | None:
    """Return the version that holds the alias according to its history."""
    return history[-1].to_version if history else None


def held_before(history: tuple[AliasMove, ...], run_key: str) -> bool:
    """Return whether a DAG run's version ever had the alias."""
    return any(move.run_key == run_key for move in history)


def shortened(why: str) -> str:
    """Return a reason cut to the length that MLflow can store with the rest of a move."""
    return why[:_REASON_LENGTH]


def as_tag(move: AliasMove) -> tuple[str, str]:
    """Return the key and value of the tag for a move."""
    return f"{ALIAS_HISTORY_PREFIX}{move.number:06d}", json.dumps(move.model_dump(mode="json"), ensure_ascii=False)
