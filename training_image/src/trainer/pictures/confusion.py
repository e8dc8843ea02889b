"""Draw a confusion matrix: true classes across, predicted classes down, each column adding up to one.

Drawn with Pillow, a second faster than with a plotting library, and with class names in any script of the font.
"""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from .side_by_side import Font, open_font

_CELL = 34
_SMALL_CELL = 12
_MAX_NAMED = 60
"""With more classes, the cells have neither names nor numbers."""
_LABEL = 120
_HEADER = 24
_LOW, _HIGH = (246, 248, 252), (16, 66, 140)
_INK, _LIGHT_INK = (30, 30, 30), (250, 250, 250)
_BACKGROUND = "background"
_LONGEST_NAME = 14


def draw_confusion(
    title: str, matrix: Sequence[Sequence[float]], names: Sequence[str], target: Path, font_file: Path | None = None
) -> Path:
    """Draw counts, one row for each predicted and one column for each true class, and save them as PNG.

    If the matrix has one more row and column than there are names, the last is the background.
    """
    labels = [*names, _BACKGROUND][: len(matrix)]
    named = len(labels) <= _MAX_NAMED
    cell, margin = (_CELL, _LABEL) if named else (_SMALL_CELL, 20)
    side = cell * len(labels)
    sheet = Image.new("RGB", (margin + side + 8, _HEADER + margin + side + 8), "white")
    pen, font = ImageDraw.Draw(sheet), open_font(font_file)
    pen.text((8, 6), f"{title}: predicted (rows) of each true class (columns)", _INK, font)
    corner = (margin, _HEADER + margin)
    if named:
        _write_labels(sheet, labels, corner, cell, font)
    totals = [sum(row[column] for row in matrix) for column in range(len(labels))]
    for line, row in enumerate(matrix):
        for column, count in enumerate(row):
            share = count / totals[column] if totals[column] else 0.0
            left, top = corner[0] + column * cell, corner[1] + line * cell
            pen.rectangle((left, top, left + cell - 2, top + cell - 2), fill=_shade(share))
            if named and share >= 0.005:
                ink = _LIGHT_INK if share > 0.5 else _INK
                pen.text((left + cell / 2, top + cell / 2), f"{share:.2f}", ink, font, anchor="mm")
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target)
    return target


def _write_labels(sheet: Image.Image, labels: Sequence[str], corner: tuple[int, int], cell: int, font: Font) -> None:
    for index, label in enumerate(labels):
        text = label if len(label) <= _LONGEST_NAME else label[: _LONGEST_NAME - 1] + "…"
        row = Image.new("RGB", (_LABEL - 6, cell), "white")
        ImageDraw.Draw(row).text((_LABEL - 8, cell / 2), text, _INK, font, anchor="rm")
        sheet.paste(row, (corner[0] - _LABEL, corner[1] + index * cell))
        sheet.paste(row.rotate(-90, expand=True), (corner[0] + index * cell, corner[1] - _LABEL))


def _shade(share: float) -> tuple[int, int, int]:
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(_LOW, _HIGH, strict=True))
    return red, green, blue
