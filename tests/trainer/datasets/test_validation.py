"""Tests of validation: checks against the limits, splits by content, and all faults reported together."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from step_contract.catalog import Dataset, Split
from trainer.datasets.fact_cache import ImageContent
from trainer.datasets.image_facts import ImageFacts
from trainer.datasets.label_check import CheckedLabel
from trainer.datasets.layouts.layout import Layout, Sample
from trainer.datasets.manifest import ManifestItem
from trainer.datasets.validation import Candidate, ValidationReport, split_of, validate
from trainer.storage.interface import StoredObject


def candidate(number: int, **overrides: Any) -> Candidate:
    """Return a good candidate in train; overrides are fields of its parts."""
    fields: dict[str, Any] = {
        "key": f"{number:03d}.jpg",
        "content_hash": f"{number:064x}",
        "split": "train",
        "facts": ImageFacts(32, 24),
        "label": CheckedLabel("0 0.5 0.5 0.2 0.2", [0]),
        "declared_size": None,
        "is_there": True,
    } | overrides
    image = StoredObject(fields["key"], 10, "etag") if fields["is_there"] else None
    sample = Sample(fields["key"], image, fields["split"], None, fields["declared_size"])
    return Candidate(sample, ImageContent(fields["content_hash"], fields["facts"]) if image else None, fields["label"])


GOOD = [candidate(number, split="train" if number < 16 else "val") for number in range(20)]


def judged(
    *more: Candidate, names: tuple[str, ...] = ("cat",), split: Split | None = None, **limits: Any
) -> tuple[tuple[ManifestItem, ...], ValidationReport]:
    dataset = Dataset.model_validate({"uri": "set", "limits": limits, "split": split})
    return validate([*GOOD, *more], Layout(names, ()), dataset)


def test_a_good_dataset_is_accepted_with_its_statistics() -> None:
    items, report = judged(candidate(90, split="test", facts=ImageFacts(64, 48), label=CheckedLabel("x", [0, 0])))
    assert report.verdict == "accepted"
    assert report.violations == ()
    assert report.findings == ()
    assert report.images == {"train": 16, "val": 4, "test": 1}
    assert report.classes == {"cat": {"train": 16, "val": 4, "test": 2}}
    assert report.width is not None
    assert report.width.model_dump() == {"minimum": 32, "median": 32, "maximum": 64}
    assert [item.split for item in items] == ["train"] * 16 + ["val"] * 4 + ["test"]


@pytest.mark.parametrize(
    ("overrides", "limit", "violation"),
    [
        (
            {"facts": ImageFacts(0, 0, "image file is truncated")},
            "maximum_unreadable_share",
            "1 of 21 images (4.8%) cannot be read, allowed: 0.0% (maximum_unreadable_share): "
            "1 unreadable or truncated image: 099.jpg: image file is truncated",
        ),
        (
            {"is_there": False},
            "maximum_unreadable_share",
            "1 of 21 images (4.8%) cannot be read, allowed: 0.0% (maximum_unreadable_share): "
            "1 named by the source, but missing: 099.jpg",
        ),
        (
            {"label": CheckedLabel("", (), "zero area", "line 1: 0 0 0 0 0")},
            "maximum_bad_label_share",
            "1 of 21 images (4.8%) have a bad label, allowed: 0.0% (maximum_bad_label_share): "
            "1 zero area: 099.jpg: line 1: 0 0 0 0 0",
        ),
        (
            {"declared_size": (24, 32)},
            "maximum_bad_label_share",
            "1 of 21 images (4.8%) have a bad label, allowed: 0.0% (maximum_bad_label_share): "
            "1 label was made for an image of another size: 099.jpg: annotated as (24, 32), the image is (32, 24)",
        ),
    ],
)
def test_a_bad_image_is_refused_above_the_limit_and_left_out_below_it(
    overrides: Mapping[str, Any], limit: str, violation: str
) -> None:
    bad = candidate(99, **overrides)
    items, report = judged(bad)
    assert (report.verdict, report.violations) == ("refused", (violation,))
    items, report = judged(bad, **{limit: 0.1})
    assert report.verdict == "accepted"
    assert (report.images_found, report.images_left_out, len(items)) == (21, 1, 20)
    assert "099.jpg" in report.findings[0].examples[0]


@pytest.mark.parametrize(("label", "what"), [(None, "no label file"), (CheckedLabel("", []), "label without objects")])
def test_images_without_objects_are_counted_and_kept_as_background(label: CheckedLabel | None, what: str) -> None:
    empty = [candidate(50 + number, label=label) for number in range(3)]
    items, report = judged(*empty, maximum_unlabelled_share=0.2)
    assert (report.verdict, len(items), report.images_left_out) == ("accepted", 23, 0)
    assert [(finding.what, finding.images) for finding in report.findings] == [(what, 3)]
    _, report = judged(*empty, maximum_unlabelled_share=0.1)
    assert report.violations == (
        "3 of 23 images (13.0%) have no label, allowed: 10.0% (maximum_unlabelled_share): "
        f"3 {what}: 050.jpg; 051.jpg; 052.jpg",
    )


def test_repeated_content_is_left_out_and_counted_and_a_different_label_is_reported() -> None:
    again = candidate(98, content_hash=f"{1:064x}", label=CheckedLabel("0 0.1 0.1 0.1 0.1", [0]))
    items, report = judged(again, maximum_duplicate_share=0.1)
    assert (report.verdict, len(items)) == ("accepted", 20)
    assert report.findings[0].examples == ("098.jpg is 001.jpg, with another label",)
    _, report = judged(again, maximum_duplicate_share=0)
    assert "1 of 21 images (4.8%) repeat the content of another, allowed: 0.0%" in report.violations[0]


def test_the_same_content_in_two_splits_is_refused_unless_allowed() -> None:
    leak = candidate(98, content_hash=f"{1:064x}", split="val")
    _, report = judged(leak)
    assert report.violations == (
        "1 of 21 images (4.8%) are in two splits, allowed: 0.0% (allow_split_overlap): "
        "1 is in two splits: val 098.jpg is train 001.jpg",
    )
    items, report = judged(leak, allow_split_overlap=True)
    assert (report.verdict, len(items)) == ("accepted", 21)
    assert report.findings[0].what == "is in two splits, which is allowed"


def test_too_few_images_and_too_rare_classes_are_named() -> None:
    _, report = judged(
        names=("cat", "개", "cow"), minimum_train_images=17, minimum_val_images=5, minimum_class_instances=3
    )
    assert report.violations == (
        "train has 16 images, expected at least 17 (minimum_train_images)",
        "val has 4 images, expected at least 5 (minimum_val_images)",
        "2 of 3 classes have fewer than 3 objects in train (minimum_class_instances): 개 has 0; cow has 0",
    )


def test_all_violations_are_listed_at_once_with_few_examples() -> None:
    bad = [candidate(50 + number, facts=ImageFacts(0, 0, "broken")) for number in range(9)]
    _, report = judged(
        *bad,
        candidate(70, is_there=False),
        candidate(80, label=CheckedLabel("", (), "zero area", "l")),
        names=("a", "b"),
    )
    assert len(report.violations) == 3
    assert report.violations[0].endswith(
        "9 unreadable or truncated image: 050.jpg: broken; 051.jpg: broken; 052.jpg: broken; and 6 more | "
        "1 named by the source, but missing: 070.jpg"
    )
    assert [len(finding.examples) for finding in report.findings] == [5, 1, 1]


def test_a_pool_is_split_by_content() -> None:
    split = Split(train=0.5, val=0.5, test=0)
    pool = [candidate(number, split=None) for number in range(100, 140)]
    items, _ = judged(*pool, split=split)
    pooled = [item for item in items if item.key >= "100"]
    assert {item.split for item in pooled} == {"train", "val"}
    assert all(item.split == split_of(item.content_hash, split) for item in pooled)


def test_an_empty_dataset_is_refused_not_an_error() -> None:
    _, report = validate([], Layout(("cat",), ()), Dataset(uri="set"))
    assert report.verdict == "refused"
    assert report.width is None


DIGESTS = [f"{number:064x}" for number in range(2000)]


def test_a_split_comes_near_its_shares() -> None:
    counts = Counter(split_of(digest, Split(train=0.7, val=0.2, test=0.1)) for digest in DIGESTS)
    assert abs(counts["train"] - 1400) < 80
    assert abs(counts["val"] - 400) < 60
    assert abs(counts["test"] - 200) < 50


def test_an_images_split_depends_on_content_and_seed_not_on_the_rest_of_the_pool() -> None:
    one = [split_of(digest, Split(seed=1)) for digest in DIGESTS]
    assert one == [split_of(digest, Split(seed=1)) for digest in DIGESTS]
    assert one != [split_of(digest, Split(seed=2)) for digest in DIGESTS]


def test_a_split_without_test_has_none() -> None:
    assert {split_of(digest, Split(train=0.9, val=0.1, test=0)) for digest in DIGESTS} == {"train", "val"}
