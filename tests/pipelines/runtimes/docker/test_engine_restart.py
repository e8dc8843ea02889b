"""Restart the engine under a running step: the task notices, ends as lost or stopped, and the next attempt resumes."""

import os
import shlex
import subprocess

import pytest

from .steps import ROOT, SUCCEED, MakeTask, Task

RESTART = os.environ.get("DOCKER_ENGINE_RESTART", "")
pytestmark = [
    pytest.mark.docker,
    pytest.mark.engine_restart,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not RESTART, reason="DOCKER_ENGINE_RESTART names no command that restarts the engine"),
]
CODE = f"""
if os.path.exists('/code/second'):
    print('went on')
    {SUCCEED}
    sys.exit()
print('before')
until('never')
"""


@pytest.fixture
def step(task: MakeTask) -> Task:
    return task(CODE)


def test_a_restart_of_the_engine_leads_to_a_retry_and_leaves_one_step(step: Task) -> None:
    try_1 = step.start()
    step.wait_for_start()
    subprocess.run(shlex.split(RESTART), cwd=ROOT, check=True)
    ending = try_1.ending(seconds=120)
    assert ending["kind"] in ("try_again", "terminated"), ending
    assert step.containers(status="running") == []
    step.tell_step("second")
    try_2 = step.start(2)
    assert try_2.ending() == {"outcome": "done"}
    assert "went on" in try_2.output
    assert step.starts() == 2
