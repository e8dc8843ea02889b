"""Settings of the Airflow side that all runtimes share, and the reader of the environment.

The settings of one runtime are a record in its folder (``runtimes/<name>/settings.py``), read only where its steps run.
``.env.example`` explains each variable. Nothing is read from Airflow's database, because parsing must work without it.
"""

import os
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from include.step_contract.catalog import DEFAULT_EVENTS, NotifyEvent, RuntimeName, default_catalog

BUNDLE_ROOT = Path(__file__).resolve().parents[2]


class SettingsRecord(BaseModel):
    """A group of settings; each variable has the name of its field in capitals."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Settings(SettingsRecord):
    """Settings that every runtime shares."""

    training_runtime: RuntimeName = Field(
        default=RuntimeName.LOCAL, description="Where steps run: local, docker, kubernetes."
    )
    training_catalog: str = Field(
        default="",
        description="The catalog, a file or a folder, relative to the DAG bundle's root; empty: "
        "include/training_catalog.yaml or include/training_catalog/.",
    )
    trainer_image: str = Field(default="nightshift-trainer:0.1.0", description="The training image, with its tag.")
    nightshift_state: str = Field(
        default="", description="State folder of the stack that this process belongs to; set by the stack."
    )
    sweep_grace_minutes: float = Field(
        default=30, ge=0, description="Minutes of silence before the sweep acts on something."
    )

    notify_targets: str = Field(
        default="", description="Ids of the Airflow connections that are notified of runs, separated by commas."
    )
    notify_events: str = Field(
        default=",".join(DEFAULT_EVENTS),
        description="Events they are notified of: failed, promoted, refused, kept, late.",
    )
    mlflow_tracking_uri: str = Field(default="", description="MLflow as the steps reach it.")
    mlflow_ui_url: str = Field(default="", description="MLflow as people reach it; empty: MLFLOW_TRACKING_URI.")

    @field_validator("notify_events")
    @classmethod
    def _events_are_known(cls, value: str) -> str:
        for name in listed(value):
            if name not in list(NotifyEvent):
                raise ValueError(f"got {name!r}; expected some of {', '.join(NotifyEvent)}, separated by commas")
        return value

    @property
    def targets(self) -> tuple[str, ...]:
        """The connections that are notified of runs."""
        return listed(self.notify_targets)

    @property
    def events(self) -> tuple[NotifyEvent, ...]:
        """The events they are notified of."""
        return tuple(map(NotifyEvent, listed(self.notify_events)))

    @property
    def catalog_path(self) -> Path:
        """The absolute path of the catalog, a file or a folder.

        Raises:
            ValueError: TRAINING_CATALOG is empty, and both the default file and the default folder exist.
        """
        return BUNDLE_ROOT / self.training_catalog if self.training_catalog else default_catalog(BUNDLE_ROOT)


def listed(text: str) -> tuple[str, ...]:
    """Return the items of a comma-separated list."""
    return tuple(filter(None, (item.strip() for item in text.split(","))))


_Read = TypeVar("_Read", bound=SettingsRecord)


def settings() -> Settings:
    """Return the shared settings; raises as ``read_settings``."""
    found: Settings = read_settings(Settings)
    return found


@cache
def read_settings(kind: type[_Read]) -> _Read:
    """Read a group of settings from the environment, once in a process.

    Raises:
        ValueError: a variable has an invalid value.
    """
    try:
        return kind.model_validate(
            {name: os.environ[name.upper()] for name in kind.model_fields if name.upper() in os.environ}
        )
    except ValidationError as error:
        from include.step_contract.transport import describe_validation_error

        raise ValueError(f"settings: {describe_validation_error(error)}; see .env.example") from error
