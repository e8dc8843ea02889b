"""``python -m tests.faults.racer URI FIRST COUNT``, in the trainer's environment: DAG runs that all end at once.

Run FIRST and the COUNT - 1 after it each register a version, twice at the same moment as two tries would, and then want
the champion alias as promote does. The tests start several of these processes together.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from trainer.alias_moves import Mover
from trainer.errors import TryAgain
from trainer.mlflow_client import connect, experiment_id_of
from trainer.model_registry import ModelRegistry

MODEL = "숫자"
ALIAS = "champion"
_NIGHT = datetime(2026, 3, 1, tzinfo=UTC)


def race(uri: str, first: int, count: int) -> None:
    registry = ModelRegistry(connect(uri), MODEL)
    runs = {number: _begin(registry, number) for number in range(first, first + count)}
    with ThreadPoolExecutor(2 * count) as pool:
        for attempt in [
            pool.submit(_register, registry, number, run) for number, run in runs.items() for _ in range(2)
        ]:
            attempt.result()
        for attempt in [pool.submit(_promote, registry, number) for number in runs]:
            attempt.result()


def _begin(registry: ModelRegistry, number: int) -> tuple[str, str]:
    client = registry.client
    experiment = experiment_id_of(client, "races")
    run_id = client.create_run(experiment, tags={"run_key": f"run{number}"}).info.run_id
    return run_id, client.create_logged_model(experiment, "model", run_id).model_id


def _register(registry: ModelRegistry, number: int, run: tuple[str, str]) -> None:
    data_until = (_NIGHT + timedelta(days=number)).isoformat()
    _patiently(lambda: registry.ensure_model("races", "made up"))
    tags = {"run_key": f"run{number}", "data_interval_end": data_until}
    _patiently(lambda: registry.version_of(tags["run_key"]) or registry.add_version(*run, tags, "made up"))


def _promote(registry: ModelRegistry, number: int) -> None:
    who = Mover(f"run{number} of process {os.getpid()}", "the race")

    def attempt() -> bool:
        version = registry.version_of(f"run{number}")
        assert version is not None
        registry.complete_history(ALIAS, who)
        champion = registry.champion(ALIAS)
        if champion is not None and champion.data_time >= version.data_time:  # type: ignore[operator]
            return True
        return registry.move_alias(ALIAS, version, champion, who)

    while not _patiently(attempt):
        continue


def _patiently(act: Callable[[], Any]) -> Any:
    """Act until the database, which 50 want at once, takes it; a step would leave that to its next try."""
    while True:
        try:
            return act()
        except TryAgain as error:
            print(json.dumps({"again": str(error)[:200]}), file=sys.stderr)
            time.sleep(random.random() / 2)


if __name__ == "__main__":
    race(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
