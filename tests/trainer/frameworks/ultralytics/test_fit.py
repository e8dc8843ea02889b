"""What ultralytics is told, what it is not allowed to do, and what its errors mean. No training here."""

import os
import re
import signal
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest

from step_contract.catalog import Training, VisionTask
from tests.trainer.conftest import make_pipeline
from trainer.errors import BadData, BadRequest, Bug, OutOfMemory, StepError, Terminated, TryAgain
from trainer.frameworks.interface import Plan
from trainer.frameworks.ultralytics import setup as ultralytics_setup
from trainer.frameworks.ultralytics.callbacks import EpochCallbacks
from trainer.frameworks.ultralytics.model_files import find_file, find_weights
from trainer.machine.host_memory import kills_for_memory
from trainer.storage.folders import root_folder


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    ultralytics_setup.prepare(tmp_path_factory.mktemp("config"))
    from trainer.frameworks.ultralytics import fit as detector

    return detector


@pytest.fixture
def make_plan(detector: ModuleType, tmp_path: Path) -> Any:
    def make(**overrides: Any) -> Any:
        training = make_pipeline().training
        plan = Plan(
            task=VisionTask.DETECT,
            model="yolo11n.yaml",
            training=training,
            batch=training.batch,
            data=tmp_path / "data.yaml",
            save_dir=tmp_path / "train",
            handover=tmp_path,
            device="cpu",
            workers=0,
            models=tmp_path / "store",
        )
        return replace(plan, **overrides)

    return make


def with_arguments(**arguments: Any) -> Training:
    return Training.model_validate({"arguments": arguments})


def refusal(detector: ModuleType, plan: Any) -> str:
    with pytest.raises(BadRequest) as raised:
        detector.fit(plan)
    return str(raised.value)


# -- models -----------------------------------------------------------------------------------------------------------


def test_weights_that_are_not_there_are_never_downloaded(detector: ModuleType, make_plan: Any, tmp_path: Path) -> None:
    text = refusal(detector, make_plan(model="yolo11n.pt"))
    assert f"model 'yolo11n.pt' is not there (looked for {tmp_path / 'store' / 'yolo11n.pt'})" in text
    assert "expected an absolute path, a path below DATASET_ROOT, or a *.yaml to train from scratch" in text


@pytest.mark.parametrize("model", ["yolo11n", "model.onnx", "https://example.org/yolo11n"])
def test_what_cannot_be_trained_is_refused(detector: ModuleType, make_plan: Any, model: str) -> None:
    text = refusal(detector, make_plan(model=model))
    assert text.startswith(f"model is {model!r}; expected a *.yaml that ultralytics ships, or the path of a *.pt file")


def test_an_unknown_yaml_is_refused(detector: ModuleType, make_plan: Any) -> None:
    assert "model 'yolo99z.yaml' is no YAML that ultralytics ships" in refusal(
        detector, make_plan(model="yolo99z.yaml")
    )


def test_a_model_of_another_task_is_refused(detector: ModuleType, make_plan: Any, tiny_weights: Path) -> None:
    text = refusal(detector, make_plan(model="yolo11n-seg.yaml"))
    assert text.startswith("model 'yolo11n-seg.yaml' is for task segment, but the pipeline's task is detect")
    text = refusal(detector, make_plan(model=str(tiny_weights), task=VisionTask.POSE))
    assert "is for task detect, but the pipeline's task is pose; expected a model for pose" in text


def test_a_damaged_weights_file_is_refused(detector: ModuleType, make_plan: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pt"
    broken.write_bytes(b"not a checkpoint")
    assert f"model {str(broken)!r} cannot be loaded" in refusal(detector, make_plan(model=str(broken)))


def test_weights_named_in_the_arguments_are_looked_for_as_well(detector: ModuleType, make_plan: Any) -> None:
    plan = make_plan(training=with_arguments(pretrained="other.pt"))
    assert "training.arguments.pretrained 'other.pt' is not there" in refusal(detector, plan)


def test_a_relative_model_begins_at_the_dataset_root(tmp_path: Path) -> None:
    (tmp_path / "모델").mkdir()
    weights = tmp_path / "모델" / "a.pt"
    weights.touch()
    root = root_folder(tmp_path.as_uri())
    assert find_weights("모델/a.pt", root, "model") == weights
    assert find_weights(weights.as_uri(), None, "model") == weights
    assert find_weights(str(weights), None, "model") == weights
    assert root_folder(str(tmp_path)) == tmp_path
    assert find_file("a.pt", root_folder("s3://bucket/store")) is None


# -- arguments and device ---------------------------------------------------------------------------------------------


def test_an_unknown_argument_is_refused_with_the_nearest(detector: ModuleType, make_plan: Any) -> None:
    text = refusal(detector, make_plan(training=with_arguments(lrate0=0.1)))
    assert text.startswith("ultralytics refuses training.arguments: SyntaxError: 'lrate0' is not a valid YOLO argument")


def test_a_wrong_type_is_refused(detector: ModuleType, make_plan: Any) -> None:
    text = refusal(detector, make_plan(training=with_arguments(lr0="fast")))
    assert re.search("ultralytics refuses training.arguments: TypeError: .*lr0", text)


def test_arguments_cannot_redirect_the_training(detector: ModuleType, make_plan: Any, tmp_path: Path) -> None:
    own = {"data": "coco8.yaml", "save_dir": "/elsewhere", "epochs": 3, "device": "0", "resume": True, "model": "a.pt"}
    arguments = detector._new_arguments(make_plan(training=with_arguments(**own)))
    assert (arguments["data"], arguments["save_dir"]) == (str(tmp_path / "data.yaml"), str(tmp_path / "train"))
    assert (arguments["epochs"], arguments["device"]) == (100, "cpu")
    assert {"resume", "model"}.isdisjoint(arguments)


@pytest.mark.parametrize("device", ["0", "0,1", "cuda:0"])
def test_gpus_that_are_not_there_are_refused(
    detector: ModuleType, make_plan: Any, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setattr(detector.torch.cuda, "device_count", lambda: 0)
    text = refusal(detector, make_plan(device=device))
    assert text.startswith(f"device {device!r} is asked for, but 0 GPUs are visible here; check resources.train.gpus")


# -- checkpoints ------------------------------------------------------------------------------------------------------


def test_a_finished_trainings_checkpoint_is_not_resumed_from(detector: ModuleType, tiny_weights: Path) -> None:
    with pytest.raises(BadData, match=r"is of a finished training \(epoch -1, no optimizer\)"):
        detector.open_checkpoint(tiny_weights, 3)


def test_a_checkpoint_that_cannot_be_read_is_refused(detector: ModuleType, tmp_path: Path) -> None:
    last = tmp_path / "last.pt"
    last.write_bytes(b"half a file")
    with pytest.raises(BadData, match=r"last\.pt cannot be loaded"):
        detector.open_checkpoint(last, 3)


@pytest.mark.parametrize(("error", "is_swallowed"), [(Terminated("SIGTERM"), False), (ValueError("a plot"), True)])
def test_told_to_stop_while_ultralytics_plots_the_training_does_not_go_on(
    detector: ModuleType, tmp_path: Path, error: BaseException, is_swallowed: bool
) -> None:
    """Its guard around plots swallows everything, and half an import of matplotlib broke a later plot."""
    from ultralytics.utils.plotting import plot_labels

    classes = Mock(max=Mock(side_effect=error))
    with nullcontext() if is_swallowed else pytest.raises(Terminated):
        plot_labels(Mock(), classes, names={}, save_dir=tmp_path)
    assert classes.max.called


# -- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (
            "CUDA out of memory. Tried to allocate 2.00 GiB",
            OutOfMemory,
            "out of memory with batch 8 at imgsz 64 on cpu",
        ),
        ("DefaultCPUAllocator: can't allocate memory: you tried", OutOfMemory, "out of memory with batch 8"),
        ("DataLoader worker (pid 7) is killed by signal: Killed. ", OutOfMemory, "out of memory with batch 8"),
        ("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR", OutOfMemory, "out of memory with batch 8"),
        ("CUDA error: an illegal memory access was encountered", TryAgain, "was lost: CUDA error: an illegal memory"),
        (
            "CUDA error: uncorrectable ECC error encountered\nmore",
            TryAgain,
            "encountered; the next attempt resumes from the",
        ),
        ("Dataset '/x/data.yaml' error: no images\nmore", BadData, "ultralytics cannot use the dataset: Dataset '/x"),
        ("Training failed: NaN persisted for 4 epochs", BadRequest, "the training diverged (Training failed: NaN"),
    ],
)
def test_ultralytics_failures_say_what_they_mean(
    detector: ModuleType, make_plan: Any, text: str, kind: type[StepError], message: str
) -> None:
    with pytest.raises(kind, match=re.escape(message)), detector._translated_errors(make_plan()):
        raise RuntimeError(text)


class _Dying:
    """A dataset whose worker gets a signal while it is waited for, as torch reads it."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        time.sleep(0.3)  # so long that the error comes while the main process waits: the cause only says why
        os.kill(os.getpid(), self._number)
        return index


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (signal.SIGKILL, OutOfMemory, r"out of memory with batch 8 .* is killed by signal: Killed"),
        (
            signal.SIGSEGV,
            TryAgain,
            r"reads data was lost: .* signal: Segmentation fault.*; the next attempt resumes from",
        ),
    ],
)
def test_a_worker_that_reads_data_and_dies_is_worth_another_try(
    detector: ModuleType, make_plan: Any, number: int, kind: type[StepError], message: str
) -> None:
    from torch.utils.data import DataLoader

    with pytest.raises(kind, match=message) as caught, detector._translated_errors(make_plan()):
        list(DataLoader(_Dying(number), num_workers=1))
    assert "exited unexpectedly" in str(caught.value.__cause__)


def test_the_reason_that_a_gpus_process_leaves_has_its_causes(
    detector: ModuleType, make_plan: Any, tmp_path: Path
) -> None:
    error = RuntimeError("DataLoader worker (pid(s) 7) exited unexpectedly")
    error.__cause__ = RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
    callbacks = EpochCallbacks(tmp_path, {}, lambda: 1)
    try:
        raise error
    except RuntimeError:
        callbacks.teardown(None)
    with pytest.raises(OutOfMemory, match="is killed by signal: Killed"), detector._translated_errors(make_plan()):
        raise detector.subprocess.CalledProcessError(1, ["torchrun"])


@pytest.mark.parametrize(
    "text",
    [
        "CUDA error: device-side assert triggered",
        "CUDA error: no kernel image is available for execution on the device",
    ],
)
def test_an_error_of_cuda_that_comes_again_is_no_lost_gpu(detector: ModuleType, make_plan: Any, text: str) -> None:
    with pytest.raises(RuntimeError, match=text), detector._translated_errors(make_plan()):
        raise RuntimeError(text)


def test_memory_errors_of_python_and_torch_are_out_of_memory(detector: ModuleType, make_plan: Any) -> None:
    for error in (MemoryError("no room"), detector.torch.OutOfMemoryError("CUDA out of memory")):
        with pytest.raises(OutOfMemory, match="out of memory with batch 8"), detector._translated_errors(make_plan()):
            raise error


def test_a_checkpoint_that_torch_cannot_write_is_a_full_disk(
    detector: ModuleType, make_plan: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = detector.torch

    def train(*_: Any, **__: Any) -> None:
        torch.save({"weights": torch.zeros(100_000)}, "/dev/full")

    monkeypatch.setattr(detector.YOLO, "train", train)
    with pytest.raises(TryAgain, match=r"no room to write a checkpoint .*TRAINER_WORK_DIR"):
        detector.fit(make_plan())


def test_a_batch_that_leaves_a_single_small_picture_is_refused(detector: ModuleType, make_plan: Any) -> None:
    text = "final batch=1 training at imgsz=32 gives BatchNorm a single value per channel; change batch"
    with pytest.raises(BadRequest, match=f"cannot train with batch 8: {text}"):  # noqa: SIM117
        with detector._translated_errors(make_plan()):
            raise ValueError(text)


def test_an_unknown_failure_stays_what_it_is(detector: ModuleType, make_plan: Any) -> None:
    with pytest.raises(RuntimeError, match="shape mismatch"), detector._translated_errors(make_plan()):
        raise RuntimeError("shape mismatch")


@pytest.mark.parametrize(
    ("reason", "kind", "message"),
    [
        ("OutOfMemoryError: CUDA out of memory. Tried to", OutOfMemory, "batch 8 .*CUDA out of memory"),
        ("MemoryError: ", OutOfMemory, "out of memory with batch 8"),
        ("_ArrayMemoryError: Unable to allocate 3.0 GiB", OutOfMemory, "Unable to allocate 3.0 GiB"),
        ("KeyError: 'a'", Bug, "^a GPU's process ended with 1: KeyError: 'a'$"),
        (
            "OSError: [Errno 28] No space left on device: '/w/last.pt'",
            TryAgain,
            "No space .*last.pt'; expected TRAINER_W",
        ),
        ("OSError: [Errno 122] Disk quota exceeded", TryAgain, "quota exceeded; expected TRAINER_WORK_DIR"),
        ("OSError: [Errno 30] Read-only file system: 'a'", TryAgain, "on a disk that can be written"),
        ("RuntimeError: PytorchStreamWriter failed writing file", TryAgain, "failed writing file; expected TRAINER"),
        (
            "DistBackendError: NCCL error in: Process\nmore",
            TryAgain,
            "NCCL error in: Process; the next attempt resumes",
        ),
        ("DistNetworkError: The client socket has failed", TryAgain, "a GPU's process was lost"),
        (
            "RuntimeError: [gloo/pair.cc:538] Connection closed by peer [127.0.0.1]",
            TryAgain,
            "was lost .*closed by peer",
        ),
        ("RuntimeError: NCCL Error 1: Cuda failure 'out of memory'", OutOfMemory, "out of memory with batch 8"),
    ],
)
def test_a_gpus_process_that_failed_says_why(
    detector: ModuleType, make_plan: Any, tmp_path: Path, reason: str, kind: type[StepError], message: str
) -> None:
    error = detector.subprocess.CalledProcessError(1, ["torchrun"])
    detector.journal.note_failure(tmp_path, reason)
    with pytest.raises(kind, match=message), detector._translated_errors(make_plan()):
        raise error


def test_a_gpus_process_that_is_killed_is_worth_another_try(detector: ModuleType, make_plan: Any) -> None:
    with pytest.raises(TryAgain, match=r"lost \(exit code 1\): it was killed, or its output above says why; the next"):  # noqa: SIM117
        with detector._translated_errors(make_plan()):
            raise detector.subprocess.CalledProcessError(1, ["torchrun"])


@pytest.mark.parametrize("reason", [None, "DistBackendError: NCCL error in: ProcessGroupNCCL.cpp:94"])
def test_a_gpus_process_that_the_kernel_kills_for_memory_is_out_of_memory(
    detector: ModuleType, make_plan: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: str | None
) -> None:
    if reason:
        detector.journal.note_failure(tmp_path, reason)
    monkeypatch.setattr(detector, "kills_for_memory", iter([4, 5]).__next__)
    with (
        pytest.raises(
            OutOfMemory, match=r"with batch 8 .*: the kernel killed a process of the training for want of the"
        ),
        detector._translated_errors(make_plan()),
    ):
        raise detector.subprocess.CalledProcessError(1, ["torchrun"])


@pytest.mark.parametrize(("cgroup", "where"), [("0::/\n", "."), ("3:cpu:/\n0::/a.slice/b.scope\n", "a.slice/b.scope")])
def test_what_the_kernel_killed_for_memory_is_counted(tmp_path: Path, cgroup: str, where: str) -> None:
    assert kills_for_memory(tmp_path) == 0
    (tmp_path / "proc" / "self").mkdir(parents=True)
    (tmp_path / "proc" / "self" / "cgroup").write_text(cgroup)
    events = tmp_path / "sys" / "fs" / "cgroup" / where / "memory.events"
    events.parent.mkdir(parents=True)
    # As Linux 6.12 writes it.
    events.write_text("low 0\nhigh 0\nmax 31\noom 2\noom_kill 7\noom_group_kill 0\n")
    assert kills_for_memory(tmp_path) == 7
