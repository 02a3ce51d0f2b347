"""Jobs without Docker: what the profile starts, where, and how it ends."""

import subprocess
import tempfile
from pathlib import Path

import pytest
from supervisor.options import ServerOptions  # type: ignore[import-untyped]  # supervisor brings no types

from stack.paths import Paths
from stack.plain import rabbitmq as rabbitmq_module
from stack.plain.addresses import local_addresses
from stack.plain.components import components, job_components, ports
from stack.plain.jobs import is_of_jobs, jobs
from stack.plain.profiles import with_profiles_that_run
from stack.plain.program import Program
from stack.plain.programs import programs
from stack.plain.supervisor_config import render
from stack.settings import StackSettings, load_stack_settings

PATHS = Paths(Path("/project"))


def settings(**variables: str) -> StackSettings:
    return load_stack_settings(Path("/nowhere"), variables, http_port=80)


def started(chosen: StackSettings, paths: Paths = PATHS) -> dict[str, Program]:
    return {one.name: one for one in programs(chosen, local_addresses(chosen), paths)}


def test_without_the_profile_there_is_nothing_of_it() -> None:
    """No program, no port, no component, no target."""
    off = settings()
    assert not [one for one in started(off) if is_of_jobs(one)]
    assert not [one for one in ports(off) if one.variable == "JOB_SERVER_PORT" or "Rabbit" in one.component]
    assert not {"job server", "RabbitMQ", "job workers"} & {one.name for one in components(off)}
    scraped = local_addresses(off).scraped
    assert (scraped["job_server"], scraped["rabbitmq"]) == ((), ())


def test_the_profile_adds_its_parts() -> None:
    """And changes no other."""
    on = settings(PROFILES="jobs", WORKERS="3")
    added = started(on).keys() - started(settings()).keys()
    assert added == {"rabbitmq", "job_server", "worker", "worker_2", "worker_3"}
    assert {one for one in started(on) if is_of_jobs(one)} == added
    assert [one.name for one in jobs(on, PATHS)][:2] == ["rabbitmq", "job_server"]
    assert {name: one for name, one in started(on).items() if name not in added} == started(settings())


def test_server_and_workers_are_told_the_same() -> None:
    """The broker, the stable slot's package, and where the packages are that jobs keep."""
    on = settings(PROFILES="jobs", INNER_PORTS="30000", MODEL_SERVER_PACKAGE="./mine", CPU_THREADS="5")
    server, worker = (started(on)[name].environment for name in ("job_server", "worker"))
    for told in (server, worker):
        assert told["RABBITMQ_URI"] == "amqp://guest:guest@127.0.0.1:30672//"
        assert told["MODEL_PACKAGE"] == "/project/mine"
        assert told["KEPT_PACKAGES"] == "/project/.local/data/jobs/packages"
    assert server["SPOOL"] == "/project/.local/data/jobs/spool"
    assert worker["CPU_THREADS"] == "1"
    assert {one.command[1:] for one in jobs(on, PATHS)[1:]} == {
        ("-m", "job_server"),
        ("-m", "job_server.worker"),
    }


def test_people_reach_the_server_and_nobody_else_reaches_rabbitmq() -> None:
    """Its user is guest, with that password, so it listens on the loopback wherever the stack does."""
    on = settings(PROFILES="jobs", BIND_ADDRESS="0.0.0.0", JOB_SERVER_PORT="5101")
    server = started(on)["job_server"].environment
    assert (server["HOST"], server["PORT"]) == ("0.0.0.0", "5101")
    broker = started(on)["rabbitmq"]
    assert broker.environment["RABBITMQ_NODE_IP_ADDRESS"] == "127.0.0.1"
    assert broker.environment["ERL_EPMD_ADDRESS"] == "127.0.0.1"
    assert "inet_dist_use_interface {127,0,0,1}" in broker.environment["RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS"]
    assert "0.0.0.0" not in f"{broker.command} {broker.environment}"
    variables = {one.component: one.variable for one in ports(on)}
    assert variables["job server"] == "JOB_SERVER_PORT"
    assert {variables[name] for name in variables if "RabbitMQ" in name} == {"INNER_PORTS"}
    shown = {one.name: one.url for one in job_components(on)}
    assert shown == {
        "job server": "http://127.0.0.1:5101/",
        "RabbitMQ": "amqp://127.0.0.1:18672/",
        "job workers": "-",
    }


def test_every_port_that_rabbitmq_takes_is_looked_at() -> None:
    """Those of its parts too, which it takes by the environment."""
    on = settings(PROFILES="jobs")
    told = started(on)["rabbitmq"].environment
    named = {int(told[name]) for name in ("RABBITMQ_NODE_PORT", "RABBITMQ_DIST_PORT", "ERL_EPMD_PORT")}
    (metrics,) = local_addresses(on).scraped["rabbitmq"]
    taken = {one.number for one in ports(on) if "RabbitMQ" in one.component}
    assert taken == {*named, int(metrics.rpartition(":")[2])}


def test_rabbitmq_writes_its_configuration_at_each_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a command of one line, as supervisor has it."""
    monkeypatch.setattr(rabbitmq_module, "SERVER", "true")
    broker = started(settings(PROFILES="jobs"), Paths(tmp_path))["rabbitmq"]
    assert "\n" not in " ".join(broker.command)
    subprocess.run(broker.command, check=True)
    lines = (tmp_path / ".local/data/rabbitmq/rabbitmq.conf").read_text().splitlines()
    assert {"listeners.tcp.1 = 127.0.0.1:18672", "prometheus.tcp.port = 18692"} < set(lines)
    assert (tmp_path / ".local/data/rabbitmq/enabled_plugins").read_text() == "[rabbitmq_prometheus]."


@pytest.mark.filterwarnings("ignore:Supervisord is running as root")
def test_a_worker_that_is_to_stop_finishes_its_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its child is not told: that predicts. A kill is for both."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    paths = Paths(tmp_path)
    for folder in (paths.run, paths.logs, paths.temporary):
        folder.mkdir(parents=True, exist_ok=True)
    on = settings(PROFILES="jobs", WORKERS="2")
    (paths.run / "supervisord.conf").write_text(render(list(started(on, paths).values()), paths))
    options = ServerOptions()
    options.realize(["-c", str(paths.run / "supervisord.conf")])
    read = {
        process.name: process for group in options.process_group_configs for process in group.process_configs
    }
    told = {name: (one.stopasgroup, one.killasgroup, one.stopwaitsecs) for name, one in read.items()}
    assert told["worker"] == told["worker_2"] == (False, True, 30)
    assert {name for name, (stops, _, _) in told.items() if not stops} == {"worker", "worker_2"}
    assert all(kills for _, kills, _ in told.values())
    expected = started(on, paths)["rabbitmq"]
    assert read["rabbitmq"].environment == dict(expected.environment)


def test_later_commands_see_what_runs() -> None:
    """PROFILES and WORKERS need be said at the start only; where nothing runs, .env counts."""
    running = dict.fromkeys(["rabbitmq", "job_server", "worker", "worker_2"], "RUNNING")
    seen = with_profiles_that_run(settings(), running)
    assert (seen.jobs, seen.workers) == (True, 2)
    assert not with_profiles_that_run(settings(), {"prometheus": "RUNNING"}).jobs
    assert with_profiles_that_run(settings(PROFILES="jobs"), {}).jobs
