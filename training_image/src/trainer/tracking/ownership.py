"""Decide which attempt may write to a DAG run's record: the one that took it last (decision 0017).

An attempt that Airflow gave up may still run: its worker lost the network, or its machine was thought dead. The next
attempt takes the record over by writing its own token into the run's tag ``owner``; an attempt that finds another token
there stops before it writes. MLflow has no locks, so a write that is under way at that very moment still lands; what
only one process may decide is claimed in the registry's ledger of aliases.
"""

import logging
import socket
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from mlflow.tracking import MlflowClient
from pydantic import AwareDatetime, ValidationError

from step_contract.frozen import Frozen
from step_contract.order import Step
from step_contract.tags import OWNER_TAG
from trainer.errors import Superseded

from .client import mlflow_errors

_log = logging.getLogger(__name__)


class Owner(Frozen):
    """The value of the tag: one process that works on the DAG run."""

    token: str
    step: Step
    try_number: int
    host: str
    since: AwareDatetime


class Ownership:
    """One process's claim to the record of one DAG run; it claims and checks nothing before ``take``."""

    def __init__(self, client: MlflowClient, run_id: str, set_tags: Callable[[Mapping[str, str]], None]) -> None:
        """Look at the record; nothing is taken yet."""
        self._client = client
        self._run_id = run_id
        self._set_tags = set_tags
        self._own: Owner | None = None

    def take(self, step: Step, try_number: int) -> None:
        """Become the process that writes.

        Raises:
            Superseded: a later attempt of this step is at work.
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
        """Be the process that writes; take the record over if an earlier attempt did not end.

        Raises:
            Superseded: a later attempt of this step is at work, or took the record over.
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
                f"the record of this DAG run, MLflow run {self._run_id}, was released by another process; "
                f"try {self._own.try_number} of {self._own.step} stops"
            )
        raise Superseded(self._refusal(found, f"try {self._own.try_number}"))

    def owner(self) -> Owner | None:
        """Return the process that works on the record, or was killed while it did."""
        return self._read()

    def end_lost(self, try_number: int) -> bool:
        """Release the record for an attempt that was lost; False if a later attempt works on it."""
        found = self._read()
        if found is not None and found.try_number > try_number:
            return False
        self._write("")
        return True

    def release_ended(self, step: Step, try_number: int) -> None:
        """Release the record for an attempt that was killed between its done-marker and its end."""
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
            f"{found.since:%Y-%m-%d %H:%M:%S} UTC (MLflow run {self._run_id}); "
            f"{who} stops and leaves the record to it"
        )

    def _read(self) -> Owner | None:
        with mlflow_errors("read the run"):
            run = self._client.get_run(self._run_id)
        if run.info.lifecycle_stage != "active":
            raise Superseded(
                f"MLflow run {self._run_id} was deleted while this try worked on it; the next makes another"
            )
        text = run.data.tags.get(OWNER_TAG, "")
        try:
            return Owner.model_validate_json(text) if text else None
        except ValidationError as error:
            _log.warning("the tag %r cannot be read and is left aside: %s", OWNER_TAG, error)
            return None

    def _write(self, value: str) -> None:
        self._set_tags({OWNER_TAG: value})
