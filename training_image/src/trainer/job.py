"""What a step works with: its request, its run, the record, the store and a scratch folder, in one place."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from step_contract.catalog import Pipeline
from step_contract.step import Step, StepRequest, StepRun
from trainer.web_events import SILENT, BackendCallbacks

from . import __version__

if TYPE_CHECKING:
    from trainer.storage import Storage
    from trainer.tracking import RunRecord

    from .settings import Settings


@dataclass(frozen=True)
class Job:
    """One try of one step. ``pipeline`` is the request's with the changes of the trigger form applied."""

    request: StepRequest
    run: StepRun
    pipeline: Pipeline
    record: "RunRecord"
    storage: "Storage"
    settings: "Settings"
    workspace: Path
    """An empty folder of this try, absolute; removed when the step ends."""
    backend: BackendCallbacks = SILENT
    """Tells the web UI."""

    @property
    def step(self) -> Step:
        """The step this job is a try of."""
        return self.request.step


def versioned_digest(*parts: object) -> str:
    """Return a digest of values and the trainer's version; equal inputs mean that the work is already done."""
    return digest(__version__, *parts)


def digest(*parts: object) -> str:
    """Return a digest of values; equal values have the same."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()
