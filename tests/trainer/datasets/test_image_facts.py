"""Tests of decoding images before a training occupies a GPU: an unusable image has a reason."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from tests.trainer.dataset_files import image_bytes, write
from trainer.datasets.image_facts import ImageFacts, inspect_images
from trainer.errors import OutOfMemory, TryAgain


def facts_of(folder: Path, content: bytes, name: str = "a.jpg") -> ImageFacts:
    return inspect_images([write(folder, {name: content}) / name])[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_a_good_image_has_its_size_and_no_problem(tmp_path: Path, kind: str) -> None:
    assert facts_of(tmp_path, image_bytes(1, format=kind)) == ImageFacts(32, 24, None)


def test_the_size_is_the_displayed_size_when_exif_rotates_the_image(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert facts_of(tmp_path, image_bytes(1, exif=exif)) == ImageFacts(24, 32, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_a_truncated_image_is_found_although_its_header_is_whole(tmp_path: Path, kind: str) -> None:
    content = image_bytes(1, width=200, height=200, format=kind)
    assert facts_of(tmp_path, content[: len(content) // 2]).problem


@pytest.mark.parametrize("place", [-14, -100])
def test_a_png_with_a_flipped_bit_is_found_be_it_in_a_checksum_or_in_the_pixels(tmp_path: Path, place: int) -> None:
    content = bytearray(image_bytes(1, format="PNG"))
    content[place] ^= 1
    assert facts_of(tmp_path, bytes(content)).problem


def test_a_decompression_bomb_is_refused_without_being_decoded(tmp_path: Path) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    assert "is too large to decode" in str(facts_of(tmp_path, bomb).problem)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is not an image of a known format"),
        (b"<html>404</html>", "is not an image of a known format"),
        (image_bytes(1, format="GIF"), "is GIF; expected one of AVIF, BMP, JPEG"),
        (image_bytes(1, width=9), "is 9x24 pixels; expected at least 10x10"),
    ],
)
def test_an_unusable_image_has_a_reason(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problem in str(facts_of(tmp_path, content).problem)


def test_a_copy_that_cannot_be_read_says_nothing_about_the_image(tmp_path: Path) -> None:
    with pytest.raises(TryAgain, match=r"cannot read the cached copy .*gone\.jpg"):
        inspect_images([tmp_path / "gone.jpg"])


def test_too_little_memory_says_nothing_about_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(OutOfMemory, match=r"not enough memory to decode .*a\.jpg; give preprocess more"):
        facts_of(tmp_path, image_bytes(1))


def test_a_large_image_is_decoded(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.new("L", (4100, 4000)).save(content, "PNG")
    assert facts_of(tmp_path, content.getvalue()) == ImageFacts(4100, 4000, None)
