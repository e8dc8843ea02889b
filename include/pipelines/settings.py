"""What a deployment sets for the Airflow side, read once from the environment.

Each variable is explained in ``.env.example``. Nothing is read from Airflow's database: parsing must work without it.
"""

from functools import cache
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from include.step_contract.catalog import RuntimeName
from include.step_contract.transport import describe_validation_error

BUNDLE_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """The Airflow side's settings; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    training_runtime: RuntimeName = Field(
        default=RuntimeName.LOCAL, description="Where steps run: local, docker, kubernetes."
    )
    training_catalog: Path = Field(
        default=Path("include/training_catalog.yaml"), description="The catalog; relative to the DAG bundle's root."
    )
    trainer_command: str = Field(
        default="", description="The local runtime's trainer; empty looks in .venv/trainer, then PATH."
    )

    @property
    def catalog_path(self) -> Path:
        """The catalog's absolute path."""
        return BUNDLE_ROOT / self.training_catalog

    @property
    def local_trainer(self) -> str:
        """The trainer executable of the local runtime."""
        own = BUNDLE_ROOT / ".venv/trainer/bin/trainer"
        return self.trainer_command or (str(own) if own.exists() else "trainer")


@cache
def settings() -> Settings:
    """Return the settings, read once a process.

    Raises:
        ValueError: a variable has a value that it cannot have.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ValueError(f"settings: {describe_validation_error(error)}; see .env.example") from error
