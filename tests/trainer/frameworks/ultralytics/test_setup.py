"""What a process sees of ultralytics after ``prepare``: no network, no reports, no words on standard output."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, socket, sys
from pathlib import Path

def refuse(*_):
    raise AssertionError("asked for the network")

socket.socket.connect = socket.getaddrinfo = refuse
from trainer.frameworks.ultralytics import setup as ultralytics_setup
assert "torch" not in sys.modules, "the module itself is light"
for _ in range(2):
    ultralytics_setup.prepare(Path(sys.argv[1]))

import torch
from ultralytics import YOLO
from ultralytics.utils import LOGGER, ONLINE, SETTINGS, VERBOSE
from ultralytics.utils.checks import check_font
from ultralytics.utils.torch_utils import select_device

YOLO("yolo11n.yaml")
LOGGER.warning("a warning")
select_device("cpu")
facts = {
    "online": ONLINE,
    "verbose": VERBOSE,
    "integrations": [name for name, value in SETTINGS.items() if value is True],
    "fonts": [str(check_font(name)) for name in ("Arial.ttf", "Arial.Unicode.ttf")],
    "threads": torch.get_num_threads(),
}
print(json.dumps(facts))
"""


def run_prepared(config: Path, **environment: str) -> tuple[dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(config)],
        env={name: value for name, value in os.environ.items() if not name.startswith(("YOLO", "OMP"))} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    facts: dict[str, Any] = json.loads(done.stdout)  # nothing else was printed
    return facts, done.stderr


@pytest.mark.faults
def test_two_processes_at_once_are_offline_and_quiet(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda threads: run_prepared(tmp_path, OMP_NUM_THREADS=threads), ("1", "2")))
    for facts, log in answers:
        assert facts["online"] is False
        assert facts["verbose"] is False
        assert facts["integrations"] == []
        assert facts["fonts"] == [str(tmp_path / "Ultralytics" / name) for name in ("Arial.ttf", "Arial.Unicode.ttf")]
        assert log.count("a warning") == 1
        assert "Creating new Ultralytics Settings" not in log
    assert [facts["threads"] for facts, _ in answers] == [1, 2]
