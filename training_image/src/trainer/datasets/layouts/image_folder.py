"""Read the ImageFolder layout of classification: train/<class>/image, or one pool <class>/image."""

from collections import Counter
from collections.abc import Iterator

from trainer.errors import BadData
from trainer.storage import StoredObject

from .layout import SPLIT_NAMES, Layout, Listing, Sample, check_names, composed

_OUTSIDE = "images outside a class folder"


def read_image_folder(listing: Listing, *, is_pooled: bool) -> Layout:
    """Return the classes and samples of a folder of class folders; pooled, the images of all its splits together.

    Classes are numbered in the order of their names, as is usual for class folders.

    Raises:
        BadData: there are no class folders, or there are no splits and ``is_pooled`` is false.
    """
    notes: Counter[str] = Counter()
    found = list(_labelled(listing, notes))
    splits = {split for split, _, _ in found}
    if not is_pooled and not {"train", "val"} <= splits:
        raise BadData(
            f"{listing.place}: expected folders train/<class> and val/<class>, found {_top_folders(listing)}; "
            "give dataset.split in the catalog to split one pool"
        )
    if not found:
        raise BadData(f"{listing.place}: no image in a class folder; expected <class>/image or train/<class>/image")
    names = check_names(sorted({name for _, name, _ in found}), listing.place)
    number = {name: str(position) for position, name in enumerate(names)}
    samples = tuple(
        Sample(image.key, image, None if is_pooled else split, number[name]) for split, name, image in found
    )
    return Layout(names=names, samples=samples, notes=notes)


def _labelled(listing: Listing, notes: Counter[str]) -> Iterator[tuple[str | None, str, StoredObject]]:
    """Yield split, class and image."""
    wrapper = _wrapper(listing)
    has_splits = f"{wrapper}train" in listing.folders
    for image in listing.images:
        parts = composed(image.key)[len(wrapper) :].split("/")
        split = SPLIT_NAMES.get(parts[0]) if has_splits else None
        if has_splits:
            parts = parts[1:]
        if len(parts) < 2 or (has_splits and split is None):
            notes[_OUTSIDE] += 1
        else:
            yield split, parts[0], image


def _wrapper(listing: Listing) -> str:
    """Return the single folder that contains all others, as in an unpacked archive; empty if there is none."""
    tops = {folder for folder in listing.folders if folder and "/" not in folder}
    if len(tops) == 1 and "train" not in tops and f"{min(tops)}/train" in listing.folders:
        return f"{min(tops)}/"
    return ""


def _top_folders(listing: Listing) -> str:
    tops = sorted({folder.split("/")[0] for folder in listing.folders if folder})
    return ", ".join(tops[:5]) + (" ..." if len(tops) > 5 else "") or "no folder"
