"""Counting a slot's replicas in a container, and giving each its share of the slot's weight."""

import socket
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from proxy.render import Look, rendered, source_of, write_folder
from proxy.replicas import ReplicaCounts, count_replicas
from service.slots import SLOTS
from tests.waiting import until

SOURCE = source_of(Path(__file__).parents[3])
Known = dict[str, list[str]]
ADDRESSES: Known = {
    "model_server": ["172.18.0.3", "172.18.0.4", "172.18.0.12", "172.18.0.4"],
    "model_server_new": ["172.18.0.5"],
}
GETENT: Known = {slot: ["172.18.0.4", "172.18.0.4", "172.18.0.4", "172.18.0.7"] for slot in SLOTS}


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Callable[[Known | int], None]:
    """Let the DNS know some names, or answer every question with an error."""

    def know(known: Known | int) -> None:
        def look_up(name: str, *_: object) -> list[tuple[object, ...]]:
            if isinstance(known, int):
                raise socket.gaierror(known, "as the test says")
            if name not in known:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in known[name]]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return know


def replicas(before: int = 1) -> str:
    return " ".join(f"{slot}={count_replicas(slot, before)}" for slot in SLOTS)


def test_every_address_counts_once(dns: Callable[[Known | int], None]) -> None:
    """However often the DNS names it."""
    dns(ADDRESSES)
    assert replicas() == "model_server=3 model_server_new=1"


def test_an_address_counts_once_for_all_its_kinds_of_socket(dns: Callable[[Known | int], None]) -> None:
    """The resolver names each for streams, datagrams and raw sockets."""
    dns(GETENT)
    assert replicas() == "model_server=2 model_server_new=2"


@pytest.mark.parametrize("known", [{}, socket.EAI_NODATA])
def test_a_slot_that_nobody_knows_counts_as_one(
    dns: Callable[[Known | int], None], known: Known | int
) -> None:
    """Its only replica is being restarted: the shares stay."""
    dns(known)
    assert replicas(before=3) == "model_server=1 model_server_new=1"


@pytest.mark.parametrize("error", [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM])
def test_a_dns_that_cannot_say_changes_no_count(dns: Callable[[Known | int], None], error: int) -> None:
    """The split does not jump because a question was lost."""
    dns(error)
    assert replicas(before=3) == "model_server=3 model_server_new=3"


def test_one_slots_slow_answer_keeps_no_other_waiting() -> None:
    """The newest counts are there at any time."""
    answered = Event()

    def count(slot: str, before: int) -> int:
        if slot == "slow":
            answered.wait()
        return before + 1

    with ReplicaCounts(["slow", "model_server"], count) as counts:
        until("a second count", lambda: counts.latest()["model_server"] == 3, 10)
        assert counts.latest()["slow"] == 1
        answered.set()
        until("the slow slot's count", lambda: counts.latest()["slow"] == 2, 10)


def test_nginx_reads_shared_weights(tmp_path: Path) -> None:
    """What is rendered is the folder's files with the weights shared, and nothing that is no longer there."""
    target = tmp_path / "rendered"
    target.mkdir()
    (target / "old.conf").write_text("")
    look = Look(SOURCE.read(), {"model_server": 3, "model_server_new": 1})
    write_folder(target, rendered(look))
    written = {path.name for path in SOURCE.folder.glob("*.conf")} | {
        "default.conf",
        "assignment.conf",
        "body_limit.conf",
        "copies.conf",
        "fallbacks.conf",
        "turns.conf",
    }
    assert {path.name for path in target.iterdir()} == written
    split = (target / "default.conf").read_text()
    assert "server model_server:8000      weight=1 " in split
    assert "server model_server_new:8000  weight=3 " in split
    assert (target / "nginx.conf").read_text() == SOURCE.path("nginx.conf").read_text()
