"""Find an image's size and defects by decoding all of it.

The header alone does not reveal a truncated or damaged file. Imports nothing heavier than Pillow.
"""

import errno
import threading
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image, UnidentifiedImageError

from trainer.errors import OutOfMemory, TryAgain
from trainer.storage import map_in_threads

_FORMATS = {"AVIF", "BMP", "JPEG", "JPEG2000", "MPO", "PNG", "TIFF", "WEBP"}
_SMALLEST_SIDE = 10
"""Training leaves out smaller images."""
_MAX_PIXELS = 178_956_970
"""Pillow's own limit, above which it suspects a decompression bomb: half a gigabyte decoded."""
_LARGE_PIXELS = 16_000_000

_one_large_image = threading.Lock()


class ImageFacts(NamedTuple):
    """Size in pixels as displayed (EXIF rotation applied), or the reason why the image cannot be used."""

    width: int
    height: int
    problem: str | None = None


def inspect_images(paths: Sequence[Path]) -> list[ImageFacts]:
    """Decode images, several at once, and return the facts of each, also of those that cannot be used.

    Raises:
        OutOfMemory: an image of a permitted size does not fit into memory.
        TryAgain: a file cannot be read for a reason that has nothing to do with the image.
    """
    with warnings.catch_warnings():
        # Pillow warns of odd EXIF data and large sizes. Filters apply to the process, so set them outside the threads.
        warnings.simplefilter("ignore")
        return map_in_threads(_inspect, paths)


def _inspect(path: Path) -> ImageFacts:
    try:
        return _decode(path)
    except MemoryError as error:
        raise OutOfMemory(f"not enough memory to decode {path}; give preprocess more (resources.preprocess)") from error
    except Image.DecompressionBombError as error:
        return ImageFacts(0, 0, f"is too large to decode: {error}")
    # ImportError where a framework is loaded that makes Image.open ask for a plug-in.
    except (UnidentifiedImageError, ImportError):
        return ImageFacts(0, 0, "is not an image of a known format")
    except Exception as error:  # Pillow's decoders raise all sorts of errors on damaged files
        # EINVAL: the file's own offsets are impossible.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise TryAgain(f"cannot read the cached copy {path}: {error}") from error
        return ImageFacts(0, 0, str(error)[:120] or type(error).__name__)


def _decode(path: Path) -> ImageFacts:
    with Image.open(path) as image:
        width, height = image.size
        if problem := _refusal(image):
            return ImageFacts(width, height, problem)
        if image.format == "PNG":
            image.verify()  # verifies checksums, which load() ignores; the image is unusable afterwards
    with Image.open(path) as image, _one_large_image if width * height > _LARGE_PIXELS else nullcontext():
        image.load()
        turned = image.getexif().get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
    return ImageFacts(height, width) if turned else ImageFacts(width, height)


def _refusal(image: Image.Image) -> str | None:
    width, height = image.size
    if image.format not in _FORMATS:
        return f"is {image.format}; expected one of {', '.join(sorted(_FORMATS))}"
    if min(width, height) < _SMALLEST_SIDE:
        return f"is {width}x{height} pixels; expected at least {_SMALLEST_SIDE}x{_SMALLEST_SIDE}"
    if width * height > _MAX_PIXELS:
        return f"is {width}x{height} pixels; expected at most {_MAX_PIXELS:,} in all"
    return None
