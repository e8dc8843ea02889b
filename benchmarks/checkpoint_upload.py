"""An epoch of the train step whose checkpoints go to a slow artifact store, against one without checkpoints."""

import itertools
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.pairs import TRAINER_BIN, Ratio, compare, seconds_of
from benchmarks.slow_store import slow_store
from benchmarks.trainer_steps import ARGUMENTS, TRAINING, environment_in, inputs_of, pipeline_on
from include.step_contract.step import Step
from include.step_contract.transport import PROGRESS_TAG

BYTES_PER_SECOND = 5_000_000
EPOCHS = 16
_LEAST_CHECKPOINTS_BYTES = 20_000_000
"""Several checkpoints; with less, the uploads were not beside the epochs."""

_WITHOUT_CHECKPOINTS = """
import sys
from trainer import checkpoints
from trainer.__main__ import main
checkpoints.publish = lambda *_arguments, **_options: None
sys.exit(main(["train"]))
"""


def checkpoint_upload(folder: Path) -> Ratio:
    """Compare the median time from the end of an epoch to the end of the next.

    Against a training that neither copies nor uploads checkpoints, so that all that they take counts.
    """
    environment = environment_in(folder)
    days = ["--days", "2026-01-01", "--pictures", "200"]
    sample = [TRAINER_BIN / "trainer", "sample-data", "--root", folder / "store", *days]
    subprocess.run(list(map(str, sample)), check=True, capture_output=True)
    pipeline = pipeline_on("2026-01-01", TRAINING | {"arguments": ARGUMENTS, "epochs": EPOCHS})
    mlflow = TRAINER_BIN / "mlflow"
    seconds_of([mlflow, "db", "upgrade", environment["MLFLOW_TRACKING_URI"]], environment, folder)
    with slow_store(folder / "artifacts", BYTES_PER_SECOND) as store:
        create = [mlflow, "experiments", "create", "--experiment-name", pipeline.name]
        seconds_of([*create, "--artifact-location", store.address], environment, folder)

        def epoch_seconds(command: Sequence[str | Path], number: int) -> float:
            preprocess = environment | inputs_of(Step.PREPROCESS, pipeline, number)
            seconds_of([TRAINER_BIN / "trainer", Step.PREPROCESS.value], preprocess, folder)
            return _epoch_seconds(command, environment | inputs_of(Step.TRAIN, pipeline, number), folder)

        def ours(pair: int) -> float:
            before = store.received_bytes
            seconds = epoch_seconds([TRAINER_BIN / "trainer", Step.TRAIN.value], 2 * pair)
            received = store.received_bytes - before
            print(f"  {received / 1e6:.0f} MB were uploaded in {EPOCHS} epochs of {seconds:.2f} s", flush=True)
            if received < _LEAST_CHECKPOINTS_BYTES:
                raise RuntimeError(f"only {received:,} bytes were uploaded; expected {_LEAST_CHECKPOINTS_BYTES:,}")
            return seconds

        def bare(pair: int) -> float:
            return epoch_seconds([TRAINER_BIN / "python", "-c", _WITHOUT_CHECKPOINTS], 2 * pair + 1)

        name = f"epoch with checkpoint upload to a slow store ({BYTES_PER_SECOND // 10**6} MB/s), median"
        return compare(name, "the same training without checkpoints", 1.03, ours, bare)


def _epoch_seconds(command: Sequence[str | Path], environment: dict[str, str], folder: Path) -> float:
    """Train and return the median time between the lines that end two epochs."""
    log = folder / "train.log"
    with log.open("wb") as err:
        training = subprocess.Popen(
            list(map(str, command)),
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        )
        assert training.stdout is not None
        ends = [time.perf_counter() for line in training.stdout if line.startswith(PROGRESS_TAG)]
    if training.wait() != 0 or len(ends) != EPOCHS:
        tail = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{len(ends)} epochs, exit code {training.returncode}\n{tail}")
    return statistics.median(after - before for before, after in itertools.pairwise(ends))
