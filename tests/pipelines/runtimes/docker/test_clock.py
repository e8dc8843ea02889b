"""Jumps of the worker's or a real engine's clock: no result is lost and no line is hidden."""

from datetime import UTC, datetime, timedelta

import pytest
from docker import APIClient

from include.pipelines.runtimes.docker.logs import LogFollower
from include.pipelines.runtimes.docker.sweep import sweep

from .steps import SUCCEED, MakeTask, engine, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]
DAYS = timedelta(days=2)


def test_an_untaken_result_survives_a_clock_that_jumps_ahead(task: MakeTask, client: APIClient) -> None:
    step = task(f"until('go'); {SUCCEED}", name="clock")
    try_1 = step.start()
    step.wait_for_start()
    try_1.kill()
    step.tell_step("go")
    wait_for(lambda: not step.containers(status="running"), "the step does not end")
    sweep(client, datetime.now(UTC) + DAYS, pipeline="clock")
    assert step.run(2) == {"outcome": "done"}
    assert step.starts() == 1


def test_a_kept_container_is_removed_after_its_time_and_not_before(task: MakeTask, client: APIClient) -> None:
    step = task("sys.exit(65)", name="clock")
    assert step.run()["kind"] == "bad_data"
    sweep(client, datetime.now(UTC) - DAYS, pipeline="clock")
    assert len(step.containers()) == 1
    sweep(client, datetime.now(UTC) + DAYS, pipeline="clock")
    assert step.containers() == []


def test_a_clock_that_went_back_hides_no_line(task: MakeTask) -> None:
    step = task("print('first'); print('second'); until('never')", name="clock")
    try_1 = step.start()
    step.wait_for_start()
    (container,) = step.containers()
    tomorrow = f"{datetime.now(UTC) + DAYS:%Y-%m-%dT%H:%M:%S}.000000000Z"
    positions = {"stdout": tomorrow, "stderr": tomorrow}
    lines = LogFollower(engine, container["Id"], positions).lines(poll_seconds=1)
    wait_for(lambda: next(lines) == "second", "the lines do not come")
    assert positions["stdout"] < tomorrow
    try_1.kill()
