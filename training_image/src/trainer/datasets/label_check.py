"""Check YOLO labels against the rules of training, before it occupies a GPU.

Training silently leaves out an image with a bad label; here it is counted, named and checked against the limits.
Pure functions over text.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from step_contract.catalog import VisionTask

_SLACK = 0.01
"""Distance outside of 0 to 1 at which training still accepts a coordinate."""

_LARGEST_BYTES = 32 << 20

VERSION = 1
"""Cached verdicts of another version of the rules are ignored."""


class LabelRules(NamedTuple):
    """The rules that each line of a label must follow."""

    task: VisionTask
    classes: int
    kpt_shape: tuple[int, int] | None = None


class CheckedLabel(NamedTuple):
    """A label's lines with one space between words, and their meaning."""

    text: str
    classes: Sequence[int] = ()
    """The class of each object."""
    problem: str = ""
    """The kind of problem, by which problems are counted; empty if there is none."""
    detail: str = ""
    """Where the problem is."""


def read_label(content: bytes, rules: LabelRules) -> CheckedLabel:
    """Read a label file's content and check it."""
    if len(content) > _LARGEST_BYTES:
        return CheckedLabel("", (), f"label file is larger than {_LARGEST_BYTES >> 20} MiB", f"{len(content):,} bytes")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        return CheckedLabel("", (), "label is not UTF-8 text", f"{error.reason} at byte {error.start}")
    return check_label("\n".join(filter(None, (" ".join(line.split()) for line in lines))), rules)


def check_label(text: str, rules: LabelRules) -> CheckedLabel:
    """Return the class of each object, or the problem of the first bad line."""
    check = _CHECKS[rules.task]
    classes = []
    for number, line in enumerate(text.split("\n") if text else (), 1):
        try:
            values = [float(word) for word in line.split(" ")]
        except ValueError:
            return CheckedLabel("", (), "not a number", _quoted(number, line))
        if problem := _common_problem(values, rules) or check(values, rules):
            return CheckedLabel("", (), problem, _quoted(number, line))
        classes.append(int(values[0]))
    return CheckedLabel(text, classes)


def _common_problem(values: Sequence[float], rules: LabelRules) -> str | None:
    if not math.isfinite(sum(values)):
        return "NaN or infinity"
    if values[0] % 1:
        return "class id is not a whole number"
    if not 0 <= values[0] < rules.classes:
        return f"class id is not one of 0 to {rules.classes - 1}"
    return None


def _check_box(values: Sequence[float], rules: LabelRules) -> str | None:
    if len(values) != 5:
        return f"{rules.task} needs 5 columns (class, x, y, width, height)"
    return _box_problem(values)


def _check_outline(values: Sequence[float], rules: LabelRules) -> str | None:
    if len(values) < 7 or len(values) % 2 == 0:
        return "segment needs 1 + 2n columns, n at least 3 (class, x1, y1, x2, y2 ...)"
    return _outline_problem(values)


def _check_corners(values: Sequence[float], rules: LabelRules) -> str | None:
    if len(values) != 9:
        return "obb needs 9 columns (class and four corners)"
    return _outline_problem(values)


def _check_keypoints(values: Sequence[float], rules: LabelRules) -> str | None:
    points, columns = rules.kpt_shape or (0, 0)
    if len(values) != 5 + points * columns:
        return f"pose needs {5 + points * columns} columns (class, box, {points} keypoints of {columns} values)"
    if columns == 3 and any(visibility not in (0, 1, 2) for visibility in values[7::3]):
        return "visibility of a keypoint is not 0, 1 or 2"
    coordinates = [value for index, value in enumerate(values[5:]) if index % columns < 2]
    return _box_problem(values[:5]) or (_OUT_OF_RANGE if _is_outside(coordinates) else None)


def _check_class(values: Sequence[float], rules: LabelRules) -> str | None:
    return None if len(values) == 1 else "classify needs only the class id"


def _box_problem(values: Sequence[float]) -> str | None:
    if _is_outside(values[1:]):
        return _OUT_OF_RANGE
    return _NO_AREA if values[3] <= 0 or values[4] <= 0 else None


def _outline_problem(values: Sequence[float]) -> str | None:
    if _is_outside(values[1:]):
        return _OUT_OF_RANGE
    x, y = values[1::2], values[2::2]
    twice_the_area = sum(x[i - 1] * y[i] - x[i] * y[i - 1] for i in range(len(x)))
    return _NO_AREA if abs(twice_the_area) < 1e-12 else None


def _is_outside(coordinates: Sequence[float]) -> bool:
    return min(coordinates) < -_SLACK or max(coordinates) > 1 + _SLACK


def _quoted(number: int, line: str) -> str:
    return f"line {number}: {line if len(line) <= 60 else line[:57] + '...'}"


_OUT_OF_RANGE = "coordinates outside of 0 to 1"
_NO_AREA = "zero area"
_CHECKS: dict[VisionTask, Callable[[Sequence[float], LabelRules], str | None]] = {
    VisionTask.CLASSIFY: _check_class,
    VisionTask.DETECT: _check_box,
    VisionTask.SEGMENT: _check_outline,
    VisionTask.POSE: _check_keypoints,
    VisionTask.OBB: _check_corners,
}
