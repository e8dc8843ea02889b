"""Calls of Airflow's public REST API, as many as the stacks' commands and the tests need."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from typing import Any

_TIMEOUT_SECONDS = 30
_BUSY = "Database error"
_BUSY_SECONDS = 30
_ALREADY_THERE = 409
_LOCKED = 503
_LOCKED_SECONDS = 120


class ApiError(RuntimeError):
    """The API refused a call."""

    def __init__(self, message: str, status: int = 0) -> None:
        """Keep the HTTP status beside the message."""
        super().__init__(message)
        self.status = status


class AirflowApi:
    """A session of the admin with a running api-server."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Log in."""
        self._base = url
        self._token = ""
        credentials = {"username": user, "password": password}
        self._token = self.call("POST", "/auth/token", credentials)["access_token"]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Make one call and return its JSON.

        On SQLite a write of the scheduler sometimes locks the database, and Airflow answers 500 with "Database error".
        Any call but a POST is safe to repeat, so it is repeated for up to 30 seconds.

        Raises:
            ApiError: the answer is not 2xx.
        """
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                return self._call(method, path, body)
            except ApiError as error:
                if _BUSY not in str(error) or method == "POST" or time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def _call(self, method: str, path: str, body: object) -> Any:
        request = urllib.request.Request(f"{self._base}{path}", method=method)
        request.add_header("Content-Type", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        data = None if body is None else json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data=data, timeout=_TIMEOUT_SECONDS) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            detail = error.read().decode(errors="replace")[:500]
            raise ApiError(f"{method} {path}: HTTP {error.code}: {detail}", error.code) from error

    def wait_for_dag(self, dag_id: str, seconds: float = 90) -> None:
        """Wait until the dag-processor has stored the DAG.

        Raises:
            ApiError: the DAG did not appear in time; the message has the import errors.
        """
        deadline = time.monotonic() + seconds
        while not self.call("GET", f"/api/v2/dags?dag_id_pattern={dag_id}&exclude_stale=true")["dags"]:
            if time.monotonic() > deadline:
                errors = [error["stack_trace"] for error in self.import_errors()]
                raise ApiError(f"DAG {dag_id} did not appear in {seconds:g} s; import errors: {errors or 'none'}")
            time.sleep(0.5)

    def import_errors(self) -> list[dict[str, Any]]:
        """Return the import errors that the UI shows."""
        return list(self.call("GET", "/api/v2/importErrors")["import_errors"])

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Keep the scheduler from starting runs of the DAG."""
        self.call("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": True})

    def trigger(self, dag_id: str, conf: dict[str, object] | None = None, run_id: str | None = None) -> str:
        """Start a run by hand and return its id.

        With a run id the request is repeated after a database error. If the first request created the run all the
        same, Airflow answers 409, which counts as success.
        """
        body = {"logical_date": None, "conf": conf or {}, "dag_run_id": run_id}
        deadline, is_repeated = time.monotonic() + _BUSY_SECONDS, False
        while True:
            try:
                return str(self.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)["dag_run_id"])
            except ApiError as error:
                if run_id and is_repeated and error.status == _ALREADY_THERE:
                    return run_id
                if not run_id or _BUSY not in str(error) or time.monotonic() > deadline:
                    raise
            is_repeated = True
            time.sleep(1)

    def dag_runs(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the DAG's runs, oldest data first."""
        runs = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return sorted(runs, key=lambda run: run["logical_date"] or run["run_after"])

    def dag_run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return one run."""
        return dict(self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}"))

    def task_states(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return the run's task instances by task id."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}/taskInstances"
        return {task["task_id"]: task for task in self.call("GET", path)["task_instances"]}

    def clear(self, dag_id: str, run_id: str) -> None:
        """Run all tasks of a run again."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id, safe='')}/clear"
        self.call("POST", path, {"dry_run": False})

    def backfill(
        self,
        dag_id: str,
        first: datetime,
        last: datetime,
        *,
        active_runs: int,
        backwards: bool = False,
        reprocess: str = "completed",
    ) -> int:
        """Start a backfill, newest data first if backwards, and return its id.

        ``reprocess`` selects the days with an existing run that are run again: ``none``, ``failed``, or ``completed``
        (every run that has ended). On SQLite a write of the scheduler sometimes locks the database; Airflow then
        answers 503 after a rollback, so the request is repeated.
        """
        body = {
            "dag_id": dag_id,
            "from_date": first.isoformat(),
            "to_date": last.isoformat(),
            "reprocess_behavior": reprocess,
            "max_active_runs": active_runs,
            "run_backwards": backwards,
        }
        deadline = time.monotonic() + _LOCKED_SECONDS
        while True:
            try:
                return int(self.call("POST", "/api/v2/backfills", body)["id"])
            except ApiError as error:
                if error.status != _LOCKED or time.monotonic() > deadline:
                    raise
            time.sleep(0.5)

    def active_backfill(self, dag_id: str) -> int | None:
        """Return the id of the DAG's unfinished backfill, if there is one."""
        for backfill in self.call("GET", f"/api/v2/backfills?dag_id={dag_id}")["backfills"]:
            if backfill["completed_at"] is None:
                return int(backfill["id"])
        return None
