"""Stopping finds every process of the stack and no other; real processes stand in for the services."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from include.stacks.local import services
from include.stacks.local.layout import STATE_VARIABLE, Layout
from tests.lifeline import lifeline

SLEEP = [sys.executable, "-c", f"{lifeline()}; time.sleep(300)"]


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    stack = Layout(tmp_path)
    stack.create()
    yield stack
    services.stop(stack)


def test_stop_finds_a_service_and_a_step_that_left_its_session(layout: Layout) -> None:
    environment = os.environ | {STATE_VARIABLE: str(layout.state)}
    code = f"{lifeline()}; import subprocess; subprocess.Popen({SLEEP!r}, start_new_session=True); time.sleep(300)"
    service = services.spawn("scheduler", [sys.executable, "-c", code], layout, environment)
    _wait_for(lambda: len(services.processes(layout)) == 2)
    assert services.stop(layout) == 2
    assert service.poll() is not None
    assert services.processes(layout) == []


def test_stop_finds_a_process_that_hides_its_environment(layout: Layout) -> None:
    """Airflow's workers rename themselves, which overwrites what /proc shows as their environment."""
    bare = {name: value for name, value in os.environ.items() if name != STATE_VARIABLE}
    services.spawn("scheduler", SLEEP, layout, bare)
    assert services.stop(layout) == 1


def test_stop_kills_a_process_that_ignores_sigterm(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "STOP_SECONDS", 1)
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    deaf = f"{lifeline()}; {ignore}; print('deaf', flush=True); time.sleep(300)"
    services.spawn("scheduler", [sys.executable, "-c", deaf], layout, dict(os.environ))
    _wait_for(lambda: "deaf" in (layout.logs / "scheduler.log").read_text())
    assert services.stop(layout) == 1
    assert services.processes(layout) == []


def test_stop_leaves_other_stacks_alone(layout: Layout, tmp_path: Path) -> None:
    environment = os.environ | {STATE_VARIABLE: str(tmp_path / "another")}
    other = subprocess.Popen(SLEEP, env=environment)
    try:
        time.sleep(0.3)
        assert services.stop(layout) == 0
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_reused_process_id_is_not_taken_for_the_stack(layout: Layout) -> None:
    """The recorded leader ended long ago and another process has its number now."""
    stranger = subprocess.Popen(SLEEP, start_new_session=True)
    try:
        layout.sessions_file.write_text(
            f"{stranger.pid} {psutil.Process(stranger.pid).create_time() - 1000} scheduler\n"
        )
        assert services.stop(layout) == 0
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_service_that_ends_at_once_is_named_with_its_log(layout: Layout) -> None:
    code = "print('the port is taken'); raise SystemExit(3)"
    process = services.spawn("mlflow", [sys.executable, "-c", code], layout, dict(os.environ))
    with pytest.raises(services.StackError, match=r"mlflow ended with exit code 3:\nthe port is taken"):
        services._wait_until(lambda: False, "mlflow", {"mlflow": process}, layout)


def _wait_for(ready: object) -> None:
    deadline = time.monotonic() + 20
    while not ready():  # type: ignore[operator]  # a function
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_secrets_are_the_owners_alone(layout: Layout) -> None:
    assert stat.S_IMODE(layout.passwords_file.stat().st_mode) == 0o600
    assert len(layout.password()) >= 12
