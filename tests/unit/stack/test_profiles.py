"""Profiles of a stack that runs already, under a real supervisord."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stack.paths import Paths
from stack.plain import deployment as deployment_module
from stack.plain import supervisor
from stack.plain.addresses import Addresses
from stack.plain.deployment import PlainDeployment
from stack.plain.program import Program
from stack.plain.supervisor_config import MARK, render
from stack.settings import StackSettings
from tests.waiting import until

ENDLESS = ("sleep", "600")
HANGS_UP = """
import pathlib, signal, time
signal.signal(signal.SIGHUP, lambda *_: pathlib.Path("hung_up").touch())
pathlib.Path("listens").touch()
time.sleep(600)
"""
FAULTS: dict[str, list[str]] = {}
REST = ["model_server", "prometheus"]
JOBS = ["rabbitmq", "job_server", "worker"]
TRAINING = ["kafka", "stream_collector", "stream_statistics", "stream_producer", "retraining"]


def of_profiles(settings: StackSettings, _: Paths) -> list[Program]:
    jobs = [*JOBS, *(f"worker_{number}" for number in range(2, settings.workers + 1))]
    names = (jobs if settings.jobs else []) + (TRAINING if settings.training else [])
    return [Program(name, ENDLESS) for name in names]


def all_of(settings: StackSettings, _: Addresses, paths: Paths) -> list[Program]:
    prometheus = Program("prometheus", (sys.executable, "hangs_up.py"), folder=paths.run)
    return [Program("model_server", ENDLESS), *of_profiles(settings, paths), prometheus]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """A stack without profiles, of programs that only wait."""
    short = tempfile.mkdtemp()  # a socket's path is short
    monkeypatch.setattr(tempfile, "tempdir", short)
    for name in ("PROFILES", "WORKERS"):
        monkeypatch.delenv(name, raising=False)
    paths = Paths(tmp_path)
    for folder in (paths.run, paths.logs, paths.temporary):
        folder.mkdir(parents=True)
    (paths.run / "hangs_up.py").write_text(HANGS_UP)
    (tmp_path / "prometheus").mkdir()
    (tmp_path / "prometheus/prometheus.yml").write_text("scrape_configs: []")
    monkeypatch.setattr(deployment_module, "optional_programs", of_profiles)
    monkeypatch.setattr(deployment_module, "programs", all_of)
    monkeypatch.setattr(deployment_module, "components", lambda _: [])
    monkeypatch.setattr(
        deployment_module,
        "complaints",
        lambda wanted, _: [line for one in wanted for line in FAULTS.get(one.component, [])],
    )
    monkeypatch.setattr(deployment_module, "ensure_environment", lambda *_: None)
    monkeypatch.setattr(deployment_module, "ensure_packages", lambda *_: None)
    (paths.run / "supervisord.conf").write_text(
        render(all_of(PlainDeployment(paths).settings, Addresses({}, {}, {}), paths), paths)
    )
    command = [sys.executable, "-W", "ignore", "-m", "supervisor.supervisord", "-c", "supervisord.conf"]
    subprocess.run(command, cwd=paths.run, check=True)
    until("all run", lambda: supervisor.states(paths) == dict.fromkeys(REST, "RUNNING"))
    until("Prometheus listens", (paths.run / "listens").exists)
    yield paths
    supervisor.stop(paths)
    shutil.rmtree(short)


def up(paths: Paths, monkeypatch: pytest.MonkeyPatch, **variables: str) -> bool:
    """Run the command, and return whether Prometheus was told to read its configuration again."""
    hung_up = paths.run / "hung_up"
    hung_up.unlink(missing_ok=True)
    with monkeypatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        assert PlainDeployment(paths).up() == 0
    try:
        until("a signal", hung_up.exists, 1)
    except AssertionError:
        return False
    return True


def runs(paths: Paths, names: Sequence[str]) -> None:
    until("what is wanted runs", lambda: supervisor.states(paths) == dict.fromkeys(names, "RUNNING"))


def test_parts_come_and_go_beside_the_rest(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prometheus hears of both; what has run before runs on; epmd goes with the last of them."""
    with supervisor.control(paths) as supervisord:
        before = {name: supervisord.getProcessInfo(name)["pid"] for name in REST}
        assert up(paths, monkeypatch, PROFILES="jobs", WORKERS="2")
        runs(paths, [*REST, *JOBS, "worker_2"])
        worker = supervisord.getProcessInfo("worker")["pid"]
        assert up(paths, monkeypatch, PROFILES="jobs")
        runs(paths, [*REST, *JOBS])
        assert supervisord.getProcessInfo("worker")["pid"] == worker
        shutil.copy(shutil.which("sleep") or "", paths.run / "epmd")
        environment = {**os.environ, MARK: str(paths.project)}
        with subprocess.Popen([paths.run / "epmd", "600"], env=environment) as epmd:
            assert up(paths, monkeypatch)
            assert epmd.wait(5) != 0
        runs(paths, REST)
        assert {name: supervisord.getProcessInfo(name)["pid"] for name in REST} == before


def test_one_profile_goes_while_another_stays(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that run; epmd goes with jobs, whatever else there is."""
    assert up(paths, monkeypatch, PROFILES="training")
    runs(paths, [*REST, *TRAINING])
    with supervisor.control(paths) as supervisord:
        broker = supervisord.getProcessInfo("kafka")["pid"]
        assert up(paths, monkeypatch, PROFILES="jobs,training")
        runs(paths, [*REST, *TRAINING, *JOBS])
        shutil.copy(shutil.which("sleep") or "", paths.run / "epmd")
        environment = {**os.environ, MARK: str(paths.project)}
        with subprocess.Popen([paths.run / "epmd", "600"], env=environment) as epmd:
            assert up(paths, monkeypatch, PROFILES="training")
            assert epmd.wait(5) != 0
        runs(paths, [*REST, *TRAINING])
        assert supervisord.getProcessInfo("kafka")["pid"] == broker


def test_only_what_is_new_is_made(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environments and the packages that a profile needs of which nothing runs yet, and no others."""
    made: list[str] = []
    monkeypatch.setattr(deployment_module, "ensure_environment", lambda name, *_: made.append(name))
    assert up(paths, monkeypatch, PROFILES="training")
    assert made == ["tansu", "stream", "retraining", "dvc"]
    made.clear()
    assert up(paths, monkeypatch, PROFILES="jobs,training")
    assert made == ["job_server"]


def test_a_taken_port_is_named_before_anything_starts(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the new parts alone: the others have theirs."""
    monkeypatch.setitem(FAULTS, "job server", ["port 5100 is taken"])
    with pytest.raises(SystemExit, match="port 5100 is taken"):
        up(paths, monkeypatch, PROFILES="jobs")
    runs(paths, REST)
    assert up(paths, monkeypatch, PROFILES="training")
    with pytest.raises(SystemExit, match="port 5100 is taken"):
        up(paths, monkeypatch, PROFILES="jobs,training")
    runs(paths, [*REST, *TRAINING])
    monkeypatch.delitem(FAULTS, "job server")
    monkeypatch.setitem(FAULTS, "Kafka", ["port 18992 is taken by what we started"])
    assert up(paths, monkeypatch, PROFILES="jobs,training")
    assert up(paths, monkeypatch, PROFILES="jobs,training", WORKERS="2")
    runs(paths, [*REST, *TRAINING, *JOBS, "worker_2"])


def test_a_prometheus_that_was_killed_is_no_matter(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads its configuration when it is started."""
    supervisor.kill(["prometheus"], paths)
    assert not up(paths, monkeypatch, PROFILES="jobs")
    assert supervisor.states(paths)["prometheus"] == "STOPPED"
    assert {*JOBS} <= supervisor.states(paths).keys()


def test_a_second_start_changes_nothing(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, and shows the stack."""
    assert not up(paths, monkeypatch)
    assert capsys.readouterr().out.startswith("The stack is already running.\nCOMPONENT")
