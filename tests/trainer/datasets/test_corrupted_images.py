"""Tests of a pool of eight good images and one odd image or label: refused by name, or accepted if it is valid."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from step_contract.failure import FailureKind
from tests.trainer.command_outcomes import Preprocess, check_accepted, check_refused, store_of
from tests.trainer.dataset_files import BOX, image_bytes, write, write_yolo_pool

pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

JPEG, PNG = (image_bytes(99, width=200, height=100, format=kind) for kind in ("JPEG", "PNG"))


def saved(mode: str = "RGB", size: tuple[int, int] = (32, 24), kind: str = "PNG", **options: Any) -> bytes:
    """Return a plain image in another mode."""
    out = io.BytesIO()
    Image.new(mode, size, 77).save(out, kind, **options)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width: int, height: int, *chunks: bytes) -> bytes:
    """Return a PNG that declares a size and has no pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"".join((b"\x89PNG\r\n\x1a\n", header, *chunks, chunk(b"IDAT", zlib.compress(b"")), chunk(b"IEND", b"")))


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.jpg", JPEG)
    return out.getvalue()


def animated(kind: str) -> bytes:
    frames = [Image.new("RGB", (32, 24), (shade, 0, 0)) for shade in (10, 90, 200)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 8
    return image_bytes(99, exif=exif)


BAD_IMAGES = {
    "no bytes": (b"", "is not an image of a known format"),
    "JPEG of a few bytes": (JPEG[:11], "Truncated File Read"),
    "JPEG cut in its tables": (JPEG[:300], ""),
    "JPEG cut in its pixels": (JPEG[: len(JPEG) // 2], "truncated"),
    "JPEG cut near its end": (JPEG[:-200], "truncated"),
    "PNG cut in its header": (PNG[:20], ""),
    "PNG cut in its pixels": (PNG[: len(PNG) // 2], ""),
    "PNG without its end": (PNG[:-12], ""),
    "PNG with a flipped bit": (flipped(PNG, len(PNG) // 2), ""),
    "PNG with another checksum": (flipped(PNG, -15), ""),
    "PNG without pixels": (png_of(32, 24), ""),
    "PNG with a text that unpacks to a lot": (
        png_of(32, 24, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000)))),
        "",
    ),
    "bomb of 60,000 by 60,000 pixels": (png_of(60_000, 60_000), "is too large to decode"),
    "bomb of one long row": (png_of(2**31 - 1, 10), "is too large to decode"),
    "one pixel": (saved(size=(1, 1)), "is 1x1 pixels; expected at least 10x10"),
    "no pixel": (png_of(0, 0), ""),
    "GIF under another name": (image_bytes(99, format="GIF"), "is GIF; expected one of AVIF, BMP"),
    "PostScript": (image_bytes(99, format="EPS"), "is EPS; expected one of AVIF, BMP"),
    "web page": (b"<!doctype html><title>404</title>", "is not an image of a known format"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is not an image of a known format"),
    "zip": (zipped(), "is not an image of a known format"),
    "pointer of a file in a large file store": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "is not an image",
    ),
    "TIFF cut in half": (saved(kind="TIFF")[:1000], ""),
    "TIFF that leads out of the file": (b"II*\0" + struct.pack("<I", 2**32 - 1) + bytes(99), ""),
    "TIFF that leads out of any file": (
        b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63 - 1) + bytes(99),
        "Invalid argument",
    ),
    "WebP cut in half": (image_bytes(99, width=200, height=100, format="WEBP")[:999], ""),
}

ODD_IMAGES = {
    "PNG under the name of a JPEG": PNG,
    "CMYK": saved("CMYK", kind="JPEG"),
    "16 bits": saved("I;16"),
    "one bit": saved("1"),
    "palette with transparency": saved("P", transparency=0),
    "animated PNG": animated("PNG"),
    "animated WebP": animated("WEBP"),
    "turned by EXIF": turned(),
    "EXIF that is invalid": image_bytes(99, exif=b"Exif\0\0" + b"\xff" * 200),
    "a long row": saved(size=(20_000, 10)),
    "PNG with a comment": saved(pnginfo=PngImagePlugin.PngInfo()),
}


def write_with_bad_image(folder: Path, content: bytes) -> None:
    write(write_yolo_pool(store_of(folder), images=8), {"images/bad.jpg": content, "labels/bad.txt": BOX})


@pytest.mark.parametrize(("content", "problem"), BAD_IMAGES.values(), ids=BAD_IMAGES.keys())
def test_a_bad_image_is_bad_data_by_its_name(
    content: bytes, problem: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    write_with_bad_image(tmp_path, content)
    expected = ("1 of 9 images (11.1%) cannot be read", "(maximum_unreadable_share)", "images/bad.jpg: ", problem)
    check_refused(preprocess(), FailureKind.BAD_DATA, *expected)


@pytest.mark.parametrize("content", ODD_IMAGES.values(), ids=ODD_IMAGES.keys())
def test_an_unusual_image_is_accepted(content: bytes, preprocess: Preprocess, tmp_path: Path) -> None:
    write_with_bad_image(tmp_path, content)
    check_accepted(preprocess(), images=9)


BAD_LABELS: dict[str, tuple[bytes | str, str]] = {
    "NaN": ("0 nan 0.5 0.1 0.1", "NaN or infinity"),
    "infinity": ("0 0.5 0.5 inf 0.1", "NaN or infinity"),
    "more than a float holds": ("0 1e999 0.5 0.1 0.1", "NaN or infinity"),
    "hexadecimal": ("0x0 0.5 0.5 0.1 0.1", "not a number"),
    "decimal commas": ("0 0,5 0,5 0,1 0,1", "not a number"),
    "commas between columns": ("0,0.5,0.5,0.1,0.1", "not a number"),
    "the class by its name": ("cat 0.5 0.5 0.1 0.1", "not a number"),
    "JSON": ('{"class": 0}', "not a number"),
    "XML": ("<annotation>", "not a number"),
    "pixels": ("0 16 12 8 6", "coordinates outside of 0 to 1"),
    "a huge class": ("99999999999999999999999999 0.5 0.5 0.1 0.1", "class id is not one of 0 to 1"),
    "a negative class": ("-1 0.5 0.5 0.1 0.1", "class id is not one of 0 to 1"),
    "half a class": ("0.5 0.5 0.5 0.1 0.1", "class id is not a whole number"),
    "a column too few": ("0 0.5 0.5 0.1", "detect needs 5 columns"),
    "outlines for boxes": ("0 0.1 0.1 0.2 0.1 0.2 0.2", "detect needs 5 columns"),
    "a box of no width": ("0 0.5 0.5 0 0.1", "zero area"),
    "zero bytes": (b"0 0.5 0.5 0.1 0.1\0\0\0", "not a number"),
    "bytes of an image": (PNG, "label is not UTF-8 text"),
    "UTF-16": (BOX.encode("utf-16"), "label is not UTF-8 text"),
    "Korean in another encoding": ("고양이 0.5 0.5 0.1 0.1".encode("cp949"), "label is not UTF-8 text"),
    "a number of a megabyte": ("0 " + "1" * 1_000_000 + " 0.5 0.1 0.1", "NaN or infinity"),
    "a line of a megabyte": ("0 " + "0.5 " * 250_000, "detect needs 5 columns"),
    "only the last of many lines": (BOX * 10_000 + "0 0.5", "line 10001: 0 0.5"),
}

ODD_LABELS: dict[str, bytes | str] = {
    "byte order mark and lines as Windows ends them": "\ufeff0 0.5 0.5 0.1 0.1\r\n\r\n",
    "tabs and form feeds": "0\t0.5  0.5 0.1 0.1\f",
    "numbers with exponents": "0 5e-1 .5 1E-1 0.1",
    "digits of full width": "0 ０.５ 0.5 0.1 0.1",
    "a fraction of a megabyte": "0 0." + "5" * 1_000_000 + " 0.5 0.1 0.1",
    "the same box twice": BOX * 2,
}


def write_with_bad_label(folder: Path, content: bytes | str) -> None:
    files: dict[str, bytes | str] = {"images/bad.jpg": JPEG, "labels/bad.txt": content}
    write(write_yolo_pool(store_of(folder), images=8), files)


@pytest.mark.parametrize(("content", "problem"), BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_a_bad_label_is_bad_data_by_its_image(
    content: bytes | str, problem: str, preprocess: Preprocess, tmp_path: Path
) -> None:
    write_with_bad_label(tmp_path, content)
    expected = ("1 of 9 images (11.1%) have a bad label", "(maximum_bad_label_share)", "images/bad.jpg: ", problem)
    check_refused(preprocess(), FailureKind.BAD_DATA, *expected)


@pytest.mark.parametrize("content", ODD_LABELS.values(), ids=ODD_LABELS.keys())
def test_an_unusual_label_is_accepted(content: bytes | str, preprocess: Preprocess, tmp_path: Path) -> None:
    write_with_bad_label(tmp_path, content)
    check_accepted(preprocess(), images=9)


def test_a_bad_file_below_the_limits_is_left_out(preprocess: Preprocess, tmp_path: Path) -> None:
    write_with_bad_image(tmp_path, b"")
    limits = {
        "minimum_train_images": 1,
        "minimum_val_images": 1,
        "minimum_class_instances": 0,
        "maximum_unreadable_share": 0.2,
    }
    check_accepted(preprocess(limits=limits), images=8)
