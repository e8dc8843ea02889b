"""Tests that a full disk is distinguished from a bug; /dev/full refuses every write as a full disk does."""

import errno
from pathlib import Path

import pytest

from trainer.errors import BadData, Bug, TryAgain
from trainer.machine.full_disk import full_disk_is_try_again


def test_a_full_disk_is_try_again() -> None:
    with pytest.raises(TryAgain, match=r"No space left on device.*TRAINER_WORK_DIR"), full_disk_is_try_again():
        Path("/dev/full").write_text("x")


def test_the_file_is_named_where_the_system_names_it() -> None:
    with pytest.raises(TryAgain, match=r"Disk quota exceeded: /scratch/labels\.cache"), full_disk_is_try_again():
        raise OSError(errno.EDQUOT, "Disk quota exceeded", "/scratch/labels.cache")


def test_what_a_full_disk_led_to_is_recognised() -> None:
    bug = Bug("ultralytics failed")
    bug.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(TryAgain, match="No space left on device"), full_disk_is_try_again():
        raise bug


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "No such file"), BadData("an image is gone"), ValueError("x")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, full_disk_is_try_again():
        raise error
    assert caught.value is error
