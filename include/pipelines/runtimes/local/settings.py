"""Settings of the runtime local. Each variable is explained in ``.env.example``."""

from pydantic import Field

from include.pipelines.settings import BUNDLE_ROOT, SettingsRecord, read_settings


class LocalSettings(SettingsRecord):
    """The trainer that steps run."""

    trainer_command: str = Field(
        default="", description="The local runtime's trainer; empty looks in .venv/trainer, then PATH."
    )

    @property
    def trainer(self) -> str:
        """The trainer's executable."""
        own = BUNDLE_ROOT / ".venv/trainer/bin/trainer"
        return self.trainer_command or (str(own) if own.exists() else "trainer")


def local_settings() -> LocalSettings:
    """Return the settings; raises as ``read_settings``."""
    found: LocalSettings = read_settings(LocalSettings)
    return found
