"""One registered model: its versions, one for each DAG run; its aliases, forward in data time; their history.

MLflow gives every registration a new version and lets an alias move anywhere, by anybody, without a trace. Everything
here may be called again with the same arguments. How an alias with a history moves is in ``alias_moves``.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import mlflow.artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from trainer.errors import BadData, BadRequest, Bug
from trainer.frameworks import all_frameworks
from trainer.registry.version import PACKED_FILES, PIPELINE_TAG, RUN_KEY_TAG, RegisteredVersion
from trainer.tracking import is_missing, mlflow_errors, model_tags, repeated

from .alias_history import AliasMove
from .alias_ledger import LEDGER_TAG, new_ledger
from .alias_moves import AliasMoves, Mover, set_alias

_log = logging.getLogger(__name__)
_OLDEST = datetime.min.replace(tzinfo=UTC)


class MissingWeights(BadData):
    """A version is registered but its weights are not in the artifact store."""


def wall_clock() -> datetime:
    """Return the time at which a move is written down; nothing is decided by it."""
    return datetime.now(UTC)


class ModelRegistry:
    """The versions, aliases and history of one registered model."""

    def __init__(self, client: MlflowClient, model: str, now: Callable[[], datetime] = wall_clock) -> None:
        """Use a registered model that may not exist yet."""
        self.client = client
        self.model = model
        self._moves = AliasMoves(client, model, self.champion, now)

    # -- versions -----------------------------------------------------------------------------------------------------

    def ensure_model(self, pipeline: str, description: str) -> None:
        """Create the registered model if it is missing.

        Raises:
            BadRequest: it belongs to another pipeline.
        """
        with mlflow_errors(f"open registered model {self.model!r}"):
            if not model_tags(self.client, self.model):
                self._create_model(pipeline, description)
            owner = model_tags(self.client, self.model).get(PIPELINE_TAG)
            if owner is None:
                self.client.set_registered_model_tag(self.model, PIPELINE_TAG, pipeline)
        if owner not in (None, pipeline):
            raise BadRequest(
                f"registered model {self.model!r} belongs to pipeline {owner!r}; expected {pipeline!r}. "
                f"Give registry.model another name in the catalog"
            )

    def _create_model(self, pipeline: str, description: str) -> None:
        """Create it together with its ledger, so that all agree on one."""
        ledger = new_ledger(self.client, self.model)
        try:
            self.client.create_registered_model(self.model, {PIPELINE_TAG: pipeline, LEDGER_TAG: ledger}, description)
        except MlflowException as error:
            self.client.delete_run(ledger)
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

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
                self._delete_if_there(str(double.version))
        return _version(first)

    def _delete_if_there(self, version: str) -> None:
        try:
            self.client.delete_model_version(self.model, version)
        except MlflowException as error:
            if not is_missing(error):  # the other try has deleted it
                raise

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
        """Delete a version whose DAG run trained again, unless it is, was or is to be in use.

        Raises:
            BadRequest: another alias than the candidate's points to it, or it is part of an alias history, if only by a
                move that was claimed and not made yet.
        """
        with mlflow_errors(f"delete version {version.version} of {self.model!r}"):
            model = self.client.get_registered_model(self.model)
            used = sorted(alias for alias, number in model.aliases.items() if str(number) == version.version)
            if set(used) - {but_for_alias} or self._moves.name(version.version):
                raise BadRequest(
                    f"this DAG run registered version {version.version} of {self.model!r} from other weights, and "
                    f"that version holds or held an alias (now: {', '.join(used) or 'none'}) or is to get one; a model "
                    "in use is never replaced. Trigger a new DAG run instead of training this one again"
                )
            self.client.delete_model_version(self.model, version.version)

    def download_weights(self, version: RegisteredVersion, folder: Path) -> Path:
        """Fetch a version's weights, under the name that a framework gives them. Raises as ``download_file`` does."""
        names = [framework.weights_file for framework in all_frameworks()]
        return self.download_file(version, [f"{PACKED_FILES}/{name}" for name in names], folder)

    def download_file(self, version: RegisteredVersion, paths: Sequence[str], folder: Path) -> Path:
        """Fetch one file of a version: the first of several in one folder that exists.

        Raises:
            MissingWeights: none of them is in the artifact store.
            TryAgain: the store does not answer.
        """
        uri, wanted = f"models:/{self.model}/{version.version}", " or ".join(paths)
        folder.mkdir(parents=True, exist_ok=True)
        with mlflow_errors(f"read {wanted} of {uri}"):
            try:
                listed = repeated(mlflow.artifacts.list_artifacts)("/".join([uri, *paths[0].split("/")[:-1]]))
            except MlflowException as error:
                if not is_missing(error):
                    raise
                listed = []
            found = next((item.path for path in paths for item in listed if item.path == path), None)
            if found is None:
                raise MissingWeights(
                    f"version {version.version} of {self.model!r} has no {wanted} in the artifact store"
                )
            return Path(repeated(mlflow.artifacts.download_artifacts)(f"{uri}/{found}", dst_path=str(folder)))

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
            set_alias(self.client, self.model, alias, version.version)
        return True

    def move_alias(
        self,
        alias: str,
        version: RegisteredVersion,
        expected: RegisteredVersion | None,
        mover: Mover,
        *,
        once: bool = False,
    ) -> bool:
        """Move an alias from the version expected to hold it, and write the move down.

        Returns False if another process moved it before or meanwhile, the alias is then that one's; with ``once`` also
        if the version had it before.
        """
        return self._moves.move(alias, version, expected, mover, once=once)

    def history(self, alias: str) -> tuple[AliasMove, ...]:
        """Return every move of an alias, oldest first; of a model that does not exist, none."""
        return self._moves.history(alias)

    def note_once(self, key: str, value: str) -> str:
        """Return what was noted first beside the history, which is this value if nothing was under its key."""
        return self._moves.note_once(key, value)

    def complete_history(self, alias: str, mover: Mover) -> None:
        """Make the move that a process claimed and did not live to make, and write down one that a person made."""
        self._moves.complete(alias, mover)


def _version(found: ModelVersion) -> RegisteredVersion:
    # The client gives the number as text or as int, by the kind of store.
    return RegisteredVersion(found.name, str(found.version), dict(found.tags), found.description or "")


def _number(version: RegisteredVersion | None) -> str | None:
    return version.version if version else None


def _order(version: RegisteredVersion) -> tuple[datetime, int]:
    return version.data_time or _OLDEST, int(version.version)
