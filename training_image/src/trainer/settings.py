"""Settings of the steps, read once from the environment and an optional ``.env``.

Each variable is explained in ``.env.example``.
"""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from step_contract.catalog import broken_rule
from step_contract.transport import describe_validation_error

from .errors import BadRequest


class Settings(BaseSettings):
    """The steps' settings; the variable's name is the field's in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    mlflow_tracking_uri: str = "http://127.0.0.1:5000"
    dataset_root: str = Field(default=".local/store", description="Where a dataset.uri without a scheme begins.")
    trainer_work_dir: Path = Field(default=Path(".local/work"), description="Scratch space; emptied after each step.")
    trainer_cache_dir: Path = Field(default=Path(".local/cache"), description="Content-addressed datasets.")
    trainer_cache_max_gb: float = Field(default=0, ge=0, description="Largest size of the cache; 0: no limit.")
    trainer_cache_keep_days: float = Field(default=90, ge=0, description="Unused copies go after this; 0: never.")
    trainer_checkpoint_keep_days: float = Field(
        default=30, ge=0, description="Checkpoints of a training that failed are swept after this."
    )
    trainer_workspace_keep_hours: float = Field(
        default=24, ge=0, description="Scratch folders of killed steps are swept after this."
    )
    trainer_archive_max_gb: float = Field(default=200, gt=0, description="Largest unpacked size of a zip or tar.")
    s3_endpoint_url: str = Field(default="", description="Address of an S3-compatible store; empty: Amazon's.")
    s3_region: str = Field(default="", description="Region of the buckets; empty: boto3's own settings.")
    s3_addressing: Literal["auto", "path", "virtual"] = Field(
        default="auto", description="Bucket in the path or in the host name; auto: in the path with an endpoint."
    )
    s3_threads: int = Field(default=16, ge=1, le=256, description="Objects that are fetched at once.")
    s3_attempts: int = Field(
        default=21, ge=1, le=50, description="How often a request without progress is tried; 21 times are two minutes."
    )
    s3_connect_timeout_seconds: float = Field(default=10, gt=0, description="How long to wait for a connection.")
    s3_read_timeout_seconds: float = Field(default=30, gt=0, description="How long to wait for the next bytes.")
    trainer_device: str = Field(default="", description="Device ('cpu', '0', '0,1'); empty chooses.")
    trainer_git_sha: str = Field(default="", description="Revision of the code, recorded with each run.")
    trainer_image: str = Field(default="", description="Name and tag of the image, recorded with each run.")
    trainer_image_id: str = Field(default="", description="That image's id; set by the docker runtime.")
    backend_callback_url: str = Field(default="", description="Where the web UI takes events; empty: none are sent.")
    backend_callback_secret: SecretStr = Field(default=SecretStr(""), description="Signs the events.")

    @model_validator(mode="after")
    def _events_are_signed(self) -> Self:
        # Neither value is shown: both may be secret.
        if not self.backend_callback_url:
            return self
        if not _is_web_address(self.backend_callback_url):
            raise broken_rule("BACKEND_CALLBACK_URL is no web address", "http://... or https://...")
        if not self.backend_callback_secret.get_secret_value():
            raise broken_rule("BACKEND_CALLBACK_URL without BACKEND_CALLBACK_SECRET", "both, or neither")
        return self


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def read_settings() -> Settings:
    """Read the settings.

    Raises:
        BadRequest: a variable has a value that it cannot have.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise BadRequest(f"settings: {describe_validation_error(error)}; see .env.example") from error
