"""Find the catalog of a checkout. Needs the standard library only."""

from pathlib import Path

DEFAULT_FILE = Path("include/training_catalog.yaml")
DEFAULT_FOLDER = Path("include/training_catalog")


def default_catalog(root: Path) -> Path:
    """Return the folder if there is one, otherwise the file, whether or not it exists.

    Raises:
        ValueError: there are both, and only one of them would be read.
    """
    file, folder = root / DEFAULT_FILE, root / DEFAULT_FOLDER
    if not folder.is_dir():
        return file
    if file.exists():
        raise ValueError(
            f"got two catalogs, {DEFAULT_FILE} and {DEFAULT_FOLDER}/; expected one of them; "
            "move the pipelines of one into the other, or set TRAINING_CATALOG to the one that counts"
        )
    return folder
