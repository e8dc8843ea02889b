"""Settings of the Airflow side: the path of the catalog."""

from pathlib import Path

import pytest

from include.pipelines import settings as settings_module
from include.pipelines.settings import Settings


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty root of a DAG bundle."""
    monkeypatch.setattr(settings_module, "BUNDLE_ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("written", ["elsewhere/catalog.yaml", "include/training_catalog", "/mnt/catalog"])
def test_the_catalog_is_the_path_of_the_setting(written: str, root: Path) -> None:
    (root / "include/training_catalog").mkdir(parents=True)
    (root / "include/training_catalog.yaml").touch()
    assert Settings(training_catalog=written).catalog_path == root / written


def test_without_a_setting_the_catalog_is_the_file_or_the_folder_and_never_both(root: Path) -> None:
    assert Settings().catalog_path == root / "include/training_catalog.yaml"
    (root / "include/training_catalog").mkdir(parents=True)
    assert Settings().catalog_path == root / "include/training_catalog"
    (root / "include/training_catalog.yaml").touch()
    with pytest.raises(ValueError, match="got two catalogs"):
        _ = Settings().catalog_path
