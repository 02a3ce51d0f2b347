"""Services that are made to die, and run again: plain processes under a real supervisord."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.paths import Paths
from stack.plain import supervisor
from stack.plain.deployment import PlainDeployment
from stack.plain.processes import family
from stack.plain.program import Program
from stack.plain.supervisor_config import render
from tests.waiting import until

ENDLESS = (sys.executable, "-c", "import subprocess; subprocess.run(['sleep', '600'])")
NAMES = ["model_server", "model_server_new", "model_server_new_2", "prometheus"]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """A stack of programs that only wait, each with a child."""
    short = tempfile.mkdtemp()  # a socket's path is short
    monkeypatch.setattr(tempfile, "tempdir", short)
    paths = Paths(tmp_path)
    for folder in (paths.run, paths.logs, paths.temporary):
        folder.mkdir(parents=True)
    (paths.run / "supervisord.conf").write_text(render([Program(name, ENDLESS) for name in NAMES], paths))
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", "supervisord.conf"]
    subprocess.run(command, cwd=paths.run, check=True)
    until("all run", lambda: set(supervisor.states(paths).values()) == {"RUNNING"})
    yield paths
    supervisor.stop(paths)
    shutil.rmtree(short)


def processes(name: str, paths: Paths) -> list[psutil.Process]:
    with supervisor.control(paths) as supervisord:
        return family(supervisord.getProcessInfo(name)["pid"])


def test_a_killed_service_stays_away_until_it_is_started(paths: Paths) -> None:
    """With all its replicas and all that they have started; the others notice nothing."""
    deployment = PlainDeployment(paths)
    killed = [*processes("model_server_new", paths), *processes("model_server_new_2", paths)]
    others = [*processes("model_server", paths), *processes("prometheus", paths)]
    assert deployment.kill("model_server_new") == 0
    assert supervisor.states(paths) == dict.fromkeys(NAMES, "RUNNING") | {
        "model_server_new": "STOPPED",
        "model_server_new_2": "STOPPED",
    }
    until("its processes gone", lambda: not any(one.is_running() for one in killed))
    assert deployment.start("model_server_new") == 0
    assert supervisor.states(paths) == dict.fromkeys(NAMES, "RUNNING")
    assert others == [*processes("model_server", paths), *processes("prometheus", paths)]


def test_a_service_that_runs_is_left_alone(paths: Paths) -> None:
    """So it does no harm to start what may have died."""
    before = processes("prometheus", paths)
    assert PlainDeployment(paths).start("prometheus") == 0
    assert processes("prometheus", paths) == before


@pytest.mark.parametrize("do", ["kill", "start"])
def test_without_a_stack_it_is_said(tmp_path: Path, do: str) -> None:
    """With the command that shows what runs."""
    with pytest.raises(SystemExit, match="The stack has no prometheus, or does not run: make status"):
        getattr(PlainDeployment(Paths(tmp_path)), do)("prometheus")
