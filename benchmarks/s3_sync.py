"""Compare a dataset's sync from S3 with awscli's copy of the same objects, and with a sync that finds no change.

A sync is what preprocess does with a source: list it, fetch unknown objects, compare each with the listing, hash it,
put it into the cache under its hash, and record its facts, for which images are decoded. Both clients have their
default settings. Needs nginx, and awscli in .local/awscli, installed there if the package index answers.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.containers import Unavailable
from benchmarks.pairs import ROOT, TRAINER_BIN, Measurement, Ratio, compare, seconds_of
from benchmarks.s3_stand_in import BUCKET, PREFIX, s3_stand_in

SMALL_OBJECTS = 10_000
LARGE_OBJECTS = 20
LARGE_BYTES = 100_000_000
_AWSCLI = "awscli==1.46.3"
_URI = f"s3://{BUCKET}/{PREFIX.rstrip('/')}"

_IMAGES = """
import os, sys
from pathlib import Path
import numpy as np
from PIL import Image
folder, count, size = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
random = np.random.default_rng(0)
for number in range(count):
    path = folder / f"{number:05}.jpg"
    coarse = Image.fromarray(random.integers(0, 255, (16, 16, 3), dtype=np.uint8))
    coarse.resize((224, 224)).save(path, quality=90)
    if size:  # behind the image's end, where no decoder looks; zeros take no room on the disk
        os.truncate(path, size)
"""

_SYNC = """
import sys, time
from trainer.datasets import SourceReader
from trainer.settings import read_settings
from trainer.storage import DatasetStorage
from trainer.storage.s3 import S3Storage

begin = time.perf_counter()
uri, settings = sys.argv[1], read_settings()
storage = DatasetStorage(settings)
objects = storage.list_objects(uri)
reader = SourceReader(storage, settings.trainer_cache_dir, uri, objects)
images = reader.images(objects)
reader.save()
print("SECONDS", time.perf_counter() - begin)
assert len(images) == int(sys.argv[2]), len(images)
"""


def sync_small_objects(folder: Path) -> Ratio:
    """Compare the first sync of many small images, decoding included, with awscli's copy of them."""
    aws = _awscli()
    with _served_images(folder, SMALL_OBJECTS) as endpoint:
        name = f"first sync of {SMALL_OBJECTS:,} small objects from S3, whole process"
        against = "`aws s3 cp --recursive` of the same, whole process"
        ours, bare = _first_sync(folder, endpoint, SMALL_OBJECTS), _copy(folder, aws, endpoint, SMALL_OBJECTS)
        return compare(name, against, 0.7, ours, bare)


def sync_large_objects(folder: Path) -> Ratio:
    """Compare the first sync of large objects, whose decoding takes no time, with awscli's copy of them."""
    aws = _awscli()
    with _served_images(folder, LARGE_OBJECTS, LARGE_BYTES) as endpoint:
        name = f"first sync of {LARGE_OBJECTS} objects of {LARGE_BYTES // 10**6} MB, whole process"
        against = "`aws s3 cp --recursive` of the same, whole process"
        ours, bare = _first_sync(folder, endpoint, LARGE_OBJECTS), _copy(folder, aws, endpoint, LARGE_OBJECTS)
        return compare(name, against, 1.0, ours, bare)


def sync_again(folder: Path) -> Ratio:
    """Compare the sync of images that the cache has with the first one.

    The sync's own time: the start of the process, a second of imports, is the same for both.
    """
    first: dict[int, float] = {}
    with _served_images(folder, SMALL_OBJECTS) as endpoint:

        def again(pair: int) -> float:
            cache = folder / f"cache{pair}"
            first[pair] = _sync_seconds(folder, cache, endpoint)
            seconds = _sync_seconds(folder, cache, endpoint)
            shutil.rmtree(cache)
            return seconds

        name = f"second sync of {SMALL_OBJECTS:,} objects from S3, nothing changed"
        return compare(name, "first sync", 0.05, again, lambda pair: first[pair])


@contextmanager
def _served_images(folder: Path, count: int, size: int = 0) -> Iterator[str]:
    """Serve images, no two the same, each of about 10 kB or padded to ``size`` bytes; yield the store's address."""
    objects = folder / "objects"
    objects.mkdir()
    make = [TRAINER_BIN / "python", "-c", _IMAGES, objects, count, size]
    subprocess.run(list(map(str, make)), check=True)
    with s3_stand_in(folder, objects) as endpoint:
        yield endpoint


def _first_sync(folder: Path, endpoint: str, count: int) -> Measurement:
    def ours(_pair: int) -> float:
        cache = folder / "cache"
        os.sync()  # neither of the two waits for the other's writes
        command = [TRAINER_BIN / "python", "-c", _SYNC, _URI, str(count)]
        seconds = seconds_of(command, _environment(endpoint) | {"TRAINER_CACHE_DIR": str(cache)}, folder)
        _check_complete(cache / "objects", count)
        return seconds

    return ours


def _copy(folder: Path, aws: Path, endpoint: str, count: int) -> Measurement:
    def bare(_pair: int) -> float:
        target = folder / "copy"
        os.sync()
        command = [aws, "--endpoint-url", endpoint, "s3", "cp", "--recursive", "--only-show-errors", _URI, target]
        seconds = seconds_of(command, _environment(endpoint), folder)
        _check_complete(target, count)
        return seconds

    return bare


def _sync_seconds(folder: Path, cache: Path, endpoint: str) -> float:
    command = [str(TRAINER_BIN / "python"), "-c", _SYNC, _URI, str(SMALL_OBJECTS)]
    environment = _environment(endpoint) | {"TRAINER_CACHE_DIR": str(cache)}
    done = subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True, text=True)
    return float(done.stdout.split("SECONDS")[1])


def _check_complete(folder: Path, count: int) -> None:
    """Count the files that arrived, and remove them."""
    arrived = sum(path.is_file() for path in folder.rglob("*"))
    if arrived != count:
        raise RuntimeError(f"{arrived:,} of {count:,} objects arrived in {folder.name}")
    shutil.rmtree(folder if folder.name == "copy" else folder.parent)


def _environment(endpoint: str) -> dict[str, str]:
    """Return the environment of both: made-up credentials, nothing of this machine's own settings of AWS."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
    return inherited | {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "S3_ENDPOINT_URL": endpoint,
    }


def _awscli() -> Path:
    """Return awscli's program, installed apart from the project's environments."""
    home, uv = ROOT / ".local/awscli", ROOT / ".venv/uv/bin/uv"
    program = home / "bin/aws"
    install = [
        [uv, "venv", "--quiet", "--clear", "--python", TRAINER_BIN / "python", home],
        [uv, "pip", "install", "--quiet", "--python", home / "bin/python", _AWSCLI],
    ]
    for command in [] if program.exists() else install:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"{_AWSCLI} cannot be installed here ({(done.stderr.strip() or 'no word')[-200:]})")
    return program
