"""Tests of checking labels against the rules of each task; a bad line is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step_contract.catalog import VisionTask
from trainer.datasets.label_check import CheckedLabel, LabelRules, check_label, read_label

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
        (
            "1 0.1 0.1 0.2 0.1 0.2 0.2 0.3",
            SEGMENT,
            "segment needs 1 + 2n columns, n at least 3 (class, x1, y1, x2, y2 ...)",
        ),
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
        ("0 0.5", LabelRules(VisionTask.CLASSIFY, 2), "classify needs only the class id"),
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


def test_a_label_that_is_not_text_or_is_huge_has_a_problem() -> None:
    assert read_label("고양이".encode("euc-kr"), DETECT).problem == "label is not UTF-8 text"
    assert read_label(b" " * (33 << 20), DETECT).problem == "label file is larger than 32 MiB"


def test_a_long_bad_line_is_shortened() -> None:
    assert check_label("9 " + "0.123456 " * 50 + "1", SEGMENT).detail.endswith("...")


@given(st.text(alphabet="01 .-en\n\tia", max_size=60), st.sampled_from([DETECT, SEGMENT, OBB, POSE]))
def test_any_text_is_either_good_or_has_a_problem(text: str, rules: LabelRules) -> None:
    label = read_label(text.encode(), rules)
    assert bool(label.problem) == bool(label.detail)
    assert not (label.problem and label.text)
    assert len(label.classes) == len(label.text.splitlines())
