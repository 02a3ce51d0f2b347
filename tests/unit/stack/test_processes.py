"""What a killed stack leaves behind is found and ended."""

import os
import subprocess
import sys
from pathlib import Path

from stack.paths import Paths
from stack.plain.processes import end_all, left_behind
from stack.plain.supervisor_config import MARK

WAIT = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]


def start(project: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(WAIT, env={**os.environ, MARK: str(project)}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_only_this_clones_processes_are_ended(tmp_path: Path) -> None:
    """A second clone's stack goes on."""
    with start(tmp_path / "mine") as mine, start(tmp_path / "other") as other:
        assert [one.pid for one in left_behind(Paths(tmp_path / "mine"))] == [mine.pid]
        assert end_all(Paths(tmp_path / "mine"), grace_seconds=0) == 1
        assert mine.wait(timeout=10) != 0
        assert other.poll() is None
        other.kill()
