"""Lay a manifest's images and labels out for ultralytics, from the content-addressed cache.

The result depends on the manifest's digest alone: files are named and ordered by content, whatever the source calls
them, so that the same dataset trains in the same order wherever it lies. Images are links to the cache; ultralytics
replaces a file that it repairs and never writes into one.
"""

import logging
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import yaml

from step_contract.catalog import VisionTask

from .errors import TryAgain
from .job import Job
from .manifest import SPLITS, Manifest, ManifestItem
from .object_cache import cached_object
from .thread_pool import map_in_threads

_log = logging.getLogger(__name__)
_LONGEST_STEM_BYTES = 80


def materialize(manifest: Manifest, job: Job, folder: Path) -> Path:
    """Build an ultralytics dataset below ``folder`` and return what to pass as ``data=``.

    That is the path of data.yaml; for classify, the folder of the splits.

    Raises:
        BadData: an image is gone or changed since preprocess recorded it.
        TryAgain: the store does not answer, or there is no room.
    """
    folder = folder.absolute()
    cache, storage = job.settings.trainer_cache_dir.absolute(), job.storage

    def local_copy(item: ManifestItem) -> Path:
        return cached_object(cache, storage, manifest.uri, item.key, sha256=item.sha256, size=item.size)

    copies = map_in_threads(local_copy, manifest.items)
    try:
        if manifest.task is VisionTask.CLASSIFY:
            return _class_folders(manifest, copies, folder)
        return _yolo_folders(manifest, copies, folder)
    except OSError as error:
        raise TryAgain(f"cannot lay out the dataset in {folder}: {error}") from error


def _class_folders(manifest: Manifest, copies: Sequence[Path], folder: Path) -> Path:
    for split in SPLITS:
        if manifest.of(split):
            for name in manifest.names:
                # Also where a split lacks the class: torchvision numbers the folders that it sees.
                (folder / split / name).mkdir(parents=True, exist_ok=True)
    for item, copy, name in zip(manifest.items, copies, _file_names(manifest.items), strict=True):
        _link(copy, folder / item.split / manifest.names[int(item.label)] / name)
    return folder


def _yolo_folders(manifest: Manifest, copies: Sequence[Path], folder: Path) -> Path:
    for kind in ("images", "labels"):
        for split in SPLITS:
            if manifest.of(split):
                (folder / kind / split).mkdir(parents=True, exist_ok=True)
    for item, copy, name in zip(manifest.items, copies, _file_names(manifest.items), strict=True):
        _link(copy, folder / "images" / item.split / name)
        label = (folder / "labels" / item.split / name).with_suffix(".txt")
        label.write_text(f"{item.label}\n" if item.label else "", encoding="utf-8")
    path = folder / "data.yaml"
    path.write_text(yaml.safe_dump(_data_yaml(manifest, folder), allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def _data_yaml(manifest: Manifest, folder: Path) -> dict[str, object]:
    data: dict[str, object] = {"path": str(folder)}
    data |= {split: f"images/{split}" for split in SPLITS if manifest.of(split)}
    data["names"] = dict(enumerate(manifest.names))
    if manifest.kpt_shape:
        data["kpt_shape"] = list(manifest.kpt_shape)
    if manifest.flip_idx:
        data["flip_idx"] = list(manifest.flip_idx)
    return data


def _file_names(items: Sequence[ManifestItem]) -> list[str]:
    """Return a name for each item: in order of content, and no two of a split that differ in the suffix only."""
    taken: set[tuple[str, str]] = set()
    names = []
    for item in items:
        key = PurePosixPath(item.key)
        stem = f"{item.sha256[:12]}-{_plain(key.stem)}"
        while (item.split, stem) in taken:
            stem += "-"
        taken.add((item.split, stem))
        names.append(f"{stem}{key.suffix.lower()}")
    return names


def _plain(stem: str) -> str:
    """Return a name that any file system holds and that reads as the source's."""
    text = "".join(letter if letter.isprintable() else "_" for letter in unicodedata.normalize("NFC", stem))
    return text.encode()[:_LONGEST_STEM_BYTES].decode(errors="ignore")


def _link(copy: Path, path: Path) -> None:
    """Link a file of the cache: hard, so that an emptied cache does not hurt a training, else by name."""
    path.unlink(missing_ok=True)
    try:
        os.link(copy, path)
    except OSError:
        # Another file system, or one without hard links.
        path.symlink_to(copy)
