"""Let ultralytics' DDP run without GPUs: each rank is a process on the CPU, and they communicate by gloo.

A stand-in for the devices and for nothing else: launcher, ranks, pickled callbacks, gradients and data are those of
ultralytics and torch. Python imports this module by itself in every process whose PYTHONPATH names its folder; it acts
in ranks, if TEST_RANKS is set. TEST_MEMORY_FOR_BATCH is the largest batch that rank 1 has memory for, from the second
epoch on; TEST_EPOCH_SECONDS is what an epoch takes at least.
"""

import os
import time
from datetime import timedelta
from typing import Any

PROCESSOR = "cpu"
_PATIENCE = timedelta(seconds=120)


def install() -> None:
    """Put the stand-in into torch and ultralytics of this process."""
    import torch
    from torch import distributed
    from ultralytics.engine import trainer, validator

    class OnProcessors(torch.nn.parallel.DistributedDataParallel):
        def __init__(self, module: torch.nn.Module, device_ids: object = None, **options: Any) -> None:
            super().__init__(module, **options)

    class Backend:
        def current_device(self) -> int:
            return 0

    def set_up(self: Any) -> None:
        self.device, self.accelerator = torch.device(PROCESSOR), torch.cpu
        distributed.init_process_group("gloo", timeout=_PATIENCE, rank=trainer.RANK, world_size=self.world_size)

    def model_on_processor(*arguments: Any, device: object = None, **options: Any) -> Any:
        return original(*arguments, device=torch.device(PROCESSOR), **options)

    original = validator.AutoBackend
    torch.nn.parallel.DistributedDataParallel = OnProcessors  # type: ignore[misc]
    trainer.select_device = lambda *_, **__: torch.device("cuda", 0)
    trainer.BaseTrainer._setup_ddp = set_up
    validator.get_torch_device_backend = lambda _: Backend()
    validator.AutoBackend = model_on_processor


def begin_epochs_with(batch: float, seconds: float) -> None:
    """Let rank 1 run out of memory with a larger batch, and every epoch take so long."""
    from trainer.frameworks.ultralytics import callbacks as epoch_callbacks

    original = epoch_callbacks.EpochCallbacks.on_train_epoch_start

    def begin(self: Any, trainer: Any) -> None:
        time.sleep(seconds)
        if os.environ.get("RANK") == "1" and trainer.epoch > 0 and trainer.batch_size > batch:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        original(self, trainer)

    epoch_callbacks.EpochCallbacks.on_train_epoch_start = begin  # type: ignore[method-assign]


if os.environ.get("TEST_RANKS") and "RANK" in os.environ:
    install()
    begin_epochs_with(
        float(os.environ.get("TEST_MEMORY_FOR_BATCH", "inf")), float(os.environ.get("TEST_EPOCH_SECONDS", "0"))
    )
