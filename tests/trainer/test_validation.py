"""What is wrong with a dataset is found before a GPU is taken, counted, named, and held against the limits."""

import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step_contract.catalog import Dataset, Split, VisionTask
from tests.trainer.datasets import image_bytes, write
from trainer.dataset_layout import Layout, Sample
from trainer.fact_cache import ImageContent
from trainer.image_facts import ImageFacts, inspect_images
from trainer.label_check import CheckedLabel, LabelRules, check_label, read_label
from trainer.manifest import ManifestItem
from trainer.storage import StoredObject
from trainer.validation import Candidate, ValidationReport, split_of, validate

# -- images -----------------------------------------------------------------------------------------------------------


def facts_of(folder: Path, content: bytes, name: str = "a.jpg") -> ImageFacts:
    return inspect_images([write(folder, {name: content}) / name])[0]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_a_good_image_has_its_size_and_no_problem(tmp_path: Path, kind: str) -> None:
    assert facts_of(tmp_path, image_bytes(1, format=kind)) == ImageFacts(32, 24, None)


def test_the_size_is_the_one_that_is_shown_when_exif_turns_the_image(tmp_path: Path) -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    assert facts_of(tmp_path, image_bytes(1, exif=exif)) == ImageFacts(24, 32, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "WEBP", "TIFF"])
def test_a_truncated_image_is_found_although_its_header_is_whole(tmp_path: Path, kind: str) -> None:
    content = image_bytes(1, width=200, height=200, format=kind)
    assert facts_of(tmp_path, content[: len(content) // 2]).problem


def test_a_png_with_a_flipped_bit_is_found(tmp_path: Path) -> None:
    content = bytearray(image_bytes(1, format="PNG"))
    content[len(content) // 2] ^= 1
    assert facts_of(tmp_path, bytes(content)).problem


def test_a_decompression_bomb_is_refused_without_being_decoded(tmp_path: Path) -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    assert "too large to decode" in str(facts_of(tmp_path, bomb).problem)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "cannot identify image file"),
        (b"<html>404</html>", "cannot identify image file"),
        (image_bytes(1, format="GIF"), "is GIF; expected one of AVIF, BMP, JPEG"),
        (image_bytes(1, width=9), "is 9x24 pixels; expected at least 10x10"),
    ],
)
def test_what_is_no_usable_image_says_why(tmp_path: Path, content: bytes, problem: str) -> None:
    assert problem in str(facts_of(tmp_path, content).problem)


# -- labels -----------------------------------------------------------------------------------------------------------

DETECT = LabelRules(VisionTask.DETECT, 2)
SEGMENT = LabelRules(VisionTask.SEGMENT, 2)
OBB = LabelRules(VisionTask.OBB, 2)
POSE = LabelRules(VisionTask.POSE, 2, (2, 3))
POSE_2D = LabelRules(VisionTask.POSE, 2, (2, 2))


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("1 0.5 0.5 0.2 0.2", DETECT),
        ("1.0 1.005 0.5 1 1", DETECT),
        ("1 0.1 0.1 0.2 0.1 0.2 0.2", SEGMENT),
        ("1 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2", OBB),
        ("1 0.5 0.5 0.2 0.2 0.1 0.1 2 0 0 0", POSE),
        ("1 0.5 0.5 0.2 0.2 0.1 0.1 0.3 0.3", POSE_2D),
        ("1", LabelRules(VisionTask.CLASSIFY, 2)),
    ],
)
def test_a_good_label_names_the_class_of_each_object(text: str, rules: LabelRules) -> None:
    assert check_label(f"{text}\n{text}", rules) == CheckedLabel(f"{text}\n{text}", [1, 1])


@pytest.mark.parametrize(
    ("text", "rules", "problem"),
    [
        ("1 0.5 0.5 0.2", DETECT, "detect needs 5 columns (class, x, y, width, height)"),
        ("1 0.1 0.1 0.2 0.1 0.2 0.2", DETECT, "detect needs 5 columns (class, x, y, width, height)"),
        ("1 0.1 0.1 0.2 0.1", SEGMENT, "segment needs 1 + 2n columns, n at least 3 (class, x1, y1, x2, y2 ...)"),
        ("1 0.1 0.1 0.2 0.1 0.2 0.2 0.3", SEGMENT, "segment needs 1 + 2n columns, n at least 3 (class, x1, y1, x2, y2 ...)"),
        ("1 0.1 0.1 0.2 0.1 0.2 0.2", OBB, "obb needs 9 columns (class and four corners)"),
        ("1 0.5 0.5 0.2 0.2", POSE, "pose needs 11 columns (class, box, 2 keypoints of 3 values)"),
        ("1 0.5 0.5 0.2 0.2 0.1 0.1 3 0 0 0", POSE, "visibility of a keypoint is not 0, 1 or 2"),
        ("1 0.5 0.5 0.2 0.2 0.1 1.1 2 0 0 0", POSE, "coordinates outside of 0 to 1"),
        ("1 0.5 0.5 0.2 0.2 0.1 1.1 0 0", POSE_2D, "coordinates outside of 0 to 1"),
        ("1 0.5 0.5 0 0.2 0.1 0.1 2 0 0 0", POSE, "zero area"),
        ("1 320 240 64 64", DETECT, "coordinates outside of 0 to 1"),
        ("1 -0.5 0.5 0.2 0.2", DETECT, "coordinates outside of 0 to 1"),
        ("1 0.1 0.1 0.2 0.1 0.2 2", SEGMENT, "coordinates outside of 0 to 1"),
        ("1 nan 0.5 0.2 0.2", DETECT, "NaN or infinity"),
        ("1 0.5 0.5 0.2 inf", DETECT, "NaN or infinity"),
        ("1 0.5 0.5 0 0.2", DETECT, "zero area"),
        ("1 0.5 0.5 0.2 -0.005", DETECT, "zero area"),
        ("1 0.1 0.1 0.2 0.2 0.3 0.3", SEGMENT, "zero area"),
        ("1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1", OBB, "zero area"),
        ("2 0.5 0.5 0.2 0.2", DETECT, "class id is not one of 0 to 1"),
        ("-1 0.5 0.5 0.2 0.2", DETECT, "class id is not one of 0 to 1"),
        ("0.5 0.5 0.5 0.2 0.2", DETECT, "class id is not a whole number"),
        ("cat 0.5 0.5 0.2 0.2", DETECT, "not a number"),
        ("1 0.5, 0.5, 0.2 0.2", DETECT, "not a number"),
        ("0 0.5", LabelRules(VisionTask.CLASSIFY, 2), "classify needs the class id alone"),
    ],
)
def test_a_bad_line_is_named_with_its_number(text: str, rules: LabelRules, problem: str) -> None:
    good = {DETECT: "1 0.5 0.5 0.2 0.2", SEGMENT: "1 0.1 0.1 0.2 0.1 0.2 0.2"}.get(rules)
    number = 2 if good else 1
    label = check_label("\n".join(filter(None, (good, text))), rules)
    assert label == CheckedLabel("", (), problem, f"line {number}: {text}")


@pytest.mark.parametrize("content", [b"1 0.5 0.5 0.2 0.2\n", b"\xef\xbb\xbf 1\t0.5  0.5 0.2 0.2\r\n\r\n"])
def test_white_space_and_a_byte_order_mark_make_no_difference(content: bytes) -> None:
    assert read_label(content, DETECT) == CheckedLabel("1 0.5 0.5 0.2 0.2", [1])


def test_a_label_that_is_not_text_or_huge_says_so() -> None:
    assert read_label("고양이".encode("euc-kr"), DETECT).problem == "label is not UTF-8 text"
    assert read_label(b" " * (33 << 20), DETECT).problem == "label file is larger than 32 MiB"


def test_a_long_bad_line_is_shortened() -> None:
    assert check_label("9 " + "0.123456 " * 50 + "1", SEGMENT).detail.endswith("...")


@given(st.text(alphabet="01 .-en\n\tia", max_size=60), st.sampled_from([DETECT, SEGMENT, OBB, POSE]))
def test_any_text_is_either_good_or_says_what_is_wrong(text: str, rules: LabelRules) -> None:
    label = read_label(text.encode(), rules)
    assert bool(label.problem) == bool(label.detail)
    assert not (label.problem and label.text)
    assert len(label.classes) == len(label.text.splitlines())


# -- splitting --------------------------------------------------------------------------------------------------------

DIGESTS = [f"{number:064x}" for number in range(2000)]


def test_a_split_comes_near_its_shares() -> None:
    counts = Counter(split_of(digest, Split(train=0.7, val=0.2, test=0.1)) for digest in DIGESTS)
    assert abs(counts["train"] - 1400) < 80 and abs(counts["val"] - 400) < 60 and abs(counts["test"] - 200) < 50


def test_an_image_keeps_its_split_whatever_else_is_in_the_pool_and_another_seed_moves_it() -> None:
    one = [split_of(digest, Split(seed=1)) for digest in DIGESTS]
    assert one == [split_of(digest, Split(seed=1)) for digest in DIGESTS]
    assert one != [split_of(digest, Split(seed=2)) for digest in DIGESTS]


def test_a_split_without_test_has_none() -> None:
    assert {split_of(digest, Split(train=0.9, val=0.1, test=0)) for digest in DIGESTS} == {"train", "val"}


# -- the whole --------------------------------------------------------------------------------------------------------


def candidate(number: int, **overrides: Any) -> Candidate:
    """Return a good candidate in train; overrides are fields of what it is made of."""
    fields: dict[str, Any] = {
        "key": f"{number:03d}.jpg",
        "sha256": f"{number:064x}",
        "split": "train",
        "facts": ImageFacts(32, 24),
        "label": CheckedLabel("0 0.5 0.5 0.2 0.2", [0]),
        "declared_size": None,
        "is_there": True,
    } | overrides
    image = StoredObject(fields["key"], 10, "etag") if fields["is_there"] else None
    sample = Sample(fields["key"], image, fields["split"], None, fields["declared_size"])
    return Candidate(sample, ImageContent(fields["sha256"], fields["facts"]) if image else None, fields["label"])


GOOD = [candidate(number, split="train" if number < 16 else "val") for number in range(20)]


def judged(
    *more: Candidate, names: tuple[str, ...] = ("cat",), split: Split | None = None, **limits: Any
) -> tuple[tuple[ManifestItem, ...], ValidationReport]:
    dataset = Dataset.model_validate({"uri": "set", "limits": limits, "split": split})
    return validate([*GOOD, *more], Layout(names, ()), dataset)


def test_a_good_dataset_is_accepted_with_its_statistics() -> None:
    items, report = judged(candidate(90, split="test", facts=ImageFacts(64, 48), label=CheckedLabel("x", [0, 0])))
    assert report.verdict == "accepted" and report.violations == () and report.findings == ()
    assert report.images == {"train": 16, "val": 4, "test": 1}
    assert report.classes == {"cat": {"train": 16, "val": 4, "test": 2}}
    assert report.width is not None and report.width.model_dump() == {"minimum": 32, "median": 32, "maximum": 64}
    assert [item.split for item in items] == ["train"] * 16 + ["val"] * 4 + ["test"]


@pytest.mark.parametrize(
    ("overrides", "limit", "violation"),
    [
        (
            {"facts": ImageFacts(0, 0, "image file is truncated")},
            "maximum_unreadable_share",
            "1 of 21 images (4.8%) cannot be read, allowed are 0.0% (maximum_unreadable_share): "
            "1 unreadable or truncated image: 099.jpg: image file is truncated",
        ),
        (
            {"is_there": False},
            "maximum_unreadable_share",
            "1 of 21 images (4.8%) cannot be read, allowed are 0.0% (maximum_unreadable_share): "
            "1 named by the source, but not there: 099.jpg",
        ),
        (
            {"label": CheckedLabel("", (), "zero area", "line 1: 0 0 0 0 0")},
            "maximum_bad_label_share",
            "1 of 21 images (4.8%) have a bad label, allowed are 0.0% (maximum_bad_label_share): "
            "1 zero area: 099.jpg: line 1: 0 0 0 0 0",
        ),
        (
            {"declared_size": (24, 32)},
            "maximum_bad_label_share",
            "1 of 21 images (4.8%) have a bad label, allowed are 0.0% (maximum_bad_label_share): "
            "1 label was made for an image of another size: 099.jpg: annotated as (24, 32), the image is (32, 24)",
        ),
    ],
)
def test_a_bad_image_is_over_the_limit_and_under_a_wider_one_left_out(
    overrides: Mapping[str, Any], limit: str, violation: str
) -> None:
    bad = candidate(99, **overrides)
    items, report = judged(bad)
    assert (report.verdict, report.violations) == ("refused", (violation,))
    items, report = judged(bad, **{limit: 0.1})
    assert report.verdict == "accepted"
    assert (report.images_found, report.images_left_out, len(items)) == (21, 1, 20)
    assert "099.jpg" in report.findings[0].examples[0]


@pytest.mark.parametrize(
    ("label", "what"), [(None, "no label file"), (CheckedLabel("", []), "label without objects")]
)
def test_images_without_objects_are_counted_and_kept_as_background(label: CheckedLabel | None, what: str) -> None:
    empty = [candidate(50 + number, label=label) for number in range(3)]
    items, report = judged(*empty, maximum_unlabelled_share=0.2)
    assert (report.verdict, len(items), report.images_left_out) == ("accepted", 23, 0)
    assert [(finding.what, finding.images) for finding in report.findings] == [(what, 3)]
    _, report = judged(*empty, maximum_unlabelled_share=0.1)
    assert report.violations == (
        f"3 of 23 images (13.0%) have no label, allowed are 10.0% (maximum_unlabelled_share): 3 {what}: 050.jpg; 051.jpg; 052.jpg",
    )


def test_repeated_content_is_counted_and_left_out_and_a_contradicting_label_is_said() -> None:
    again = candidate(98, sha256=f"{1:064x}", label=CheckedLabel("0 0.1 0.1 0.1 0.1", [0]))
    items, report = judged(again, maximum_duplicate_share=0.1)
    assert (report.verdict, len(items)) == ("accepted", 20)
    assert report.findings[0].examples == ("098.jpg is 001.jpg, with another label",)
    _, report = judged(again, maximum_duplicate_share=0)
    assert "1 of 21 images (4.8%) repeat the content of another, allowed are 0.0%" in report.violations[0]


def test_the_same_content_in_two_splits_is_refused_unless_allowed() -> None:
    leak = candidate(98, sha256=f"{1:064x}", split="val")
    _, report = judged(leak)
    assert report.violations == (
        "1 of 21 images (4.8%) are in two splits, allowed are 0.0% (allow_split_overlap): "
        "1 is in two splits: val 098.jpg is train 001.jpg",
    )
    items, report = judged(leak, allow_split_overlap=True)
    assert (report.verdict, len(items)) == ("accepted", 21)
    assert report.findings[0].what == "is in two splits, which is allowed"


def test_too_few_images_and_too_rare_classes_are_named() -> None:
    _, report = judged(names=("cat", "개", "cow"), minimum_train_images=17, minimum_val_images=5, minimum_class_instances=3)
    assert report.violations == (
        "train has 16 images, expected at least 17 (minimum_train_images)",
        "val has 4 images, expected at least 5 (minimum_val_images)",
        "2 of 3 classes have fewer than 3 objects in train (minimum_class_instances): 개 has 0; cow has 0",
    )


def test_all_violations_are_listed_at_once_with_few_examples() -> None:
    bad = [candidate(50 + number, facts=ImageFacts(0, 0, "broken")) for number in range(9)]
    _, report = judged(*bad, candidate(70, is_there=False), candidate(80, label=CheckedLabel("", (), "zero area", "l")), names=("a", "b"))
    assert len(report.violations) == 3
    assert report.violations[0].endswith(
        "9 unreadable or truncated image: 050.jpg: broken; 051.jpg: broken; 052.jpg: broken; and 6 more | "
        "1 named by the source, but not there: 070.jpg"
    )
    assert [len(finding.examples) for finding in report.findings] == [5, 1, 1]


def test_a_pool_is_split_by_content() -> None:
    split = Split(train=0.5, val=0.5, test=0)
    pool = [candidate(number, split=None) for number in range(100, 140)]
    items, _ = judged(*pool, split=split)
    pooled = [item for item in items if item.key >= "100"]
    assert {item.split for item in pooled} == {"train", "val"}
    assert all(item.split == split_of(item.sha256, split) for item in pooled)


def test_an_empty_dataset_is_refused_not_an_error() -> None:
    _, report = validate([], Layout(("cat",), ()), Dataset(uri="set"))
    assert report.verdict == "refused" and report.width is None
