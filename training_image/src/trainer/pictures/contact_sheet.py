"""Draw a few samples with their labels, so that a person sees at a glance what a run was trained on."""

import os
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from step_contract.catalog import VisionTask
from trainer.datasets import Manifest, ManifestItem
from trainer.errors import TryAgain
from trainer.storage import Storage, cached_object

_COLUMNS = _ROWS = 4
_CELL = 240
_CAPTION = 18
_TEXT_SIZE = 13
_COLOURS = (
    "#e6194b",
    "#3cb44b",
    "#ffe119",
    "#4363d8",
    "#f58231",
    "#911eb4",
    "#46f0f0",
    "#f032e6",
    "#bcf60c",
    "#008080",
)
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts")
_WIDE_FONTS = ("NotoSansCJK", "NotoSansKR", "NanumGothic", "UnDotum", "malgun", "AppleSDGothicNeo", "unifont")

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_contact_sheet(manifest: Manifest, cache_folder: Path, storage: Storage) -> Path:
    """Return a JPEG with up to 16 samples, drawn once for each manifest digest.

    Raises:
        BadData: an image changed since it was validated.
        TryAgain: the store is unavailable, or the cache cannot be written.
    """
    path = cache_folder / "contact_sheets" / manifest.digest / "contact_sheet.jpg"
    if not path.exists():
        sheet = _drawn(manifest, cache_folder, storage)
        try:
            _save(sheet, path)
        except OSError as error:
            raise TryAgain(f"cannot write {path} (TRAINER_CACHE_DIR): {error}") from error
    return path


def _drawn(manifest: Manifest, cache_folder: Path, storage: Storage) -> Image.Image:
    # Sorted by content: an arbitrary choice of sixteen, but always the same. Images with objects come first.
    chosen = sorted(manifest.items, key=lambda item: (not item.label, item.content_hash))[: _COLUMNS * _ROWS]
    columns = min(_COLUMNS, len(chosen))
    rows = -(-len(chosen) // _COLUMNS)
    sheet = Image.new("RGB", (columns * _CELL, rows * (_CELL + _CAPTION)), "white")
    for position, item in enumerate(chosen):
        path = cached_object(cache_folder, storage, manifest.uri, item.stored, item.content_hash)
        left, top = position % _COLUMNS * _CELL, position // _COLUMNS * (_CELL + _CAPTION)
        sheet.paste(_cell(path, item, manifest), (left, top))
    return sheet


def _cell(path: Path, item: ManifestItem, manifest: Manifest) -> Image.Image:
    cell = Image.new("RGB", (_CELL, _CELL + _CAPTION), "white")
    with Image.open(path) as image:
        image.draft("RGB", (_CELL, _CELL))
        picture = ImageOps.contain(ImageOps.exif_transpose(image).convert("RGB"), (_CELL - 4, _CELL - 4))
    _draw_labels(picture, item, manifest)
    cell.paste(picture, ((_CELL - picture.width) // 2, (_CELL - picture.height) // 2))
    caption = f"{item.split}  {item.width}x{item.height}"
    if manifest.task is VisionTask.CLASSIFY:
        caption += f"  {_class_name(int(item.label), manifest.names)}"
    ImageDraw.Draw(cell).text((4, _CELL), caption, fill="black", font=_font())
    return cell


def _draw_labels(picture: Image.Image, item: ManifestItem, manifest: Manifest) -> None:
    if manifest.task is VisionTask.CLASSIFY:
        return
    draw = ImageDraw.Draw(picture)
    for line in item.label.splitlines():
        number, *values = (float(word) for word in line.split())
        corners = _corners(values, manifest.task)
        points = [(x * picture.width, y * picture.height) for x, y in corners]
        colour = _COLOURS[int(number) % len(_COLOURS)]
        draw.polygon(points, outline=colour, width=2)
        if manifest.kpt_shape:
            _draw_keypoints(draw, values[4:], manifest.kpt_shape, picture.size, colour)
        left, top = min(x for x, _ in points), max(min(y for _, y in points) - _TEXT_SIZE - 2, 0)
        draw.text((left, top), _class_name(int(number), manifest.names), fill=colour, font=_font())


def _corners(values: Sequence[float], task: VisionTask) -> list[tuple[float, float]]:
    if task in (VisionTask.SEGMENT, VisionTask.OBB):
        return list(zip(values[::2], values[1::2], strict=True))
    x, y, width, height = values[:4]
    left, top, right, bottom = x - width / 2, y - height / 2, x + width / 2, y + height / 2
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _draw_keypoints(
    draw: ImageDraw.ImageDraw, values: Sequence[float], shape: tuple[int, int], size: tuple[int, int], colour: str
) -> None:
    for start in range(0, shape[0] * shape[1], shape[1]):
        x, y, *visibility = values[start : start + shape[1]]
        if not visibility or visibility[0] > 0:
            draw.circle((x * size[0], y * size[1]), 3, fill=colour)


def _class_name(number: int, names: Sequence[str]) -> str:
    """Return a class's name, or its number if no font of this machine can draw the name."""
    name = names[number]
    return name if name.isascii() or _wide_font() else f"class {number}"


@cache
def _font() -> Font:
    path = _wide_font()
    return ImageFont.truetype(path, _TEXT_SIZE) if path else ImageFont.load_default(_TEXT_SIZE)


@cache
def _wide_font() -> str | None:
    """Return a font with Hangul and other wide scripts, None if this machine has none; Pillow's own has only Latin."""
    for folder in _FONT_FOLDERS:
        for parent, _, files in os.walk(folder):
            for name in sorted(files):
                if name.startswith(_WIDE_FONTS) and name.lower().endswith((".ttf", ".ttc", ".otf")):
                    return os.path.join(parent, name)
    return None


def _save(sheet: Image.Image, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".sheet-", suffix=".jpg")
    try:
        with os.fdopen(handle, "wb") as out:
            sheet.save(out, "JPEG", quality=85)
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
