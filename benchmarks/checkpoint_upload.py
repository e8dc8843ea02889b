"""Compare an epoch of the train step that uploads checkpoints to a slow artifact store with one without checkpoints.

Both alternate within one training, because two consecutive trainings differ by more than the measured effect.
"""

import itertools
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.pairs import PAIRS, TRAINER_BIN, Ratio, compare, seconds_of
from benchmarks.slow_store import SlowStore, slow_store
from benchmarks.trainer_steps import ARGUMENTS, TRAINING, environment_in, inputs_of, pipeline_on
from include.step_contract.order import Step
from include.step_contract.transport import PROGRESS_TAG

BYTES_PER_SECOND = 5_000_000
BLOCK = 10
_TRANSITION = 6
"""Epochs at a block's begin that do not count: the line is still busy with the block before, or not yet busy."""
_LEAST_BLOCK_BYTES = 10_000_000
"""Half a checkpoint; with less, the uploads were not beside the epochs."""

_TRAIN = f"""
import sys
from trainer.__main__ import main
from trainer.frameworks.ultralytics import checkpoint_files
publish = checkpoint_files.publish
def in_turn(handover, save_dir, epoch, **options):
    if (epoch - 1) // {BLOCK} % 2 == 0:
        publish(handover, save_dir, epoch, **options)
checkpoint_files.publish = in_turn
sys.exit(main(["train"]))
"""


def checkpoint_upload(folder: Path) -> Ratio:
    """Compare the median time from the end of an epoch to the end of the next.

    Against epochs whose checkpoints are neither copied nor uploaded, so that all that they take counts.
    """
    environment = environment_in(folder)
    days = ["--days", "2026-01-01", "--pictures", "200"]
    sample = [TRAINER_BIN / "trainer", "sample-data", "--root", folder / "store", *days]
    subprocess.run(list(map(str, sample)), check=True, capture_output=True)
    pipeline = pipeline_on("2026-01-01", TRAINING | {"arguments": ARGUMENTS, "epochs": 2 * PAIRS * BLOCK})
    mlflow = TRAINER_BIN / "mlflow"
    seconds_of([mlflow, "db", "upgrade", environment["MLFLOW_TRACKING_URI"]], environment, folder)
    with slow_store(folder / "artifacts", BYTES_PER_SECOND) as store:
        create = [mlflow, "experiments", "create", "--experiment-name", pipeline.name]
        seconds_of([*create, "--artifact-location", store.address], environment, folder)
        preprocess = environment | inputs_of(Step.PREPROCESS, pipeline, 0)
        seconds_of([TRAINER_BIN / "trainer", Step.PREPROCESS.value], preprocess, folder)
        blocks = _blocks(environment | inputs_of(Step.TRAIN, pipeline, 0), folder, store)
    name = f"epoch with checkpoint upload to a slow store ({BYTES_PER_SECOND // 10**6} MB/s), median"
    with_upload, without = blocks[::2], blocks[1::2]
    against = "epochs of the same training without checkpoints"
    return compare(name, against, 1.03, with_upload.__getitem__, without.__getitem__)


def _blocks(environment: dict[str, str], folder: Path, store: SlowStore) -> list[float]:
    """Train and return the median epoch of each block, in seconds."""
    log, ends, received = folder / "train.log", [time.perf_counter()], [0]
    with log.open("wb") as err:
        command = [str(TRAINER_BIN / "python"), "-c", _TRAIN]
        training = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=err, text=True)
        for line in training.stdout or ():
            if line.startswith(PROGRESS_TAG):
                ends.append(time.perf_counter())
                received.append(store.received_bytes)
    if training.wait() != 0 or len(ends) != 2 * PAIRS * BLOCK + 1:
        tail = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{len(ends) - 1} epochs, exit code {training.returncode}\n{tail}")
    epochs = [after - before for before, after in itertools.pairwise(ends)]
    medians = []
    for number, begin in enumerate(range(0, len(epochs), BLOCK)):
        counted = slice(begin + _TRANSITION, begin + BLOCK)
        sent = received[counted.stop] - received[counted.start]
        if (sent >= _LEAST_BLOCK_BYTES) != (number % 2 == 0):
            raise RuntimeError(f"{sent:,} bytes were uploaded in block {number}; see _LEAST_BLOCK_BYTES")
        print(f"  {sent / 1e6:.0f} MB were uploaded in epochs {counted.start + 1} to {counted.stop}", flush=True)
        medians.append(statistics.median(epochs[counted]))
    return medians
