"""Lay a manifest's images and labels out as files for a framework, from the content-addressed cache.

The result depends on the manifest's digest alone: files are named and ordered by content, whatever the source calls
them, so that the same dataset trains in the same order wherever it lies. Images are links to the cache: a
framework may replace a file that it repairs, but must not write into one.
"""

import logging
import os
import unicodedata
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import yaml

from step_contract.catalog import VisionTask
from trainer.errors import TryAgain
from trainer.job import Job
from trainer.storage import cached_object, map_in_threads

from .manifest import Manifest, ManifestItem

_log = logging.getLogger(__name__)
_LONGEST_STEM_BYTES = 80
_LINK_ATTEMPTS = 5


def materialize_dataset(manifest: Manifest, job: Job, folder: Path) -> Path:
    """Build a dataset in YOLO layout below ``folder`` and return the path of its data.yaml.

    For classify: a folder for each split, with a folder for each class; returns the folder of the splits.

    Raises:
        BadData: an image was deleted or changed since preprocess recorded it.
        TryAgain: the store is unavailable, or the disk is full.
    """
    folder = folder.absolute()
    layout = _class_folders if manifest.task is VisionTask.CLASSIFY else _yolo_folders
    try:
        data, places = layout(manifest, folder)
    except OSError as error:
        raise TryAgain(f"cannot lay out the dataset in {folder}: {error}") from error
    place = partial(_place, manifest=manifest, job=job)
    map_in_threads(place, zip(manifest.items, places, strict=True), job.storage.threads(manifest.uri))
    return data


def _class_folders(manifest: Manifest, folder: Path) -> tuple[Path, list[Path]]:
    """Make the folders and return the folder of the splits and the place of each image."""
    for split in _splits(manifest):
        for name in manifest.names:
            # Also where a split lacks the class: frameworks number the folders that they see.
            (folder / split / name).mkdir(parents=True, exist_ok=True)
    names = zip(manifest.items, _file_names(manifest.items), strict=True)
    return folder, [folder / item.split / manifest.names[int(item.label)] / name for item, name in names]


def _yolo_folders(manifest: Manifest, folder: Path) -> tuple[Path, list[Path]]:
    """Make folders, labels and data.yaml and return the path of data.yaml and the place of each image."""
    for split in _splits(manifest):
        (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        (folder / "labels" / split).mkdir(parents=True, exist_ok=True)
    places = []
    for item, name in zip(manifest.items, _file_names(manifest.items), strict=True):
        label = (folder / "labels" / item.split / name).with_suffix(".txt")
        label.write_text(f"{item.label}\n" if item.label else "", encoding="utf-8")
        places.append(folder / "images" / item.split / name)
    data = folder / "data.yaml"
    data.write_text(yaml.safe_dump(_data_yaml(manifest, folder), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return data, places


def _splits(manifest: Manifest) -> list[str]:
    return [split for split, count in manifest.images.items() if count]


def _data_yaml(manifest: Manifest, folder: Path) -> dict[str, object]:
    data: dict[str, object] = {"path": str(folder)}
    data |= {split: f"images/{split}" for split in _splits(manifest)}
    data["names"] = dict(enumerate(manifest.names))
    if manifest.kpt_shape:
        data["kpt_shape"] = list(manifest.kpt_shape)
    if manifest.flip_idx:
        data["flip_idx"] = list(manifest.flip_idx)
    return data


def _file_names(items: Sequence[ManifestItem]) -> list[str]:
    """Return a name for each item, ordered by content; no two names in a split differ only in the suffix."""
    taken: set[tuple[str, str]] = set()
    names = []
    for item in items:
        key = PurePosixPath(item.key)
        stem = f"{item.content_hash[:12]}-{_plain(key.stem)}"
        while (item.split, stem) in taken:
            stem += "-"
        taken.add((item.split, stem))
        names.append(f"{stem}{key.suffix.lower()}")
    return names


def _plain(stem: str) -> str:
    """Return a name that every file system accepts and that resembles the source's."""
    text = "".join(letter if letter.isprintable() else "_" for letter in unicodedata.normalize("NFC", stem))
    return text.encode()[:_LONGEST_STEM_BYTES].decode(errors="ignore")


def _place(pair: tuple[ManifestItem, Path], *, manifest: Manifest, job: Job) -> None:
    """Put an image in its place, as a link to its cached copy."""
    item, path = pair
    cache = job.settings.trainer_cache_dir.absolute()
    for _ in range(_LINK_ATTEMPTS):
        copy = cached_object(cache, job.storage, manifest.uri, item.stored, item.content_hash)
        try:
            _link(copy, path)
            return
        except FileNotFoundError:
            _log.warning("%s was deleted from the cache while the dataset was built; fetching it again", item.key)
        except OSError as error:
            raise TryAgain(f"cannot lay out {item.key} as {path}: {error}") from error
    raise TryAgain(
        f"{cache} (TRAINER_CACHE_DIR) is emptied while it is used; {item.key} was deleted {_LINK_ATTEMPTS} times"
    )


def _link(copy: Path, path: Path) -> None:
    """Create a hard link, which survives eviction from the cache; a symbolic link where that is impossible."""
    path.unlink(missing_ok=True)
    try:
        os.link(copy, path)
    except FileNotFoundError:
        raise
    except OSError:
        # A different file system, or one without hard links.
        path.symlink_to(copy)
