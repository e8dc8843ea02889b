"""Describe one version of a registered model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from step_contract.tags import DATA_END_TAG, RUN_KEY_TAG

PACKED_FILES = "artifacts"
"""Folder of a packed model that holds its weights."""


@dataclass(frozen=True)
class RegisteredVersion:
    """One version of the registered model."""

    model: str
    version: str
    tags: Mapping[str, str]
    description: str = ""

    @property
    def run_key(self) -> str | None:
        """Key of the DAG run that registered it, None if it was registered by other means."""
        return self.tags.get(RUN_KEY_TAG)

    @property
    def data_time(self) -> datetime | None:
        """End of the data interval that it was trained on; None if its tag is missing or not a time."""
        try:
            moment = datetime.fromisoformat(self.tags.get(DATA_END_TAG, ""))
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
