"""Which try may write to a DAG run's record: the one that took it last.

A try that Airflow gave up may live on: its worker lost the network, its machine was thought dead. The try after it
takes the record over by writing its own token into the run's tag ``owner``; whoever finds another token there stops
before it writes. MLflow knows no locks, so a write that is under way at that very moment still lands; what one alone
must decide is claimed in the ledger (``alias_ledger``).
"""

import logging
import socket
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

from pydantic import AwareDatetime, ValidationError

from step_contract.frozen import Frozen
from step_contract.order import Step
from trainer.errors import Superseded

from .client import MlflowClient, mlflow_errors

OWNER_TAG = "owner"

_log = logging.getLogger(__name__)


class Owner(Frozen):
    """The value of the tag: one process that works on the DAG run."""

    token: str
    step: Step
    try_number: int
    host: str
    since: AwareDatetime


class OwnedRun(Protocol):
    """An MLflow run as ownership needs it."""

    client: MlflowClient
    run_id: str

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Write tags of the run."""


class Ownership:
    """One process's claim to the record of one DAG run; before ``take`` it claims nothing and checks nothing."""

    def __init__(self, record: OwnedRun) -> None:
        """Look at the record; nothing is taken yet."""
        self._record = record
        self._own: Owner | None = None

    def take(self, step: Step, try_number: int) -> None:
        """Become the one who writes.

        Raises:
            Superseded: a later try of this step is at work.
        """
        found = self._read()
        if found is not None and found.step is step and found.try_number > try_number:
            raise Superseded(self._refusal(found, f"try {try_number}"))
        if found is not None:
            _log.info(
                "taking over from try %d of %s on %s, which did not end", found.try_number, found.step, found.host
            )
        now = datetime.now(UTC)
        self._own = Owner(
            token=uuid.uuid4().hex, step=step, try_number=try_number, host=socket.gethostname(), since=now
        )
        self._write(self._own.model_dump_json())

    def hold(self, step: Step, try_number: int) -> None:
        """Be the one who writes, whether this process is already or a try before it did not end.

        Raises:
            Superseded: a later try of this step is at work, or took the record over.
        """
        if self._own is None:
            self.take(step, try_number)
        else:
            self.check()

    def check(self) -> None:
        """Stop here if another process took the record over.

        Raises:
            Superseded: it did, or the record was deleted.
        """
        if self._own is None:
            return
        found = self._read()
        if found is not None and found.token == self._own.token:
            return
        if found is None:
            raise Superseded(
                f"the record of this DAG run, MLflow run {self._record.run_id}, was released by another process; "
                f"try {self._own.try_number} of {self._own.step} stops"
            )
        raise Superseded(self._refusal(found, f"try {self._own.try_number}"))

    def owner(self) -> Owner | None:
        """Return who works on the record now, or was killed while it did."""
        return self._read()

    def end_lost(self, try_number: int) -> bool:
        """Release the record for a try that was lost; False if a later try works on it."""
        found = self._read()
        if found is not None and found.try_number > try_number:
            return False
        self._write("")
        return True

    def release_ended(self, step: Step, try_number: int) -> None:
        """Release the record for a try of a step that was killed between its done-marker and its end."""
        found = self._read()
        if self._own is None and found is not None and found.step is step and found.try_number <= try_number:
            self._write("")

    def release(self) -> None:
        """Give the record up at the end; harmless if another process has it."""
        try:
            self.check()
        except Superseded:
            return
        if self._own is not None:
            self._own = None
            self._write("")

    def _refusal(self, found: Owner, who: str) -> str:
        return (
            f"try {found.try_number} of {found.step} on {found.host} works on this DAG run since "
            f"{found.since:%Y-%m-%d %H:%M:%S} UTC (MLflow run {self._record.run_id}); "
            f"{who} stops and leaves the record to it"
        )

    def _read(self) -> Owner | None:
        with mlflow_errors("read the run"):
            run = self._record.client.get_run(self._record.run_id)
        if run.info.lifecycle_stage != "active":
            raise Superseded(
                f"MLflow run {self._record.run_id} was deleted while this try worked on it; the next makes another"
            )
        text = run.data.tags.get(OWNER_TAG, "")
        try:
            return Owner.model_validate_json(text) if text else None
        except ValidationError as error:
            _log.warning("the tag %r cannot be read and is left aside: %s", OWNER_TAG, error)
            return None

    def _write(self, value: str) -> None:
        self._record.set_tags({OWNER_TAG: value})
