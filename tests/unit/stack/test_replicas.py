"""Several processes per slot, without Docker."""

import re
from pathlib import Path

import pytest

from stack.paths import Paths
from stack.plain import model_servers as model_servers_module
from stack.plain.addresses import local_addresses, local_replicas
from stack.plain.components import ports, replica_components
from stack.plain.jobs import jobs
from stack.plain.model_servers import model_servers
from stack.published import EVERY
from stack.settings import INNER_PORT_COUNT, MOST_REPLICAS, StackSettings, load_stack_settings


def settings(stable: int, candidate: int, **variables: str) -> StackSettings:
    counts = {"MODEL_SERVER_REPLICAS": str(stable), "MODEL_SERVER_NEW_REPLICAS": str(candidate)}
    return load_stack_settings(Path("/nowhere"), {**counts, **variables}, http_port=80)


def test_no_two_parts_of_the_stack_share_a_port() -> None:
    """With as many replicas as there may be; jobs have five more."""
    used = [one.number for one in ports(settings(MOST_REPLICAS, MOST_REPLICAS))]
    assert len(used) == 10 + 2 * 2 * MOST_REPLICAS + 6
    with_jobs = [one.number for one in ports(settings(MOST_REPLICAS, MOST_REPLICAS, PROFILES="jobs"))]
    assert len(set(with_jobs)) == len(with_jobs) == len(used) + 5
    assert set(used) < set(with_jobs)


def test_one_setting_moves_all_inner_ports() -> None:
    """What is not published lies within INNER_PORTS and the 1114 behind it, and names it as the way out."""
    moved = ports(settings(MOST_REPLICAS, MOST_REPLICAS, INNER_PORTS="30000", PROFILES="jobs"))
    inner = [one for one in moved if one.variable not in {shown.variable for shown in EVERY}]
    assert {one.variable for one in inner} == {"INNER_PORTS"}
    assert min(one.number for one in inner) == 30000
    assert max(one.number for one in inner) == 30000 + INNER_PORT_COUNT - 1


def test_everybody_is_told_of_the_inner_ports() -> None:
    """nginx, Prometheus and the servers themselves follow, and nobody asks the default's."""
    moved = settings(2, 1, INNER_PORTS="30000", PROFILES="jobs")
    started = [*model_servers(moved, Paths()), *jobs(moved, Paths())]
    told = [str(local_addresses(moved)), *(f"{one.command} {one.environment}" for one in started)]
    assert not re.findall(r"\b1[89]\d{3}\b", " ".join(told))


def test_a_slots_first_replica_has_the_slots_name() -> None:
    """One replica is called as its service is with Docker; the others are numbered."""
    names = [one.name for one in local_replicas(settings(3, 1))]
    assert names == ["model_server", "model_server_2", "model_server_3", "model_server_new"]


def test_nginx_and_prometheus_are_told_of_every_replica() -> None:
    """Each slot has its replicas' addresses."""
    addresses = local_addresses(settings(2, 1))
    assert addresses.slots == {
        "model_server": ("127.0.0.1:18000", "127.0.0.1:18002"),
        "model_server_new": ("127.0.0.1:18001",),
    }
    assert {name: addresses.scraped[name] for name in addresses.slots} == addresses.slots


@pytest.mark.parametrize(
    ("cores", "stable", "candidate", "threads"),
    [(2, 1, 1, "1"), (8, 1, 1, "4"), (8, 3, 1, "2"), (2, 3, 1, "1"), (64, 1, 1, "4")],
)
def test_replicas_share_the_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, stable: int, candidate: int, threads: str
) -> None:
    """Together they have a worker for each core, and each at least one and at most four."""
    monkeypatch.setattr(model_servers_module, "available_cores", lambda: cores)
    started = model_servers(settings(stable, candidate), Paths())
    assert [one.environment["CPU_THREADS"] for one in started] == [threads] * (stable + candidate)


def test_a_replica_serves_its_slots_package_on_ports_of_its_own() -> None:
    """Replicas of a slot differ in their ports alone."""
    _, second, candidate = model_servers(settings(2, 1), Paths(Path("/project")))
    assert second.environment["SLOT"] == "model_server"
    assert second.environment["MODEL_PACKAGE"] == "/project/model_server/model"
    assert (second.environment["PORT"], second.environment["INTERNAL_PORT"]) == ("18002", "18102")
    assert (candidate.environment["PORT"], candidate.environment["INTERNAL_PORT"]) == ("18001", "18101")


def test_a_package_elsewhere_is_served() -> None:
    """A folder of .env is taken from the project's root, as Compose does, or is absolute."""
    chosen = settings(1, 1, MODEL_SERVER_PACKAGE="./mine", MODEL_SERVER_NEW_PACKAGE="/elsewhere")
    packages = [one.environment["MODEL_PACKAGE"] for one in model_servers(chosen, Paths(Path("/project")))]
    assert packages == ["/project/mine", "/elsewhere"]


def test_threads_that_somebody_chose_count() -> None:
    """CPU_THREADS of .env goes before the share."""
    assert model_servers(settings(1, 1, CPU_THREADS="5"), Paths())[0].environment["CPU_THREADS"] == "5"


def test_each_of_several_replicas_is_shown_and_waited_for() -> None:
    """nginx would ask only one of them; a slot with a single one needs no further line."""
    assert [part.name for part in replica_components(settings(2, 1))] == [
        "model_server, replica 1",
        "model_server, replica 2",
    ]


@pytest.mark.parametrize("value", ["0", "17", "-1", "many", "1.5"])
@pytest.mark.parametrize("name", ["MODEL_SERVER_REPLICAS", "MODEL_SERVER_NEW_REPLICAS"])
def test_a_wrong_number_of_replicas_is_named(name: str, value: str) -> None:
    """The line says which variable is wrong and what it may be."""
    with pytest.raises(SystemExit, match=rf"{name}: '{value}' is not a number from 1 to 16"):
        load_stack_settings(Path("/nowhere"), {name: value}, http_port=80)
