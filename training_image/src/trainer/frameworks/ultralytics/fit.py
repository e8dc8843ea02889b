"""Train with ultralytics: build the model and its arguments, run the training, translate its errors.

Imports torch and ultralytics; ``setup.prepare`` must have run before this module is imported. Nothing is downloaded: a
model is a YAML that ultralytics ships or a file that exists.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from ultralytics import YOLO  # type: ignore[attr-defined]  # it is imported on first use
from ultralytics.cfg import get_cfg
from ultralytics.utils import DEFAULT_CFG_DICT, RANK
from ultralytics.utils.checks import check_yaml

from step_contract.tags import BATCH_METRIC
from trainer.errors import BadData, BadRequest, Bug, OutOfMemory, StepError, TryAgain, with_causes
from trainer.frameworks import torch_devices
from trainer.frameworks.interface import Fitted, Plan
from trainer.handover import EntryKind, journal
from trainer.machine import full_disk_error, full_disk_said, kills_for_memory

from .callbacks import EVENTS, EpochCallbacks, unsettle
from .checkpoint_files import HISTORY, best_of, last_of
from .model_files import find_file, find_weights, is_yaml

_WEIGHTS_ARGUMENTS = ("pretrained", "distill_model")
_RESERVED = ("task", "mode", "model", "cfg", "resume", "project", "name")
"""Arguments that would make it another training than the pipeline's; a checked catalog has none of them."""

_PICTURES = ("*.png", "labels.jpg", "train_batch0.jpg", "val_batch0_labels.jpg", "val_batch0_pred.jpg")

_LOST_PEER = ("NCCL", "DistBackendError", "DistNetworkError", "DistStoreError", "closed by peer", "reset by peer")
"""Texts of a GPU's process that lost another one, or the connection to it."""

_KERNEL_KILLED = "the kernel killed a process of the training for want of the host's memory"

_MEMORY_ERROR = re.compile(r"\w*MemoryError\b")
"""Names of Python's, numpy's and torch's memory errors in a GPU's process."""

_SCALE = re.compile(r"(\d+)([nslmx])(.+)?$")
"""The letter of a model's size in its name, as ultralytics reads it."""


def open_checkpoint(last: Path, epoch: int) -> YOLO:
    """Load a checkpoint to resume from.

    Asked to resume from a finished training, ultralytics silently trains another dataset from scratch.

    Raises:
        BadData: it cannot be read, is of another epoch, or is of a finished training.
    """
    try:
        model = YOLO(str(last))
    except Exception as error:  # what a damaged file raises while it is unpickled can be anything
        raise BadData(f"{last.name} cannot be loaded: {_first_line(error)}") from error
    found, optimizer = model.ckpt.get("epoch", -1), model.ckpt.get("optimizer")
    if not isinstance(found, int):
        raise BadData(f"{last.name} has the epoch {str(found)[:40]}; expected a number")
    if found < 0 or optimizer is None:
        raise BadData(
            f"{last.name} is of a finished training (epoch {found}, no optimizer); expected one to resume from"
        )
    if not isinstance(optimizer, dict) or not {"state", "param_groups"} <= optimizer.keys():
        raise BadData(f"{last.name} has an optimizer without state and param_groups; expected both")
    if found + 1 != epoch:
        raise BadData(f"{last.name} was saved after epoch {found + 1}; expected epoch {epoch}")
    return model


def fit(plan: Plan, checkpoint: YOLO | None = None) -> None:
    """Train to the end, from a checkpoint if there is one; the results are in the journal and in ``save_dir``.

    Raises:
        BadRequest: model, arguments or device are not usable, or the training diverged.
        BadData: ultralytics cannot use the dataset.
        OutOfMemory: the memory of device or host did not suffice.
        TryAgain: a disk is full, or a GPU or a process was lost.
    """
    _check_device(plan.device)
    arguments = _resumed_arguments(plan) if checkpoint else _new_arguments(plan)
    model = checkpoint or _new_model(plan)
    callbacks = EpochCallbacks(plan.handover, DEFAULT_CFG_DICT, rank, plan.training.minimum_batch)
    for event in EVENTS:
        model.add_callback(event, getattr(callbacks, event))
    try:
        with _translated_errors(plan):
            model.train(**arguments)
    except (OutOfMemory, TryAgain):
        raise
    except Exception as error:
        if full := full_disk_error(error, torch_devices.FULL_DISK):
            raise full from error
        raise


def fitted(save_dir: Path) -> Fitted:
    """Return the files that a finished training left."""
    best = best_of(save_dir)
    if not best.exists():  # no epoch had a fitness, for want of a validation
        shutil.copyfile(last_of(save_dir), best)
    pictures = {path for pattern in _PICTURES for path in save_dir.glob(pattern)}
    return Fitted(best, (save_dir / HISTORY, *sorted(pictures)))


def smallest_batch(plan: Plan) -> int:
    """Return the smallest batch that was tried; ultralytics itself halves it in the first epoch, up to three times."""
    entries, _ = journal.read(plan.handover)
    used = [int(entry.metrics[BATCH_METRIC]) for entry in entries if entry.kind is EntryKind.EPOCH]
    return min([plan.batch, *used])


def free_memory() -> None:
    """Release what a training that failed held on the device."""
    unsettle()
    torch_devices.free_device_memory()


def rank() -> int:
    """Return the rank of this process among several GPUs' processes, -1 if it is the only one."""
    return int(RANK)


def _new_model(plan: Plan) -> YOLO:
    """Build the model of a YAML, or load weights."""
    if is_yaml(plan.model):
        source = _find_yaml(plan.model, plan.models)
    else:
        source = str(find_weights(plan.model, plan.models, "model"))
    try:
        model = YOLO(source)
    except Exception as error:  # a YAML or a weights file from elsewhere can raise anything
        raise BadRequest(f"model {plan.model!r} cannot be loaded: {_first_line(error)}") from error
    if model.task != plan.task:
        raise BadRequest(
            f"model {plan.model!r} is for task {model.task}, but the pipeline's task is {plan.task}; "
            f"expected a model for {plan.task}"
        )
    return model


def _find_yaml(model: str, models: Path | None) -> str:
    """Return a YAML's path, or the name under which ultralytics ships it (yolo11n.yaml is yolo11.yaml at scale n)."""
    local = find_file(model, models)
    if local is not None:
        return str(local)
    if Path(model).name == model and any(_ships(name) for name in (_SCALE.sub(r"\1\3", model), model)):
        return model
    raise BadRequest(
        f"model {model!r} is no YAML that ultralytics ships (as yolo11n.yaml is) and no file "
        f"(looked below {models}); check the name, or give the path of a *.yaml or *.pt file"
    )


def _ships(name: str) -> bool:
    return bool(check_yaml(name, hard=False))  # type: ignore[no-untyped-call]  # ultralytics types it in part


def _new_arguments(plan: Plan) -> dict[str, Any]:
    own = {name: value for name, value in plan.training.arguments.items() if name not in _RESERVED}
    files = {
        name: str(find_weights(str(own[name]), plan.models, f"training.arguments.{name}"))
        for name in _WEIGHTS_ARGUMENTS
        if isinstance(own.get(name), str)
    }
    chosen = plan.training.model_dump(include={"epochs", "imgsz", "patience", "seed"})
    arguments = {**own, **files, **chosen, **_place(plan), "exist_ok": True, "save": True, "verbose": False}
    try:
        get_cfg(overrides=arguments)
    except (SyntaxError, TypeError, ValueError) as error:
        raise BadRequest(f"ultralytics refuses training.arguments: {_first_line(error)}") from error
    return arguments


def _resumed_arguments(plan: Plan) -> dict[str, Any]:
    """Return what may differ from the checkpoint's own arguments; ultralytics takes the rest from there."""
    return {"resume": True, **_place(plan)}


def _place(plan: Plan) -> dict[str, Any]:
    return {
        "data": str(plan.data),
        "save_dir": str(plan.save_dir),
        "device": plan.device,
        "batch": plan.batch,
        "workers": _workers(plan),
    }


def _workers(plan: Plan) -> int:
    """Return the number of data loader processes; on a CPU ultralytics uses none."""
    asked = plan.training.arguments.get("workers")
    return asked if isinstance(asked, int) else plan.workers


def _check_device(device: str) -> None:
    if device in ("cpu", "mps"):
        return
    visible = torch.cuda.device_count()
    wrong = [index for index in device.split(",") if not index.strip().isdigit() or int(index) >= visible]
    if wrong:
        raise BadRequest(
            f"device {device!r} is asked for, but {visible} GPUs are visible here; "
            "check resources.train.gpus and TRAINER_DEVICE"
        )


# -- errors -----------------------------------------------------------------------------------------------------------


@contextmanager
def _translated_errors(plan: Plan) -> Iterator[None]:
    kills_before = kills_for_memory()
    try:
        yield
    except StepError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise _out_of_memory(plan, error) from error
    except subprocess.CalledProcessError as error:
        raise _failure_of_a_rank(plan, error.returncode, kills_before) from error
    except (RuntimeError, ValueError) as error:
        meaning = _meaning(plan, with_causes(error), kills_before)
        if meaning is None:
            raise
        raise meaning from error


def _failure_of_a_rank(plan: Plan, code: int, kills_before: int) -> StepError:
    """Return the meaning of the failure of a GPU's process, by the reason that the first to fail left."""
    reason = journal.failure(plan.handover)
    if reason is not None and _MEMORY_ERROR.match(reason):
        return _out_of_memory(plan, reason)
    if reason is not None:
        meaning = _meaning(plan, reason, kills_before) or full_disk_said(reason, torch_devices.FULL_DISK)
        if meaning is not None:
            return meaning
        if not any(sign in reason for sign in _LOST_PEER):
            return Bug(f"a GPU's process ended with {code}: {reason}")
    if kills_for_memory() > kills_before:
        return _out_of_memory(plan, _KERNEL_KILLED)
    said = _first_line(reason) if reason is not None else "it was killed, or its output above says why"
    return TryAgain(
        f"a GPU's process was lost (exit code {code}): {said}; the next attempt resumes from the last checkpoint"
    )


def _meaning(plan: Plan, text: str, kills_before: int) -> StepError | None:
    """Return the meaning of a failure's text, or None for a bug."""
    if torch_devices.says_out_of_memory(text):
        return _out_of_memory(plan, torch_devices.telling_line(text, torch_devices.says_out_of_memory))
    if torch_devices.says_lost(text):
        if kills_for_memory() > kills_before:
            return _out_of_memory(plan, _KERNEL_KILLED)
        said = torch_devices.telling_line(text, torch_devices.says_lost)
        return TryAgain(
            f"a GPU or a process that reads data was lost: {said}; the next attempt resumes from the last checkpoint"
        )
    return _fault_of_request_or_data(plan, text)


def _fault_of_request_or_data(plan: Plan, text: str) -> StepError | None:
    first = _first_line(text)
    if text.startswith("Dataset '"):
        return BadData(f"ultralytics cannot use the dataset: {first}")
    if "state dict" in text or "state_dict" in text:
        return BadData(
            f"the checkpoint is of another model: {first}; expected the model that the run began with, "
            "trigger the run with force to start from scratch"
        )
    if "BatchNorm" in text:
        return BadRequest(f"ultralytics cannot train with batch {plan.batch}: {first}")
    if "NaN" in text:
        return BadRequest(f"the training diverged ({first}); lower lr0, or turn amp off, and check the labels")
    return None


def _out_of_memory(plan: Plan, reason: object) -> OutOfMemory:
    return OutOfMemory(
        f"out of memory with batch {plan.batch} at imgsz {plan.training.imgsz} on {plan.device}: {_first_line(reason)}"
    )


def _first_line(reason: object) -> str:
    text = (str(reason).splitlines() or [""])[0][:300]
    return f"{type(reason).__name__}: {text}" if isinstance(reason, BaseException) else text
