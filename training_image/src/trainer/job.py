"""Hold what a step works with: its order, its run, the record, the store and a scratch folder."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from step_contract.catalog import Pipeline
from step_contract.order import Step, StepOrder
from step_contract.step import StepRun
from trainer.web_events import SILENT, BackendCallbacks

from . import __version__

if TYPE_CHECKING:
    from trainer.storage import Storage
    from trainer.tracking import RunRecord

    from .settings import Settings


@dataclass(frozen=True)
class Job:
    """One attempt at one step. ``pipeline`` is the order's with the changes of the trigger form applied."""

    order: StepOrder
    run: StepRun
    pipeline: Pipeline
    record: "RunRecord"
    storage: "Storage"
    settings: "Settings"
    workspace: Path
    """An empty folder of this attempt, absolute; removed when the step ends."""
    backend: BackendCallbacks = SILENT
    """Reports to the web UI."""

    @property
    def step(self) -> Step:
        """The step that this job is an attempt at."""
        return self.order.verb


def versioned_digest(*parts: object) -> str:
    """Return a digest of values and the trainer's version; equal inputs mean that the work is already done."""
    return digest(__version__, *parts)


def digest(*parts: object) -> str:
    """Return a digest of values; equal values have the same."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
