"""Run ``make stack-demo``: sample data into the bucket, then one night of the sample pipeline in containers.

It can be run again: existing days stay, and the night is run once more by hand.
"""

import base64
import json
import time
import urllib.request
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from include.stacks.airflow_api import AirflowApi
from include.step_contract.catalog import Registry, default_catalog
from include.step_contract.catalog.reading import read_catalog

from .compose import PROFILE, ROOT, Stack, StackError, compose, read_stack

PIPELINE = "digits"
_DAYS_BACK, _DAYS_AHEAD = 3, 3
_START_SECONDS = 60
_NIGHT_SECONDS = 1800
_ENDED = ("success", "failed")

Say = Callable[[str], None]


def write_sample_data(today: date) -> str:
    """Put the sample dataset of the days around ``today`` into the bucket; return the command's output."""
    days = [str(today + timedelta(days=offset)) for offset in range(-_DAYS_BACK, _DAYS_AHEAD)]
    return compose("--profile", PROFILE, "run", "--rm", "--no-TTY", "--no-deps", "sample-data", *days).strip()


def run_demo(say: Say) -> None:
    """Run the demo.

    Raises:
        StackError: the stack is not running, or the night did not succeed.
    """
    stack, pipeline = read_stack(), read_catalog(default_catalog(ROOT)).pipelines[PIPELINE]
    api = log_in(stack)
    say("writing sample data")
    say(write_sample_data(date.today()))
    api.wait_for_dag(pipeline.dag_id)
    run_id = _start_night(api, pipeline.dag_id)
    say(f"night {run_id}")
    state = _follow(api, pipeline.dag_id, run_id, say)
    if state != "success":
        raise StackError(f"the night ended {state}; the task's log in {stack.url('api-server')} says why")
    say(f"champion of {PIPELINE}: version {champion(stack, pipeline.registry)}")
    say(f"look at it: {stack.url('api-server')} and {stack.url('mlflow')}, logins in .env")


def log_in(stack: Stack) -> AirflowApi:
    """Log in to the stack's Airflow as its admin.

    Raises:
        StackError: Airflow does not answer.
    """
    user, password = (stack.value("airflow-init", f"AIRFLOW_ADMIN_{name}") for name in ("USER", "PASSWORD"))
    try:
        return AirflowApi(stack.url("api-server"), user, password)
    except OSError as error:
        raise StackError(f"Airflow does not answer at {stack.url('api-server')}: {error}; `make stack-up`") from error


def champion(stack: Stack, registry: Registry) -> str | None:
    """Return the version that has the champion alias in MLflow."""
    user, password = (stack.value("scheduler", f"MLFLOW_TRACKING_{name}") for name in ("USERNAME", "PASSWORD"))
    address = f"{stack.url('mlflow')}/api/2.0/mlflow/registered-models/get?name={registry.model}"
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {login}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        aliases: list[dict[str, str]] = json.loads(answer.read())["registered_model"].get("aliases", [])
    return next((alias["version"] for alias in aliases if alias["alias"] == registry.champion), None)


def _start_night(api: AirflowApi, dag_id: str) -> str:
    """Let the scheduler start the latest night, or start a run by hand if that night has already ended."""
    api.unpause(dag_id)
    deadline = time.monotonic() + _START_SECONDS
    while not (runs := api.dag_runs(dag_id)):
        if time.monotonic() > deadline:
            raise StackError(f"the scheduler started no run of {dag_id} in {_START_SECONDS} s; see `make stack-status`")
        time.sleep(1)
    if active := [run for run in runs if run["state"] not in _ENDED]:
        return str(active[-1]["dag_run_id"])
    return api.trigger(dag_id)


def _follow(api: AirflowApi, dag_id: str, run_id: str, say: Say) -> str:
    """Report each change of a task's state until the run has ended; return the run's state."""
    shown: dict[str, Any] = {}
    deadline = time.monotonic() + _NIGHT_SECONDS
    while time.monotonic() < deadline:
        state = str(api.dag_run(dag_id, run_id)["state"])
        for task, found in api.task_states(dag_id, run_id).items():
            if found["state"] and shown.get(task) != found["state"]:
                shown[task] = found["state"]
                say(f"  {task:12} {found['state']}")
        if state in _ENDED:
            return state
        time.sleep(2)
    raise StackError(f"{run_id} did not end in {_NIGHT_SECONDS} s")
