"""Manage one registered model: one version per DAG run, aliases that move forward in data time, and their history.

MLflow creates a new version for every registration and lets every user move an alias anywhere without a trace. Each
operation here can be repeated with the same arguments. ``alias_moves`` moves aliases that have a history.
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

from step_contract.tags import LEDGER_TAG, PIPELINE_TAG, RUN_KEY_TAG
from trainer.errors import BadData, BadRequest, Bug
from trainer.frameworks import all_frameworks
from trainer.registry.version import PACKED_FILES, RegisteredVersion
from trainer.tracking import connect, is_missing, mlflow_errors, model_tags, repeated

from .alias_history import AliasMove
from .alias_ledger import new_ledger
from .alias_moves import AliasMoves, Mover, set_alias

_log = logging.getLogger(__name__)
_OLDEST = datetime.min.replace(tzinfo=UTC)
_PAGE = 1000
_PAGE = 1000


class MissingWeights(BadData):
    """A version is registered, but its weights are missing in the artifact store."""


def wall_clock() -> datetime:
    """Return the time to record for a move; no decision depends on it."""
    return datetime.now(UTC)


class ModelRegistry:
    """The versions, aliases and history of one registered model."""

    def __init__(self, client: MlflowClient, model: str, now: Callable[[], datetime] = wall_clock) -> None:
        """Use a registered model that may not exist yet."""
        self._client = client
        self.model = model
        self._moves = AliasMoves(client, model, self.champion, now)

    # -- versions -----------------------------------------------------------------------------------------------------

    def ensure_model(self, pipeline: str, description: str) -> None:
        """Create the registered model if it is missing.

        Raises:
            BadRequest: it belongs to another pipeline.
        """
        with mlflow_errors(f"open registered model {self.model!r}"):
            if not model_tags(self._client, self.model):
                self._create_model(pipeline, description)
            owner = model_tags(self._client, self.model).get(PIPELINE_TAG)
            if owner is None:
                self._client.set_registered_model_tag(self.model, PIPELINE_TAG, pipeline)
        if owner not in (None, pipeline):
            raise BadRequest(
                f"registered model {self.model!r} belongs to pipeline {owner!r}; expected {pipeline!r}. "
                f"Give registry.model another name in the catalog"
            )

    def _create_model(self, pipeline: str, description: str) -> None:
        """Create the model together with its ledger, so that all processes use the same ledger."""
        ledger = new_ledger(self._client, self.model)
        try:
            self._client.create_registered_model(self.model, {PIPELINE_TAG: pipeline, LEDGER_TAG: ledger}, description)
        except MlflowException as error:
            self._client.delete_run(ledger)
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def version_of(self, run_key: str) -> RegisteredVersion | None:
        """Return the version that a DAG run registered; if there are several, keep the oldest and delete the others."""
        with mlflow_errors(f"find versions of {self.model!r}"):
            found = self._client.search_model_versions(f"name = '{self.model}' and tags.{RUN_KEY_TAG} = '{run_key}'")
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
            self._client.delete_model_version(self.model, version)
        except MlflowException as error:
            if not is_missing(error):  # missing: the other attempt has deleted it
                raise

    def add_version(self, run_id: str, model_id: str, tags: Mapping[str, str], description: str) -> RegisteredVersion:
        """Register a logged model as the version of the DAG run in its tags; concurrent calls keep one version."""
        with mlflow_errors(f"register a version of {self.model!r}"):
            source = f"models:/{model_id}"
            created = self._client.create_model_version(
                self.model, source, run_id, dict(tags), description=description, model_id=model_id
            )
            link = json.dumps([{"name": self.model, "version": str(created.version)}])
            self._client.set_logged_model_tags(model_id, {"mlflow.modelVersions": link})
        version = self.version_of(tags[RUN_KEY_TAG])
        if version is None:
            raise Bug(f"MLflow does not find version {created.version} of {self.model!r} that it just created")
        return version

    def all_versions(self) -> list[RegisteredVersion]:
        """Return every version, in no order."""
        found: list[RegisteredVersion] = []
        token = None
        with mlflow_errors(f"list the versions of {self.model!r}"):
            while token is None or token:
                page = self._client.search_model_versions(f"name = '{self.model}'", _PAGE, page_token=token)
                found += map(_version, page)
                token = page.token or ""
        return found

    def tagged(self, tag: str, value: str) -> list[RegisteredVersion]:
        """Return the versions whose tag has a value."""
        with mlflow_errors(f"find versions of {self.model!r}"):
            found = self._client.search_model_versions(f"name = '{self.model}' and tags.{tag} = '{value}'")
        return [_version(version) for version in found]

    def tag_version(self, version: RegisteredVersion, tags: Mapping[str, str]) -> None:
        """Set tags of a version, in their order."""
        with mlflow_errors(f"tag version {version.version} of {self.model!r}"):
            for name, value in tags.items():
                self._client.set_model_version_tag(self.model, version.version, name, value)

    def model_names(self) -> list[str]:
        """Return the names of all registered models."""
        with mlflow_errors("list the registered models"):
            return sorted(model.name for model in self._client.search_registered_models(max_results=_PAGE))

    def discard(self, version: RegisteredVersion, but_for_alias: str) -> None:
        """Delete a version whose DAG run trained again, unless it is, was or will be in use.

        Raises:
            BadRequest: an alias other than the candidate's points to it, or it is part of an alias history, also
                through a move that was claimed and not made yet.
        """
        with mlflow_errors(f"delete version {version.version} of {self.model!r}"):
            model = self._client.get_registered_model(self.model)
            used = sorted(alias for alias, number in model.aliases.items() if str(number) == version.version)
            if set(used) - {but_for_alias} or self._moves.name(version.version):
                raise BadRequest(
                    f"this DAG run registered version {version.version} of {self.model!r} from other weights, and "
                    f"that version holds or held an alias (now: {', '.join(used) or 'none'}) or is to get one; a model "
                    "in use is never replaced. Trigger a new DAG run instead of training this one again"
                )
            self._client.delete_model_version(self.model, version.version)

    def download_weights(self, version: RegisteredVersion, folder: Path) -> Path:
        """Fetch a version's weights, under the name that a framework gives them. Raises as ``download_file`` does."""
        names = [framework.weights_file for framework in all_frameworks()]
        return self.download_file(version, [f"{PACKED_FILES}/{name}" for name in names], folder)

    def download_file(self, version: RegisteredVersion, paths: Sequence[str], folder: Path) -> Path:
        """Fetch one file of a version: the first of several in one folder that exists.

        Raises:
            MissingWeights: none of them is in the artifact store.
            TryAgain: the store is unavailable.
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
        """Return the version that holds an alias, with its tags, None if the alias is not set."""
        with mlflow_errors(f"read alias {alias!r} of {self.model!r}"):
            try:
                return _version(self._client.get_model_version_by_alias(self.model, alias))
            except MlflowException as error:
                if is_missing(error):
                    return None
                raise

    def set_alias_forward(self, alias: str, version: RegisteredVersion) -> bool:
        """Move an alias unless its holder has newer data (or equal data time and a higher version); keep no history."""
        current = self.champion(alias)
        if current is not None and _order(current) > _order(version):
            return False
        if current is None or current.version != version.version:
            set_alias(self._client, self.model, alias, version.version)
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
        """Move an alias from the version expected to hold it, and record the move.

        Returns False if another process moved it earlier or meanwhile, whose move then stands; with ``once`` also
        if the version ever had the alias.
        """
        return self._moves.move(alias, version, expected, mover, once=once)

    def history(self, alias: str) -> tuple[AliasMove, ...]:
        """Return every move of an alias, oldest first; none if the model does not exist."""
        return self._moves.history(alias)

    def note_once(self, key: str, value: str) -> str:
        """Return the value first recorded under a key beside the history, recording this one if there is none."""
        return self._moves.note_once(key, value)

    def complete_history(self, alias: str, mover: Mover) -> None:
        """Complete a move whose process died after claiming it, and record a move made by hand."""
        self._moves.complete(alias, mover)


def open_registry(tracking_uri: str, model: str) -> ModelRegistry:
    """Connect to the registry of a registered model that may not exist yet."""
    return ModelRegistry(connect(tracking_uri), model)


def _version(found: ModelVersion) -> RegisteredVersion:
    # The client returns the number as str or int, depending on the store.
    return RegisteredVersion(found.name, str(found.version), dict(found.tags), found.description or "")


def _number(version: RegisteredVersion | None) -> str | None:
    return version.version if version else None


def _order(version: RegisteredVersion) -> tuple[datetime, int]:
    return version.data_time or _OLDEST, int(version.version)
