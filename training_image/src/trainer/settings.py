"""What a deployment sets for the steps, read once from the environment and an optional ``.env``.

Each variable is explained in ``.env.example``.
"""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from step_contract.transport import describe_validation_error

from .errors import BadRequest


class Settings(BaseSettings):
    """The steps' settings; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    mlflow_tracking_uri: str = "http://127.0.0.1:5000"
    dataset_root: str = Field(default=".local/store", description="Where a dataset.uri without a scheme begins.")
    trainer_work_dir: Path = Field(default=Path(".local/work"), description="Scratch space; emptied after each step.")
    trainer_cache_dir: Path = Field(default=Path(".local/cache"), description="Content-addressed datasets.")
    trainer_device: str = Field(default="", description="ultralytics device ('cpu', '0', '0,1'); empty chooses.")
    trainer_git_sha: str = Field(default="", description="Revision of the code, recorded with each run.")
    trainer_image: str = Field(default="", description="Name and tag of the image, recorded with each run.")


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        BadRequest: a variable has a value that it cannot have.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise BadRequest(f"settings: {describe_validation_error(error)}; see .env.example") from error
