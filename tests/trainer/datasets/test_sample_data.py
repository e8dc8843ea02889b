"""Tests of the demo's dataset: real digits with exact boxes, the same for the same arguments."""

import threading
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.datasets.sample_data import write_days, write_digits

SIDE = 96


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def boxes(folder: Path, stem: str) -> list[tuple[int, int, int, int]]:
    """Return left, top, right, bottom in pixels of each label line."""
    found = []
    for line in (folder / "labels" / f"{stem}.txt").read_text(encoding="utf-8").splitlines():
        x, y, width, height = (float(word) * SIDE for word in line.split()[1:])
        corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        found.append((round(corners[0]), round(corners[1]), round(corners[2]), round(corners[3])))
    return found


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    write_digits(tmp_path / "a", pictures=5, seed=1)
    write_digits(tmp_path / "b", pictures=5, seed=1)
    write_digits(tmp_path / "c", pictures=5, seed=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert not set(contents(tmp_path / "a").values()) & {
        content for key, content in contents(tmp_path / "c").items() if key.endswith(".png")
    }


def test_every_box_frames_a_digit_and_nothing_is_drawn_outside(tmp_path: Path) -> None:
    write_digits(tmp_path / "set", pictures=20, seed=3)
    for path in (tmp_path / "set" / "images").iterdir():
        pixels = np.array(Image.open(path))
        assert pixels.shape == (SIDE, SIDE)
        assert 3 <= len(boxes(tmp_path / "set", path.stem)) <= 6
        for left, top, right, bottom in boxes(tmp_path / "set", path.stem):
            assert (right - left, bottom - top) == (24, 24)
            assert pixels[top:bottom, left:right].any()
            pixels[top:bottom, left:right] = 0
        assert not pixels.any()


def test_boxes_of_a_picture_do_not_overlap(tmp_path: Path) -> None:
    write_digits(tmp_path / "set", pictures=20, seed=4)
    for path in (tmp_path / "set" / "images").iterdir():
        covered = np.zeros((SIDE, SIDE), int)
        for left, top, right, bottom in boxes(tmp_path / "set", path.stem):
            covered[top:bottom, left:right] += 1
        assert covered.max() == 1


def test_all_ten_classes_appear_about_equally_often(tmp_path: Path) -> None:
    write_digits(tmp_path / "set", pictures=40, seed=5)
    lines = [line for path in (tmp_path / "set" / "labels").iterdir() for line in path.read_text().splitlines()]
    counts = [sum(line.startswith(f"{digit} ") for line in lines) for digit in range(10)]
    assert max(counts) - min(counts) <= 1


def test_each_day_has_its_own_pictures_and_a_second_call_keeps_them(tmp_path: Path) -> None:
    days = [date(2026, 3, 1), date(2026, 3, 2)]
    folders = write_days(tmp_path / "한글 이름", days, 3)
    assert [folder.name for folder in folders] == ["2026-03-01", "2026-03-02"]
    first, second = (contents(folder) for folder in folders)
    assert first["images/00000.png"] != second["images/00000.png"]
    (folders[0] / "mine.txt").write_text("kept")
    assert write_days(tmp_path / "한글 이름", days, 3) == folders
    assert (folders[0] / "mine.txt").read_text() == "kept"


def test_an_interrupted_writer_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(KeyboardInterrupt):
        write_digits(tmp_path / "set", pictures=3, seed=0)
    assert list(tmp_path.iterdir()) == []


def test_two_writers_of_the_same_day_end_with_one_complete_folder(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def write() -> None:
        try:
            write_days(tmp_path, [date(2026, 3, 1)], 20)
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []
    assert [path.name for path in tmp_path.iterdir()] == ["2026-03-01"]
    assert len(list((tmp_path / "2026-03-01" / "images").iterdir())) == 20


def test_a_folder_that_exists_is_not_written_into(tmp_path: Path) -> None:
    with pytest.raises(FileExistsError, match="expected a new folder for the sample data"):
        write_digits(tmp_path, pictures=1, seed=0)


@pytest.mark.parametrize(("pictures", "side"), [(0, 96), (1, 95)])
def test_impossible_arguments_are_refused(tmp_path: Path, pictures: int, side: int) -> None:
    with pytest.raises(ValueError, match="expected at least 1 of at least 96"):
        write_digits(tmp_path / "set", pictures=pictures, seed=0, side=side)
