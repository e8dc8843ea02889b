"""One registered model: its versions, one for each DAG run; its aliases, forward in data time; their history.

MLflow gives every registration a new version and lets an alias move anywhere, by anybody, without a trace. Everything
here may be called again with the same arguments. MLflow has no compare-and-set: an alias is read, compared, set and
read back, and given back if the history shows that another run came first. Two processes that do all this within the
same milliseconds may still both believe that they moved it; the alias is then the later one's, and the line that is
missing is written by the next promotion. One active DAG run of a pipeline (the default) excludes it.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow.artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from .errors import BadData, BadRequest, Bug
from .mlflow_client import is_missing, mlflow_errors
from .promotion_history import AliasMove, as_tag, holder, moves, next_number

RUN_KEY_TAG = "run_key"
DATA_TIME_TAG = "data_interval_end"
PIPELINE_TAG = "pipeline"
WEIGHTS_TAG = "weights.sha256"
WEIGHTS_FILE = "artifacts/best.pt"
"""Where a packed model keeps its weights."""

_log = logging.getLogger(__name__)
_OLDEST = datetime.min.replace(tzinfo=UTC)
_HISTORY_TRIES = 5


class MissingWeights(BadData):
    """A version is registered but its weights are not in the artifact store."""


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of the registered model."""

    model: str
    version: str
    tags: Mapping[str, str]
    description: str = ""

    @property
    def run_key(self) -> str | None:
        """DAG run that registered it, if one of this project did."""
        return self.tags.get(RUN_KEY_TAG)

    @property
    def data_time(self) -> datetime | None:
        """End of the data interval that it was trained on; None if its tag is missing or no time."""
        try:
            moment = datetime.fromisoformat(self.tags.get(DATA_TIME_TAG, ""))
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Mover:
    """Who moves an alias, and why."""

    by: str
    why: str


def wall_clock() -> datetime:
    """Return the time at which a move is written down; nothing is decided by it."""
    return datetime.now(UTC)


class ModelRegistry:
    """The versions, aliases and history of one registered model."""

    def __init__(self, client: MlflowClient, model: str, now: Callable[[], datetime] = wall_clock) -> None:
        """Use a registered model that may not exist yet."""
        self.client = client
        self.model = model
        self._now = now

    # -- versions -----------------------------------------------------------------------------------------------------

    def ensure_model(self, pipeline: str, description: str) -> None:
        """Create the registered model if it is missing.

        Raises:
            BadRequest: it belongs to another pipeline.
        """
        with mlflow_errors(f"open registered model {self.model!r}"):
            try:
                self.client.create_registered_model(self.model, {PIPELINE_TAG: pipeline}, description)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            owner = self._model_tags().get(PIPELINE_TAG)
            if owner is None:
                self.client.set_registered_model_tag(self.model, PIPELINE_TAG, pipeline)
        if owner not in (None, pipeline):
            raise BadRequest(
                f"registered model {self.model!r} belongs to pipeline {owner!r}; expected {pipeline!r}. "
                f"Give registry.model another name in the catalog"
            )

    def version_of(self, run_key: str) -> RegisteredVersion | None:
        """Return the version that a DAG run registered; of several the oldest, and the others are deleted."""
        with mlflow_errors(f"find versions of {self.model!r}"):
            found = self.client.search_model_versions(f"name = '{self.model}' and tags.{RUN_KEY_TAG} = '{run_key}'")
            if not found:
                return None
            first, *doubles = sorted(found, key=lambda item: int(item.version))
            for double in doubles:
                _log.warning(
                    "version %s of %s doubles version %s; deleting it", double.version, self.model, first.version
                )
                self.client.delete_model_version(self.model, str(double.version))
        return _version(first)

    def add_version(self, run_id: str, model_id: str, tags: Mapping[str, str], description: str) -> RegisteredVersion:
        """Register a logged model as the version of the DAG run that its tags name; two at once agree on one."""
        with mlflow_errors(f"register a version of {self.model!r}"):
            source = f"models:/{model_id}"
            created = self.client.create_model_version(
                self.model, source, run_id, dict(tags), description=description, model_id=model_id
            )
            link = json.dumps([{"name": self.model, "version": str(created.version)}])
            self.client.set_logged_model_tags(model_id, {"mlflow.modelVersions": link})
        version = self.version_of(tags[RUN_KEY_TAG])
        if version is None:
            raise Bug(f"MLflow does not find version {created.version} of {self.model!r} that it just created")
        return version

    def discard(self, version: RegisteredVersion, but_for_alias: str) -> None:
        """Delete a version whose DAG run trained again, unless it is or was in use.

        Raises:
            BadRequest: another alias than the candidate's points to it, or it is part of an alias history.
        """
        with mlflow_errors(f"delete version {version.version} of {self.model!r}"):
            model = self.client.get_registered_model(self.model)
            used = sorted(alias for alias, number in model.aliases.items() if str(number) == version.version)
            held = any(move.to_version == version.version for move in moves(model.tags))
            if set(used) - {but_for_alias} or held:
                raise BadRequest(
                    f"this DAG run registered version {version.version} of {self.model!r} from other weights, and "
                    f"that version holds or held an alias (now: {', '.join(used) or 'none'}); a model in use is "
                    "never replaced. Trigger a new DAG run instead of training this one again"
                )
            self.client.delete_model_version(self.model, version.version)

    def download_weights(self, version: RegisteredVersion, folder: Path) -> Path:
        """Fetch a version's weights file.

        Raises:
            MissingWeights: it is not in the artifact store.
            TryAgain: the store does not answer.
        """
        uri = f"models:/{self.model}/{version.version}"
        folder.mkdir(parents=True, exist_ok=True)
        with mlflow_errors(f"read the weights of {uri}"):
            try:
                listed = mlflow.artifacts.list_artifacts(artifact_uri=f"{uri}/{Path(WEIGHTS_FILE).parent}")
            except MlflowException as error:
                if not is_missing(error):
                    raise
                listed = []
            if WEIGHTS_FILE not in [item.path for item in listed]:
                raise MissingWeights(
                    f"version {version.version} of {self.model!r} has no {WEIGHTS_FILE} in the artifact store"
                )
            return Path(mlflow.artifacts.download_artifacts(artifact_uri=f"{uri}/{WEIGHTS_FILE}", dst_path=str(folder)))

    # -- aliases ------------------------------------------------------------------------------------------------------

    def champion(self, alias: str) -> RegisteredVersion | None:
        """Return the version that holds an alias, with its tags, or None."""
        with mlflow_errors(f"read alias {alias!r} of {self.model!r}"):
            try:
                return _version(self.client.get_model_version_by_alias(self.model, alias))
            except MlflowException as error:
                if is_missing(error):
                    return None
                raise

    def set_alias_forward(self, alias: str, version: RegisteredVersion) -> bool:
        """Move an alias unless its holder has newer data (or equally old data and a higher version); no history."""
        current = self.champion(alias)
        if current is not None and _order(current) > _order(version):
            return False
        if current is None or current.version != version.version:
            self._set_alias(alias, version.version)
        return True

    def move_alias(
        self, alias: str, version: RegisteredVersion, expected: RegisteredVersion | None, mover: Mover
    ) -> bool:
        """Move an alias from the version expected to hold it, read it back, and write the move down.

        Returns False if another run moved it before or meanwhile; the alias is then that run's.
        """
        known = holder(self.history(alias))
        if _number(self.champion(alias)) != _number(expected):
            return False
        self._set_alias(alias, version.version)
        if _number(self.champion(alias)) != version.version:
            return False
        if (first := holder(self.history(alias))) not in (known, version.version):
            # Another run read, set and wrote its line between our reading and setting: it goes first.
            if first is not None:
                self._set_alias(alias, first)
            return False
        self._record(alias, version, mover)
        return True

    # -- history ------------------------------------------------------------------------------------------------------

    def history(self, alias: str) -> tuple[AliasMove, ...]:
        """Return every move of an alias, oldest first; of a model that does not exist, none."""
        return moves(self._model_tags(), alias)

    def complete_history(self, alias: str, mover: Mover) -> None:
        """Write down the move that is missing if the alias is not where its history ends.

        A run may have been stopped between moving and writing, or a person moved the alias by hand.
        """
        current = self.champion(alias)
        if _number(current) != holder(self.history(alias)):
            self._record(alias, current, mover)

    def _record(self, alias: str, version: RegisteredVersion | None, mover: Mover) -> None:
        for _ in range(_HISTORY_TRIES):
            tags = self._model_tags()
            history = moves(tags, alias)
            if holder(history) == _number(version):
                return
            move = AliasMove.model_validate(
                {
                    "number": next_number(tags),
                    "when": self._now(),
                    "alias": alias,
                    "from": holder(history),
                    "to": _number(version),
                    "run_key": version.run_key if version else None,
                    "data_interval_end": version.data_time if version else None,
                    "by": mover.by,
                    "why": mover.why,
                }
            )
            key, value = as_tag(move)
            with mlflow_errors(f"write the history of {self.model!r}"):
                self.client.set_registered_model_tag(self.model, key, value)
            if self._model_tags().get(key) == value:
                return
        raise Bug(
            f"the history of {self.model!r} could not be written: {_HISTORY_TRIES} times another process took the line"
        )

    def _set_alias(self, alias: str, version: str) -> None:
        with mlflow_errors(f"set alias {alias!r} of {self.model!r}"):
            self.client.set_registered_model_alias(self.model, alias, version)

    def _model_tags(self) -> dict[str, str]:
        with mlflow_errors(f"read registered model {self.model!r}"):
            try:
                return dict(self.client.get_registered_model(self.model).tags)
            except MlflowException as error:
                if is_missing(error):
                    return {}
                raise


def _version(found: ModelVersion) -> RegisteredVersion:
    # The client gives the number as text or as int, by the kind of store.
    return RegisteredVersion(found.name, str(found.version), dict(found.tags), found.description or "")


def _number(version: RegisteredVersion | None) -> str | None:
    return version.version if version else None


def _order(version: RegisteredVersion) -> tuple[datetime, int]:
    return version.data_time or _OLDEST, int(version.version)
