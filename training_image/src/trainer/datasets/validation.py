"""Check a dataset against its limits and split it, giving the manifest's items and a report.

Pure functions: images were decoded and labels read before. Faulty images within the limits are left out and counted;
all violations of the limits are listed together, so that one run reports everything to fix.
"""

import hashlib
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from step_contract.catalog import Dataset, Split, ValidationLimits
from step_contract.frozen import Frozen
from trainer.datasets.layouts import Layout, Sample

from .fact_cache import ImageContent
from .label_check import CheckedLabel
from .manifest import SPLITS, ManifestItem

_EXAMPLES = 5
"""Examples of each finding in the report."""
_SHOWN = 3
"""Examples of each finding in the message."""
_UNREADABLE, _BAD_LABEL, _UNLABELLED, _DUPLICATE, _OVERLAP = range(5)


class Candidate(NamedTuple):
    """A sample with its image and label as read; without an image if the source names one that it does not have."""

    sample: Sample
    image: ImageContent | None
    label: CheckedLabel | None
    """None: the source has no label for the image."""


class _Fault(NamedTuple):
    group: int
    what: str
    example: str


class Finding(Frozen):
    """One kind of fault, with a few of the images that have it."""

    what: str
    images: int
    examples: tuple[str, ...]


class Spread(Frozen):
    """Minimum, median and maximum of a number of pixels."""

    minimum: int
    median: float
    maximum: int


class ValidationReport(Frozen):
    """The content and faults of a dataset, and whether it may be trained on."""

    verdict: Literal["accepted", "refused"]
    violations: tuple[str, ...]
    images_found: int
    images_left_out: int
    images: dict[str, int]
    """Images kept in each split."""
    findings: tuple[Finding, ...]
    notes: dict[str, int]
    classes: dict[str, dict[str, int]]
    """Objects of each class in each split; images, for classify."""
    width: Spread | None
    height: Spread | None


def validate(
    candidates: Sequence[Candidate], layout: Layout, dataset: Dataset
) -> tuple[tuple[ManifestItem, ...], ValidationReport]:
    """Return the items to train on, ordered by split and key, and the report on all candidates."""
    tally = _Tally()
    objects: Counter[tuple[str, int]] = Counter()
    items: list[ManifestItem] = []
    for candidate in sorted(candidates, key=lambda candidate: candidate.sample.key):
        if (fault := _fault(candidate)) is not None:
            tally.add(fault)
        elif (item := _item(candidate, dataset.split)) and not tally.is_duplicate(item, dataset.limits):
            tally.count_label(candidate)
            items.append(item)
            objects.update((item.split, number) for number in (candidate.label.classes if candidate.label else ()))
    items.sort(key=lambda item: SPLITS.index(item.split))
    return tuple(items), _report(items, objects, len(candidates), layout, dataset.limits, tally)


def split_of(content_hash: str, split: Split) -> str:
    """Return an image's split, which depends only on its content and the seed, not on the rest of the pool."""
    position = int(hashlib.sha256(f"{split.seed}:{content_hash}".encode()).hexdigest()[:13], 16) / 16**13
    if position < split.train:
        return "train"
    return "val" if position < split.train + split.val or split.test == 0 else "test"


# -- one image --------------------------------------------------------------------------------------------------------


def _fault(candidate: Candidate) -> _Fault | None:
    """Return why the image must be left out, None if it need not be."""
    sample, image, label = candidate
    if sample.image is None or image is None:
        return _Fault(_UNREADABLE, "named by the source, but missing", sample.key)
    if image.facts.problem:
        return _Fault(_UNREADABLE, "unreadable or truncated image", f"{sample.key}: {image.facts.problem}")
    if label is not None and label.problem:
        return _Fault(_BAD_LABEL, label.problem, f"{sample.key}: {label.detail}")
    size = (image.facts.width, image.facts.height)
    if sample.declared_size not in (None, size):
        detail = f"{sample.key}: annotated as {sample.declared_size}, the image is {size}"
        return _Fault(_BAD_LABEL, "label was made for an image of another size", detail)
    return None


def _item(candidate: Candidate, split: Split | None) -> ManifestItem | None:
    sample, image, label = candidate
    if sample.image is None or image is None:
        return None
    return ManifestItem(
        split=sample.split or split_of(image.content_hash, split or Split()),
        key=sample.key,
        size=sample.image.size,
        etag=sample.image.etag,
        content_hash=image.content_hash,
        width=image.facts.width,
        height=image.facts.height,
        label=label.text if label else "",
        version_id=sample.image.version_id,
    )


class _Tally:
    """Counts faults, with a few examples of each kind."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[int, str]] = Counter()
        self.examples: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._first: dict[tuple[str, str], ManifestItem] = {}
        self._home: dict[str, ManifestItem] = {}

    def add(self, fault: _Fault) -> None:
        """Count one image."""
        kind = (fault.group, fault.what)
        self.counts[kind] += 1
        if len(self.examples[kind]) < _EXAMPLES:
            self.examples[kind].append(fault.example)

    def count_label(self, candidate: Candidate) -> None:
        """Count an image that is kept as background because it has no objects."""
        if candidate.label is None:
            self.add(_Fault(_UNLABELLED, "no label file", candidate.sample.key))
        elif not candidate.label.text:
            self.add(_Fault(_UNLABELLED, "label without objects", candidate.sample.key))

    def is_duplicate(self, item: ManifestItem, limits: ValidationLimits) -> bool:
        """Return whether the split already has this content; count that, and content shared with another split."""
        first = self._first.setdefault((item.split, item.content_hash), item)
        if first is not item:
            differs = "" if first.label == item.label else ", with another label"
            detail = f"{item.key} is {first.key}{differs}"
            self.add(_Fault(_DUPLICATE, "repeats the content of another image", detail))
            return True
        home = self._home.setdefault(item.content_hash, item)
        if home is not item:
            what = "is in two splits" + (", which is allowed" if limits.allow_split_overlap else "")
            self.add(_Fault(_OVERLAP, what, f"{item.split} {item.key} is {home.split} {home.key}"))
        return False

    def total(self, group: int) -> int:
        """Return how many images have a fault of the group."""
        return sum(count for (own, _), count in self.counts.items() if own == group)

    def shown(self, group: int) -> str:
        """Return each kind of fault in the group with its count and examples."""
        return " | ".join(
            f"{count} {what}: {_listed(self.examples[own, what], count)}"
            for (own, what), count in self.counts.items()
            if own == group
        )


# -- the whole dataset ------------------------------------------------------------------------------------------------


def _report(
    items: Sequence[ManifestItem],
    objects: Counter[tuple[str, int]],
    found: int,
    layout: Layout,
    limits: ValidationLimits,
    tally: _Tally,
) -> ValidationReport:
    images = Counter(item.split for item in items)
    classes = {name: {split: objects[split, number] for split in SPLITS} for number, name in enumerate(layout.names)}
    violations = (*_exceeded_shares(tally, found, limits), *_too_few(images, classes, limits))
    return ValidationReport(
        verdict="refused" if violations else "accepted",
        violations=violations,
        images_found=found,
        images_left_out=found - len(items),
        images={split: images[split] for split in SPLITS},
        findings=tuple(
            Finding(what=what, images=count, examples=tuple(tally.examples[group, what]))
            for (group, what), count in tally.counts.items()
        ),
        notes={note: count for note, count in layout.notes.items() if count},
        classes=classes,
        width=_spread(item.width for item in items),
        height=_spread(item.height for item in items),
    )


def _exceeded_shares(tally: _Tally, found: int, limits: ValidationLimits) -> list[str]:
    """Describe each share of faulty images that is larger than allowed."""
    overlap = 1.0 if limits.allow_split_overlap else 0.0
    allowed = {
        _UNREADABLE: ("cannot be read", limits.maximum_unreadable_share, "maximum_unreadable_share"),
        _BAD_LABEL: ("have a bad label", limits.maximum_bad_label_share, "maximum_bad_label_share"),
        _UNLABELLED: ("have no label", limits.maximum_unlabelled_share, "maximum_unlabelled_share"),
        _DUPLICATE: ("repeat the content of another", limits.maximum_duplicate_share, "maximum_duplicate_share"),
        _OVERLAP: ("are in two splits", overlap, "allow_split_overlap"),
    }
    violations = []
    for group, (what, limit, name) in allowed.items():
        count = tally.total(group)
        if count > limit * found + 1e-9:
            share = f"{count} of {found} images ({count / found:.1%}) {what}, allowed: {limit:.1%} ({name})"
            violations.append(f"{share}: {tally.shown(group)}")
    return violations


def _too_few(images: Counter[str], classes: dict[str, dict[str, int]], limits: ValidationLimits) -> list[str]:
    """Describe each split and class that has too few images or objects."""
    wanted = {"train": limits.minimum_train_images, "val": limits.minimum_val_images}
    violations = [
        f"{split} has {images[split]} images, expected at least {least} (minimum_{split}_images)"
        for split, least in wanted.items()
        if images[split] < least
    ]
    least = limits.minimum_class_instances
    rare = [f"{name} has {counts['train']}" for name, counts in classes.items() if counts["train"] < least]
    if rare:
        violations.append(
            f"{len(rare)} of {len(classes)} classes have fewer than {least} objects in train (minimum_class_instances)"
            f": {_listed(rare, len(rare))}"
        )
    return violations


def _listed(texts: Sequence[str], total: int) -> str:
    shown = [text if len(text) <= 140 else f"{text[:137]}..." for text in texts[:_SHOWN]]
    return "; ".join(shown) + (f"; and {total - len(shown)} more" if total > len(shown) else "")


def _spread(numbers: Iterable[int]) -> Spread | None:
    values = list(numbers)
    if not values:
        return None
    return Spread(minimum=min(values), median=statistics.median(values), maximum=max(values))
