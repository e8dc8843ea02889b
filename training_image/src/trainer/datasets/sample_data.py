"""Generate a detection dataset of real handwriting, for the demo and the tests.

The UCI handwritten digits that scikit-learn ships (1,797 of them, 8x8 pixels) are drawn at three times their size on
black canvases, several on each without overlap, so that the boxes are known exactly. Each digit is a class. The same
arguments give the same pictures. Needs no network.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.datasets import load_digits

_SCALE = 3
_TILE = 8 * _SCALE
_MIN_DIGITS, _MAX_DIGITS = 3, 6
_PLACING_ATTEMPTS = 200

Pixels = npt.NDArray[np.uint8]


def write_digits(folder: Path, *, pictures: int, seed: int, side: int = 96) -> None:
    """Write a YOLO pool (data.yaml, images/, labels/) that appears complete or not at all.

    Raises:
        FileExistsError: ``folder`` exists already.
        ValueError: no pictures, or a side too short for the digits.
    """
    if pictures < 1 or side < 4 * _TILE:
        raise ValueError(f"got {pictures} pictures of {side} pixels; expected at least 1 of at least {4 * _TILE}")
    if folder.exists():
        raise FileExistsError(f"{folder} exists; expected a new folder for the sample data")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Hidden, so that no listing contains an incomplete dataset.
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        _write_pool(draft, pictures, seed, side)
        draft.chmod(0o755)
        _publish(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_days(root: Path, days: Sequence[date], pictures: int) -> list[Path]:
    """Write a folder ``YYYY-MM-DD`` for each day, with different pictures each; existing folders stay unchanged."""
    folders = [root / day.isoformat() for day in days]
    for day, folder in zip(days, folders, strict=True):
        if not folder.exists():
            # Another process may write the same day at the same time; both write the same pictures.
            with suppress(FileExistsError):
                write_digits(folder, pictures=pictures, seed=day.toordinal())
    return folders


def _publish(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError as error:
        if folder.exists():
            raise FileExistsError(f"{folder} was written by another process meanwhile") from error
        raise


def _write_pool(folder: Path, pictures: int, seed: int, side: int) -> None:
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    names = "\n".join(f"  {digit}: '{digit}'" for digit in range(10))
    (folder / "data.yaml").write_text(f"names:\n{names}\n", encoding="utf-8")
    rng = np.random.default_rng(seed)
    deck = _deck(rng)
    for number in range(pictures):
        canvas, lines = _compose(deck, rng, side)
        Image.fromarray(canvas).save(folder / "images" / f"{number:05d}.png")
        (folder / "labels" / f"{number:05d}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _compose(deck: Iterator[tuple[int, Pixels]], rng: np.random.Generator, side: int) -> tuple[Pixels, list[str]]:
    """Return a canvas and one YOLO line per digit."""
    canvas = np.zeros((side, side), np.uint8)
    places = _places(rng, side, int(rng.integers(_MIN_DIGITS, _MAX_DIGITS + 1)))
    lines = []
    for (left, top), (digit, tile) in zip(places, deck, strict=False):
        canvas[top : top + _TILE, left : left + _TILE] = tile
        lines.append(f"{digit} {_yolo_box(left, top, side)}")
    return canvas, lines


def _places(rng: np.random.Generator, side: int, count: int) -> list[tuple[int, int]]:
    """Return the top left corners of tiles that do not overlap; fewer than ``count`` if no more fit."""
    places: list[tuple[int, int]] = []
    for _ in range(_PLACING_ATTEMPTS):
        left, top = (int(value) for value in rng.integers(0, side - _TILE + 1, 2))
        if all(abs(left - x) >= _TILE or abs(top - y) >= _TILE for x, y in places):
            places.append((left, top))
        if len(places) == count:
            break
    return places


def _yolo_box(left: int, top: int, side: int) -> str:
    """Return the digit's box as fractions of the canvas."""
    numbers = (left + _TILE / 2, top + _TILE / 2, _TILE, _TILE)
    return " ".join(f"{number / side:.6f}" for number in numbers)


def _deck(rng: np.random.Generator) -> Iterator[tuple[int, Pixels]]:
    """Yield the classes in turn, and no digit twice before all were used."""
    tiles, digits = _tiles()
    while True:
        piles = [rng.permutation(np.flatnonzero(digits == digit)) for digit in range(10)]
        for hand in zip(*piles, strict=False):
            for index in rng.permutation(np.array(hand)):
                yield int(digits[index]), tiles[index]


@cache
def _tiles() -> tuple[Pixels, npt.NDArray[np.int_]]:
    bunch = load_digits()
    grey = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    return grey.repeat(_SCALE, axis=1).repeat(_SCALE, axis=2), bunch.target
