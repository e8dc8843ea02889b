"""Give an alias back to an earlier version, by a person's decision, and mark the version it is taken from as bad.

The mark is written before the alias moves and names the rollback, so a stopped rollback resumes where it stopped: a
second attempt never goes back a second step. A rollback is about the version that held the alias when its first attempt
began, which is recorded beside the alias's history. If another move comes first, nothing is moved, and this rollback
fails unless that move was a rollback with the same aim. Nightly runs then compare with the restored version, as with
any holder of the alias.
"""

import hashlib
import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from step_contract.order import PREVIOUS, RollbackOrder
from step_contract.result import RollbackResult
from step_contract.step import StepRun
from step_contract.tags import WEIGHTS_SHA256_TAG
from trainer.errors import BadRequest, TryAgain
from trainer.registry import (
    AliasMove,
    BadMark,
    MissingWeights,
    ModelRegistry,
    Mover,
    RegisteredVersion,
    describe_versions,
    mark_bad,
    mark_by,
    mark_of,
    versions_of,
    wall_clock,
)

_ATTEMPTS = 4
_PACKED = "MLmodel"

_log = logging.getLogger(__name__)


def roll_back(registry: ModelRegistry, order: RollbackOrder, run: StepRun, scratch: Path) -> RollbackResult:
    """Move the alias back, once for each DAG run of a rollback.

    Args:
        registry: the registry of the order's model.
        order: the person's decision.
        run: the rollback's own DAG run; repeating it changes nothing.
        scratch: folder for a copy of the weights, which are read to check that they are complete.

    Raises:
        BadRequest: there is no such model or version, it is bad or incomplete, no version held the alias before, or
            another version got the alias meanwhile.
        TryAgain: the alias changed repeatedly meanwhile.
    """
    mover = Mover(f"{order.by}, {run.dag_id} {run.run_id}", order.reason)
    about = registry.note_once(f"rollback.{run.key}", _name(registry.champion(order.alias)))
    for _ in range(_ATTEMPTS):
        mark = mark_by(registry, run.key)
        champion = _settled_holder(registry, order, mover)
        if done := _done_before(registry, order, about, champion, mover):
            return done
        target = _target(registry, order, mark, champion)
        if champion is not None and champion.version == target.version:
            return _result(order, target.version, None)
        _check_whole(registry, target, scratch, run)
        if champion is not None and mark is None:
            mark_bad(registry, champion, _mark(order, run, champion, target))
        if registry.move_alias(order.alias, target, champion, mover):
            return _result(order, target.version, champion.version if champion else None)
    raise TryAgain(f"alias {order.alias!r} of {order.model!r} moved {_ATTEMPTS} times during the rollback")


def summary(outcome: RollbackResult, order: RollbackOrder) -> str:
    """Say in one line which version holds the alias now, and why."""
    if outcome.taken_from is None:
        return f"version {outcome.version} holds {outcome.alias} of {outcome.model}; nothing was moved"
    return (
        f"version {outcome.version} is {outcome.alias} of {outcome.model} again, instead of version "
        f"{outcome.taken_from}, which is marked as bad: {order.reason}"
    )


def _settled_holder(registry: ModelRegistry, order: RollbackOrder, mover: Mover) -> RegisteredVersion | None:
    """Bring the alias's history up to date and return the version that holds it."""
    registry.complete_history(order.alias, Mover("unknown", f"found by {mover.by}: moved by hand"))
    return registry.champion(order.alias)


def _done_before(
    registry: ModelRegistry,
    order: RollbackOrder,
    about: str,
    champion: RegisteredVersion | None,
    mover: Mover,
) -> RollbackResult | None:
    """Return the result if this rollback, or another with the same aim, was already done; else None.

    Raises:
        BadRequest: the alias was moved otherwise from the version that this rollback is about.
    """
    own: AliasMove | None = next((move for move in registry.history(order.alias) if move.by == mover.by), None)
    now, number = _name(champion), champion.version if champion else ""
    if own is not None:
        return _result(order, number, own.from_version)
    if now == about:
        return None
    said = f"this rollback was to take the alias from {about}, but {now} has it now; nothing is moved"
    if not (order.to == number or (order.to == PREVIOUS and _is_taken_back(registry, order.alias, about))):
        todo = f"if {now} is also to be taken back" if champion else "to the number of the version that is to have it"
        raise BadRequest(f"{said}. Trigger another rollback {todo}")
    _log.warning(said)
    return _result(order, number, None)


def _is_taken_back(registry: ModelRegistry, alias: str, about: str) -> bool:
    """Return whether a version is bad and the alias moved from it to an earlier holder, as in a rollback."""
    is_bad = any(_name(version) == about and mark_of(version) for version in versions_of(registry).values())
    held: set[str | None] = set()
    went_back = False
    for move in registry.history(alias):
        if f"version {move.from_version}" == about:
            went_back = move.to_version in held
        held.add(move.to_version)
    return is_bad and went_back


def _name(version: RegisteredVersion | None) -> str:
    return f"version {version.version}" if version else "nobody"


def _target(
    registry: ModelRegistry, order: RollbackOrder, mark: BadMark | None, champion: RegisteredVersion | None
) -> RegisteredVersion:
    versions = versions_of(registry)
    wanted = mark.to if mark else order.to
    if wanted == PREVIOUS:
        return _previous(registry, order, versions, champion)
    if wanted not in versions:
        raise _refusal(registry, order, versions, f"{order.model!r} has no version {wanted}")
    if bad := mark_of(versions[wanted]):
        raise _refusal(registry, order, versions, f"{bad.sentence}; delete its tag `bad` in MLflow if that was wrong")
    return versions[wanted]


def _previous(
    registry: ModelRegistry,
    order: RollbackOrder,
    versions: dict[str, RegisteredVersion],
    champion: RegisteredVersion | None,
) -> RegisteredVersion:
    """Return the last version before the holder that held the alias, skipping bad and deleted versions."""
    if champion is None:
        raise _refusal(registry, order, versions, f"no version holds alias {order.alias!r}, so none held it before")
    for move in reversed(registry.history(order.alias)):
        version = versions.get(move.to_version or "")
        if version is not None and version.version != champion.version and mark_of(version) is None:
            return version
    raise _refusal(registry, order, versions, f"no good version held alias {order.alias!r} before {champion.version}")


def _check_whole(registry: ModelRegistry, target: RegisteredVersion, scratch: Path, run: StepRun) -> None:
    """Read the version's files, because it must be loadable as champion.

    Raises:
        BadRequest: a file is missing, or the weights differ from those that were registered.
    """
    versions = versions_of(registry)
    with TemporaryDirectory(dir=scratch, prefix=f"{run.key[:12]}-rollback-") as folder:
        try:
            registry.download_file(target, [_PACKED], Path(folder))
            weights = registry.download_weights(target, Path(folder))
        except MissingWeights as error:
            raise BadRequest(f"{error}; expected a complete version: {describe_versions(versions)}") from error
        with weights.open("rb") as content:
            found = hashlib.file_digest(content, "sha256").hexdigest()
    expected = target.tags.get(WEIGHTS_SHA256_TAG, found)
    if found != expected:
        raise BadRequest(
            f"the weights of version {target.version} of {registry.model!r} have SHA-256 {found[:12]}, but "
            f"{expected[:12]} were registered; expected a complete version: {describe_versions(versions)}"
        )


def _mark(order: RollbackOrder, run: StepRun, champion: RegisteredVersion, target: RegisteredVersion) -> BadMark:
    return BadMark(
        version=champion.version,
        reason=order.reason,
        by=order.by,
        when=wall_clock(),
        rollback=run.key,
        to=target.version,
    )


def _refusal(
    registry: ModelRegistry, order: RollbackOrder, versions: dict[str, RegisteredVersion], why: str
) -> BadRequest:
    holders = {move.to_version for move in registry.history(order.alias)}
    return BadRequest(f"{why}; expected one of: {describe_versions(versions, holders)}")


def _result(order: RollbackOrder, version: str, taken_from: str | None) -> RollbackResult:
    return RollbackResult(model=order.model, alias=order.alias, version=version, taken_from=taken_from)
