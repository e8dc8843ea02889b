"""Read the YOLO layout: a data.yaml, images, and a text file with labels for each image.

A data.yaml often comes from another machine or a download, so its paths are resolved only below its own folder.
"""

import posixpath
import re
import reprlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from step_contract.catalog import VisionTask
from trainer.errors import BadData
from trainer.storage import StoredObject

from .layout import SPLIT_NAMES, Layout, Listing, Reader, Sample, check_names, suffix_of, text_of

_SPEC_SUFFIXES = {".yaml", ".yml"}
_SPEC_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
_MAX_SPEC_BYTES = 1 << 20
_MAX_CLASSES = 100_000
_MAX_KEYPOINTS = 1000
_LONGEST_PATH = 4096
_SHOWN = 200


@dataclass(frozen=True)
class _Spec:
    """A data.yaml: its location and content, with all scalars as text."""

    where: str
    folder: str
    values: dict[str, Any]

    def entries(self, split: str) -> list[str]:
        """Return the file's entries for a split, under any of its names."""
        for name, meaning in SPLIT_NAMES.items():
            if meaning == split and (value := self.values.get(name)):
                return self.texts(name, [value] if isinstance(value, str) else value)
        return []

    @property
    def base(self) -> str:
        """The path below which the file's other paths are given."""
        path = self.values.get("path")
        return path if isinstance(path, str) else ""

    def texts(self, name: str, value: Any) -> list[str]:
        """Return a list of texts unchanged; refuse anything else, without expanding nested aliases."""
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            return value
        raise BadData(f"{self.where}: {name} is {reprlib.repr(value)}; expected a list of plain values")


def read_yolo(listing: Listing, reader: Reader, task: VisionTask, *, is_pooled: bool) -> Layout:
    """Return the classes and samples of a folder in YOLO layout; pooled, the images of all its splits together.

    Raises:
        BadData: there is no data.yaml, or it is invalid.
    """
    spec = _read_spec(listing, reader)
    names = _class_names(spec)
    notes: Counter[str] = Counter()
    samples = tuple(_samples(spec, listing, reader, notes, is_pooled=is_pooled))
    _note_unused(listing, samples, notes)
    return Layout(
        names=names,
        samples=samples,
        kpt_shape=_kpt_shape(spec) if task is VisionTask.POSE else None,
        flip_idx=_flip_idx(spec) if task is VisionTask.POSE else (),
        notes=notes,
    )


# -- data.yaml --------------------------------------------------------------------------------------------------------


class _SpecLoader(yaml.BaseLoader):
    """Keeps all scalars as text: a class named `no` or `1e3` is not a boolean or a number. Refuses duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping; PyYAML would silently keep the last of two equal keys."""
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            keys = Counter(key.value for key, _ in node.value)
            words = f"found the key {keys.most_common(1)[0][0]!r} a second time"
            raise yaml.MarkedYAMLError(problem=words, problem_mark=node.start_mark)
        return mapping


def _read_spec(listing: Listing, reader: Reader) -> _Spec:
    item = _find_spec(listing)
    where = f"{listing.place}/{item.key}"
    if item.size > _MAX_SPEC_BYTES:
        raise BadData(f"{where} has {item.size:,} bytes; expected a data.yaml of at most {_MAX_SPEC_BYTES:,}")
    text = text_of(item, listing, reader)
    try:
        values = yaml.load(text, Loader=_SpecLoader)  # noqa: S506  # it makes only text, lists and mappings
    except RecursionError as error:
        raise BadData(f"{where} is nested too deeply; expected names, train, val and so on") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # OverflowError for an escape beyond Unicode
        raise BadData(f"{where} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise BadData(f"{where}: expected names, train, val and so on; got {type(values).__name__}")
    return _Spec(where, posixpath.dirname(item.key), values)


def _find_spec(listing: Listing) -> StoredObject:
    specs = [item for item in listing.objects if suffix_of(item.key) in _SPEC_SUFFIXES and item.key.count("/") <= 1]
    for depth in (0, 1):
        here = [item for item in specs if item.key.count("/") == depth]
        named = [item for item in here if posixpath.basename(item.key) in _SPEC_NAMES] or here
        if len(named) == 1:
            return named[0]
        if named:
            found = ", ".join(item.key for item in named[:5])
            raise BadData(
                f"{listing.place}: expected one data.yaml, found {found}; remove the others or point dataset.uri at one"
            )
    raise BadData(
        f"{listing.place}: no data.yaml at its root or one folder below; expected a file with the class names"
    )


def _class_names(spec: _Spec) -> tuple[str, ...]:
    names, count = spec.values.get("names"), spec.values.get("nc")
    if isinstance(names, dict):
        names = _ordered(names, spec)
    if not names and isinstance(count, str) and count.isdecimal():
        names = [f"class_{number}" for number in range(_number(count, _MAX_CLASSES, "nc", "classes", spec))]
    if not names:
        raise BadData(f"{spec.where} has no names; expected a list, or a mapping from 0, 1, 2 ... to class names")
    texts = spec.texts("names", names)
    if isinstance(count, str) and count and count != str(len(texts)):
        raise BadData(f"{spec.where}: nc is {count}, but there are {len(texts)} names; correct one of the two")
    return check_names(texts, spec.where)


def _number(text: str, most: int, field: str, what: str, spec: _Spec) -> int:
    """Return a number that decides how much memory is used, refusing one above ``most``."""
    if len(text) > len(str(most)) or int(text) > most:
        raise BadData(f"{spec.where}: {field} is {text[:20]}; expected at most {most:,} {what}")
    return int(text)


def _ordered(names: dict[str, Any], spec: _Spec) -> list[Any]:
    wanted = [str(number) for number in range(len(names))]
    if set(names) != set(wanted):
        raise BadData(
            f"{spec.where}: names has the class ids {reprlib.repr(list(names))}; expected 0 to {len(names) - 1}"
        )
    return [names[number] for number in wanted]


def _kpt_shape(spec: _Spec) -> tuple[int, int]:
    shape = spec.texts("kpt_shape", spec.values.get("kpt_shape") or [])
    if len(shape) == 2 and shape[0].isdecimal() and shape[0].strip("0") and shape[1] in ("2", "3"):
        return _number(shape[0], _MAX_KEYPOINTS, "kpt_shape", "keypoints", spec), int(shape[1])
    raise BadData(
        f"{spec.where}: kpt_shape is {shape}; pose needs [number of keypoints, 2 or 3], expected such as [17, 3]"
    )


def _flip_idx(spec: _Spec) -> tuple[int, ...]:
    order = spec.texts("flip_idx", spec.values.get("flip_idx") or [])
    points, _ = _kpt_shape(spec)
    if order and sorted(order) != sorted(map(str, range(points))):
        raise BadData(f"{spec.where}: flip_idx is {order}; expected each of 0 to {points - 1} once, or none at all")
    return tuple(int(number) for number in order)


# -- samples ----------------------------------------------------------------------------------------------------------


def _samples(
    spec: _Spec, listing: Listing, reader: Reader, notes: Counter[str], *, is_pooled: bool
) -> Iterator[Sample]:
    entries = {split: spec.entries(split) for split in ("train", "val", "test")}
    if not is_pooled and not (entries["train"] and entries["val"]):
        missing = " and ".join(split for split in ("train", "val") if not entries[split])
        raise BadData(f"{spec.where} has no {missing}; give dataset.split in the catalog to split one pool, or add it")
    if not any(entries.values()):
        pool = listing.images_below(posixpath.join(spec.folder, "images")) or listing.images_below(spec.folder)
        yield from (_sample(listing, image.key, image, None) for image in pool)
        return
    seen: set[str] = set()
    for split, places in entries.items():
        for key, image in _listed(spec, listing, reader, split, places, notes):
            # A pooled image counts once; otherwise an image named in two splits must be noticed.
            identity = key if is_pooled else f"{split}:{key}"
            if identity not in seen:
                seen.add(identity)
                yield _sample(listing, key, image, None if is_pooled else split)


def _listed(
    spec: _Spec, listing: Listing, reader: Reader, split: str, places: list[str], notes: Counter[str]
) -> Iterator[tuple[str, StoredObject | None]]:
    for place in places:
        found = _resolve(spec, listing, place)
        if found is None and split == "test":
            # The data.yaml of many downloads names a test split that the download does not contain.
            notes[f"test entry {place[:_SHOWN]!r} of data.yaml does not exist"] += 1
        elif found is None:
            raise BadData(
                f"{spec.where}: {split} is {place[:_SHOWN]!r}, and there is no such folder or list below "
                f"{listing.place}; "
                "expected a path below data.yaml's own folder"
            )
        elif item := listing.find(found):
            yield from _lines(spec, listing, reader, item)
        else:
            yield from ((image.key, image) for image in listing.images_below(found))


def _lines(
    spec: _Spec, listing: Listing, reader: Reader, item: StoredObject
) -> Iterator[tuple[str, StoredObject | None]]:
    here = _Spec(f"{listing.place}/{item.key}", posixpath.dirname(item.key), {})
    for line in text_of(item, listing, reader).splitlines():
        if not line.strip():
            continue
        found = _resolve(here, listing, line.strip()) or _resolve(spec, listing, line.strip())
        image = listing.find(found) if found is not None else None
        yield (image.key if image else line.strip()), image


def _resolve(spec: _Spec, listing: Listing, place: str) -> str | None:
    """Return the folder or file below the spec's own folder that a path means, which may be of another machine."""
    if len(place) > _LONGEST_PATH:  # impossible on every file system, and trying all its endings would take hours
        return None
    for parts in _endings(spec.base, place):
        candidate = "/".join([spec.folder, *parts] if spec.folder else parts)
        if candidate in listing.folders or listing.find(candidate):
            return candidate
    return None


def _endings(base: str, place: str) -> Iterator[list[str]]:
    """Yield the parts of a path as written below ``base``, then with ever more of its beginning left out."""
    parts = _parts(place)
    kept = len(parts)
    if _is_absolute(place):
        # `/content/coco8/images/val` may be `images/val` here, but `/x/test/images` is not just any `images` folder.
        kept = 2 if parts[-1:] == ["images"] else 1
    elif not place.startswith(".."):
        parts = _parts(base) + parts
    yield from (parts[start:] for start in range(len(parts) - kept + 1))


def _is_absolute(path: str) -> bool:
    return bool(re.match(r"[A-Za-z]:|[\\/]", path))


def _parts(path: str) -> list[str]:
    """Return a path's names without its drive, root, ``.`` and ``..``."""
    normal = posixpath.normpath(re.sub(r"^[A-Za-z]:", "", path.replace("\\", "/")))
    return [part for part in normal.split("/") if part not in ("", ".", "..")]


def _sample(listing: Listing, key: str, image: StoredObject | None, split: str | None) -> Sample:
    label = None if image is None else listing.find(_label_key(key)) or listing.find(_beside(key))
    return Sample(key, image, split, label)


def _label_key(key: str) -> str:
    """Return the key of an image's label: the last folder ``images`` becomes ``labels``."""
    head, found, tail = f"/{key}".rpartition("/images/")
    return _beside(f"{head}/labels/{tail}"[1:] if found else key)


def _beside(key: str) -> str:
    return f"{key.rpartition('.')[0]}.txt"


def _note_unused(listing: Listing, samples: tuple[Sample, ...], notes: Counter[str]) -> None:
    images = {sample.key for sample in samples}
    labels = {sample.label.key for sample in samples if isinstance(sample.label, StoredObject)}
    texts = {item.key for item in listing.objects if suffix_of(item.key) == ".txt" and "labels/" in item.key}
    notes["images that no split of data.yaml names"] += sum(item.key not in images for item in listing.images)
    notes["label files that belong to no image"] += len(texts - labels)
