"""Draw pictures side by side with the true labels and the findings of candidate and champion, using only Pillow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from step_contract.catalog import VisionTask
from trainer.frameworks import Finding

_PANEL = 320
"""Side in pixels of the square for each picture."""
_HEADER = 22
_GAP = 6
_BACKGROUND, _TEXT = (24, 26, 30), (235, 235, 235)
_COLOURS = ((66, 135, 245), (245, 166, 35), (80, 200, 120), (230, 80, 90), (170, 110, 240), (60, 200, 210))

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Row:
    """One picture with the findings of each column."""

    picture: Path
    columns: Sequence[Sequence[Finding]]


def truth(label: str, names: Sequence[str], task: VisionTask, width: int, height: int) -> list[Finding]:
    """Read an image's label text as findings; polygons and oriented boxes become the box around them."""
    if task is VisionTask.CLASSIFY:
        return [Finding(names[int(label)])]
    found = []
    for line in label.splitlines():
        index, *numbers = line.split()
        box = _around([float(number) for number in numbers], task)
        left, top, right, bottom = (value * side for value, side in zip(box, (width, height) * 2, strict=True))
        found.append(Finding(names[int(float(index))], box=(left, top, right, bottom)))
    return found


def draw(titles: Sequence[str], rows: Sequence[Row], target: Path, font_file: Path | None = None) -> Path:
    """Draw one line of panels for each row below the columns' titles and save it as JPEG."""
    font = open_font(font_file)
    width = len(titles) * (_PANEL + _GAP) - _GAP
    sheet = Image.new("RGB", (width, _HEADER + len(rows) * (_PANEL + _GAP)), _BACKGROUND)
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        pen.text((column * (_PANEL + _GAP) + 4, 4), title, _TEXT, font)
    colours = _colours_of(rows)
    for line, row in enumerate(rows):
        with Image.open(row.picture) as opened:
            picture = opened.convert("RGB")
        for column, findings in enumerate(row.columns):
            corner = (column * (_PANEL + _GAP), _HEADER + line * (_PANEL + _GAP))
            sheet.paste(_panel(picture, findings, font, colours), corner)
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target, quality=88)
    return target


def _around(numbers: list[float], task: VisionTask) -> tuple[float, float, float, float]:
    if task is VisionTask.OBB or (task is VisionTask.SEGMENT and len(numbers) > 4):
        across, down = numbers[0::2], numbers[1::2]
        return min(across), min(down), max(across), max(down)
    x, y, width, height = numbers[:4]
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _panel(picture: Image.Image, findings: Sequence[Finding], font: Font, colours: dict[str, int]) -> Image.Image:
    scale = _PANEL / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    panel = Image.new("RGB", (_PANEL, _PANEL), _BACKGROUND)
    panel.paste(picture.resize(size), (0, 0))
    pen = ImageDraw.Draw(panel)
    for finding in findings:
        colour = _COLOURS[colours[finding.label] % len(_COLOURS)]
        text = finding.label if finding.score is None else f"{finding.label} {finding.score:.2f}"
        left, top, right, bottom = (value * scale for value in finding.box or (0, 0, 0, 0))
        if finding.box is not None:
            pen.rectangle((left, top, max(left, right), max(top, bottom)), outline=colour, width=2)
        written = pen.textbbox((left + 2, max(0.0, top - 12)), text, font=font)
        pen.rectangle(written, fill=_BACKGROUND)
        pen.text((left + 2, max(0.0, top - 12)), text, colour, font)
    return panel


def _colours_of(rows: Sequence[Row]) -> dict[str, int]:
    labels = {finding.label for row in rows for findings in row.columns for finding in findings}
    return {label: index for index, label in enumerate(sorted(labels))}


def open_font(file: Path | None) -> Font:
    """Return the font of a file, or Pillow's own, which has only Latin letters."""
    if file is not None and file.is_file():
        return ImageFont.truetype(str(file), 11)
    return ImageFont.load_default(11)
