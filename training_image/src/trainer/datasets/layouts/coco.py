"""Read the COCO layout: images and annotation files, which each name a split or together form one pool."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

from step_contract.catalog import VisionTask
from trainer.errors import BadData
from trainer.storage import StoredObject

from .coco_conversion import VERSION, convert
from .layout import SPLIT_NAMES, Layout, Listing, Reader, Sample, check_names, composed, suffix_of

_SPLIT_WORD = re.compile(r"(?<![a-z])(train|valid|validation|val|test)(?![a-z])")


def read_coco(listing: Listing, reader: Reader, task: VisionTask, *, is_pooled: bool) -> Layout:
    """Return the classes and samples of a folder with COCO annotations; pooled, the images of all files together.

    Raises:
        BadData: there is no annotation file, or it is not COCO, or there are no splits and ``is_pooled`` is false.
    """
    files = {item: split_named_by(item.key) for item in _annotation_files(listing)}
    if not is_pooled and not {"train", "val"} <= set(files.values()):
        raise BadData(
            f"{listing.place}: expected annotation files of train and val such as annotations/instances_train.json, "
            f"found {', '.join(item.key for item in files)}; give dataset.split in the catalog to split one pool"
        )
    notes: Counter[str] = Counter()
    samples: dict[tuple[str | None, str], Sample] = {}
    classes: dict[str, list[str]] = {}
    for item, split in files.items():
        if not is_pooled and split is None:
            notes[f"annotation file {item.key} names no split"] += 1
            continue
        document = _document(listing, reader, item, task)
        classes[item.key] = document["names"]
        notes.update(document["notes"])
        for sample in _samples(listing, item, document, None if is_pooled else split):
            samples.setdefault((sample.split, sample.key), sample)
    return Layout(names=_one_list(listing, classes), samples=tuple(samples.values()), notes=notes)


def split_named_by(key: str) -> str | None:
    """Return the split in an annotation file's name, or else in its folder's: instances_train2017 is train."""
    for name in (posixpath.basename(key), posixpath.dirname(key)):
        if found := _SPLIT_WORD.search(name.lower()):
            return SPLIT_NAMES[found.group(1)]
    return None


def _annotation_files(listing: Listing) -> list[StoredObject]:
    files = [item for item in listing.objects if suffix_of(item.key) == ".json" and item.key.count("/") <= 1]
    # COCO keeps captions and keypoints of the same images in the same folder.
    instances = [item for item in files if posixpath.basename(item.key).startswith("instances")]
    if not files:
        raise BadData(f"{listing.place}: no annotations/*.json and no *.json; expected COCO annotations")
    return instances or files


def _document(listing: Listing, reader: Reader, item: StoredObject, task: VisionTask) -> dict[str, Any]:
    where = f"{listing.place}/{item.key}"
    (made,) = reader.derived([item], f"coco{VERSION}-{task}", partial(convert, where=where, task=task))
    return dict(made)


def _one_list(listing: Listing, classes: dict[str, list[str]]) -> tuple[str, ...]:
    (first, names), *others = classes.items()
    for key, other in others:
        if other != names:
            raise BadData(
                f"{listing.place}: {first} and {key} have different categories; expected the same in each file"
            )
    return check_names(names, f"{listing.place}/{first}")


def _samples(listing: Listing, item: StoredObject, document: dict[str, Any], split: str | None) -> Iterator[Sample]:
    by_name: dict[str, list[StoredObject]] = defaultdict(list)
    for image in listing.images:
        by_name[posixpath.basename(composed(image.key))].append(image)
    for name, width, height, label in document["images"]:
        found = _image(item, by_name[posixpath.basename(composed(name))], composed(name))
        size = (width, height) if width > 0 and height > 0 else None
        yield Sample(found.key if found else name, found, split, label, size)


def _image(item: StoredObject, alike: list[StoredObject], name: str) -> StoredObject | None:
    """Return the image for a file name; among several with that name, the nearest to the annotation file."""
    exact = [image for image in alike if f"/{composed(image.key)}".endswith(f"/{name}")] or alike
    if len(exact) > 1:
        word = posixpath.splitext(posixpath.basename(item.key))[0].rpartition("_")[2]
        folder = posixpath.dirname(item.key)
        near = [image for image in exact if posixpath.dirname(image.key) == folder]
        exact = near or [image for image in exact if word and word in posixpath.dirname(image.key).split("/")]
    return exact[0] if len(exact) == 1 else None
