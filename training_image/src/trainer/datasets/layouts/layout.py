"""Represent a source's layout: its classes and samples, before any image is read."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, Protocol

from trainer.errors import BadData
from trainer.storage import StoredObject, readable

IMAGE_SUFFIXES = frozenset({".avif", ".bmp", ".jp2", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"})
"""Suffixes of images that Pillow and the frameworks read."""

SPLIT_NAMES = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
"""Names of splits in sources, and the split that each means."""


class Reader(Protocol):
    """Access to the few files that describe a layout."""

    def derived(self, items: Sequence[StoredObject], name: str, make: Callable[[bytes], Any]) -> list[Any]:
        """Return ``make`` of each object's content, called once per content and name."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One image as its source names it; without an object if the source names an image that it does not have."""

    key: str
    image: StoredObject | None
    split: str | None
    """None: the image's content decides the split."""
    label: StoredObject | str | None = None
    """The file with the label, or the label's text, or None."""
    declared_size: tuple[int, int] | None = None
    """Width and height of the image for which the label was made, if the source gives them."""


@dataclass(frozen=True)
class Layout:
    """A source's classes and samples."""

    names: tuple[str, ...]
    samples: tuple[Sample, ...]
    kpt_shape: tuple[int, int] | None = None
    flip_idx: tuple[int, ...] = ()
    notes: Counter[str] = field(default_factory=Counter)
    """Counts of what was left out."""


class Listing:
    """One folder of a source; finds objects by name in composed and decomposed Unicode."""

    def __init__(self, uri: str, objects: Sequence[StoredObject]) -> None:
        """Take the listing of the folder at ``uri``."""
        self.place = readable(uri)
        self.objects = tuple(objects)

    @cached_property
    def images(self) -> tuple[StoredObject, ...]:
        """The objects with an image suffix."""
        return tuple(item for item in self.objects if suffix_of(item.key) in IMAGE_SUFFIXES)

    @cached_property
    def folders(self) -> frozenset[str]:
        """All folders in composed Unicode; the root is the empty name."""
        found = {""}
        for parent in {composed(item.key).rpartition("/")[0] for item in self.objects}:
            found.update(str(folder) for folder in (PurePosixPath(parent), *PurePosixPath(parent).parents))
        return frozenset(found - {"."})

    @cached_property
    def _by_name(self) -> dict[str, StoredObject]:
        return {composed(item.key): item for item in self.objects}

    def find(self, key: str) -> StoredObject | None:
        """Return the object of that name, if there is one."""
        return self._by_name.get(composed(key))

    def images_below(self, folder: str) -> list[StoredObject]:
        """Return the images in a folder and all folders below it."""
        prefix = f"{composed(folder)}/" if folder else ""
        return [item for item in self.images if composed(item.key).startswith(prefix)]


def suffix_of(key: str) -> str:
    """Return a name's suffix in lower case, with its dot."""
    head, dot, tail = key.rpartition(".")
    return f".{tail.lower()}" if dot and "/" not in tail and head else ""


def composed(name: str) -> str:
    """Return a name in composed Unicode: a Mac decomposes 한글 into single letters, label files and YAML do not."""
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _is_unicode(text: str) -> bool:
    """Return whether a text can be encoded: escapes in YAML and JSON may produce half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_names(names: Sequence[str], where: str) -> tuple[str, ...]:
    """Return the class names, composed.

    Raises:
        BadData: there are none, one is empty or not Unicode, or two are the same.
    """
    clean = tuple(composed(name.strip()) for name in names)
    if not clean or not all(clean):
        raise BadData(f"{where}: got class names {list(clean)}; expected at least one, and none empty")
    if broken := [name for name in clean if not _is_unicode(name)]:
        raise BadData(f"{where}: class name {broken[0]!r} is not Unicode text; correct it")
    if doubles := [name for name, count in Counter(clean).items() if count > 1]:
        raise BadData(f"{where}: class name {doubles[0]!r} is there twice; expected each class once")
    return clean


def text_of(item: StoredObject, listing: Listing, reader: Reader) -> str:
    """Return the text of a file that describes a layout.

    Raises:
        BadData: it is not UTF-8.
    """

    def decoded(content: bytes) -> str:
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            where = f"{listing.place}/{item.key}"
            raise BadData(
                f"{where} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8"
            ) from error

    (text,) = reader.derived([item], "text", decoded)
    return str(text)
