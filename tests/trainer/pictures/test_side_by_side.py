from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from step_contract.catalog import VisionTask
from trainer.frameworks.interface import Finding
from trainer.pictures.confusion import draw_confusion
from trainer.pictures.side_by_side import Row, draw, truth

NAMES = ("개", "cat")


@pytest.mark.parametrize(
    ("task", "label", "box"),
    [
        (VisionTask.DETECT, "1 0.5 0.5 0.5 0.2", (50.0, 20.0, 150.0, 30.0)),
        (VisionTask.POSE, "1 0.5 0.5 0.5 0.2 0.5 0.5 2", (50.0, 20.0, 150.0, 30.0)),
        (VisionTask.SEGMENT, "1 0.25 0.4 0.75 0.4 0.5 0.6", (50.0, 20.0, 150.0, 30.0)),
        (VisionTask.SEGMENT, "1 0.5 0.5 0.5 0.2", (50.0, 20.0, 150.0, 30.0)),
        (VisionTask.OBB, "1 0.25 0.5 0.5 0.4 0.75 0.5 0.5 0.6", (50.0, 20.0, 150.0, 30.0)),
    ],
)
def test_labels_of_every_task_become_boxes_in_pixels(
    task: VisionTask, label: str, box: tuple[float, float, float, float]
) -> None:
    (found,) = truth(label + "\n", NAMES, task, 200, 50)
    assert found.label == "cat"
    assert found.box == pytest.approx(box)


def test_a_class_is_about_the_whole_picture() -> None:
    assert truth("0", NAMES, VisionTask.CLASSIFY, 10, 10) == [Finding("개")]


def test_an_image_without_objects_has_no_boxes() -> None:
    assert truth("", NAMES, VisionTask.DETECT, 10, 10) == []


def test_boxes_are_drawn_where_they_are_and_only_in_their_column(tmp_path: Path) -> None:
    picture = tmp_path / "black.png"
    Image.new("L", (100, 50)).save(picture)
    found = [Finding("cat", 0.9, (10, 10, 60, 40))]
    sheet = draw(["truth", "candidate"], [Row(picture, [[], found])], tmp_path / "sheet.png")
    pixels = np.asarray(Image.open(sheet).convert("L")).astype(int)
    left, right = pixels[22:182, :320], pixels[22:182, 326:646]
    assert left.max() == 0
    assert right[80, 32] > 60  # the left edge, at 10 of 100 pixels
    assert right[80, 100] == 0


def test_a_box_beyond_the_picture_or_turned_inside_out_is_no_error(tmp_path: Path) -> None:
    picture = tmp_path / "black.png"
    Image.new("RGB", (40, 90)).save(picture)
    findings = [Finding("개", 0.5, (-20, -20, 400, 400)), Finding("cat", 0.5, (30, 30, 10, 10))]
    assert draw(["truth"], [Row(picture, [findings])], tmp_path / "sheet.jpg").stat().st_size > 1000


def test_a_confusion_matrix_is_darkest_where_most_is(tmp_path: Path) -> None:
    picture = draw_confusion("candidate", [[9, 1, 0], [0, 0, 2], [1, 1, 0]], NAMES, tmp_path / "matrix.png")
    pixels = np.asarray(Image.open(picture).convert("L")).astype(int)
    corner = (24 + 120, 120)
    shades = [
        [pixels[corner[0] + row * 34 + 4, corner[1] + column * 34 + 4] for column in range(3)] for row in range(3)
    ]
    assert shades[0][0] < shades[0][1] < shades[0][2]
    assert shades[1][2] == min(map(min, shades))


def test_a_matrix_of_many_classes_is_small_and_without_names(tmp_path: Path) -> None:
    many = [str(number) for number in range(200)]
    picture = draw_confusion("champion", np.eye(201).tolist(), many, tmp_path / "matrix.png")
    with Image.open(picture) as opened:
        assert max(opened.size) < 2500
