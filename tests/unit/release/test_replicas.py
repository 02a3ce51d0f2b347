"""A slot's replicas, over listeners on loopback addresses."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from release.replicas import Replica, Replicas, complaint, resolve
from service.token import SharedToken
from tests.waiting import until

TOKEN = SharedToken(SecretStr("a-token-of-the-tests"), Path("/nowhere"))


class FakeReplica(ThreadingHTTPServer):
    """Answers as a model server's internal listener does; notes what it was asked."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((address, port), Handler)
        self.address = f"{address}:{self.server_port}"
        self.served = "old"
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.asked: list[tuple[str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    """Answers what the replica has ready."""

    server: FakeReplica

    def do_POST(self) -> None:
        replica = self.server
        replica.asked.append((self.path, self.headers.get("Authorization")))
        status, body = 200, dict[str, str]()
        if self.path.endswith("/load"):
            status, body = replica.answers.pop(0) if replica.answers else (200, {"sha256": "new"})
        content = json.dumps(body or [{"sha256": replica.served}]).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def running(replica: FakeReplica) -> Iterator[FakeReplica]:
    thread = threading.Thread(target=replica.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield replica
    finally:
        replica.shutdown()
        thread.join()
        replica.server_close()


@pytest.fixture
def three() -> Iterator[list[FakeReplica]]:
    with ExitStack() as stack:
        yield [stack.enter_context(running(FakeReplica(f"127.0.0.{n}"))) for n in (1, 2, 3)]


def replicas(*found: FakeReplica, patience_seconds: float = 10) -> Replicas:
    return Replicas([one.address for one in found], TOKEN, patience_seconds=patience_seconds)


async def test_every_replica_is_told_with_the_token(three: list[FakeReplica]) -> None:
    """Each says what it serves then."""
    answers = await replicas(*three).reload("small", "new")
    assert answers == [Replica(one.address, "serves", "new") for one in three]
    path = "/v2/repository/models/small/load"
    assert [one.asked for one in three] == [[(path, "Bearer a-token-of-the-tests")]] * 3
    assert complaint(answers) == ""


async def test_where_the_first_refuses_the_others_are_left_alone(three: list[FakeReplica]) -> None:
    """They go on with the old package, and were not even asked."""
    three[0].answers = [(400, {"error": "the weights do not fit"})]
    answers = await replicas(*three).reload("small", "new")
    assert answers == [Replica(three[0].address, "refused", reason="400: the weights do not fit")]
    assert three[1].asked == three[2].asked == []
    assert complaint(answers) == f"{three[0].address}: 400: the weights do not fit"


async def test_all_at_once_are_asked_though_one_refuses(three: list[FakeReplica]) -> None:
    """For what they have served before."""
    three[0].answers = [(400, {"error": "why"})]
    answers = await replicas(*three).reload("small", "new", at_once=True)
    assert [one.state for one in answers] == ["refused", "serves", "serves"]


async def test_one_refusal_among_several_is_a_complaint(three: list[FakeReplica]) -> None:
    """Although others serve the package."""
    three[2].answers = [(401, {"error": "not the token"})]
    answers = await replicas(*three).reload("small", "new")
    assert [one.state for one in answers] == ["serves", "serves", "refused"]
    assert complaint(answers) == f"{three[2].address}: 401: not the token"


async def test_a_replica_that_loads_another_package_has_not_done_it(three: list[FakeReplica]) -> None:
    """Somebody has changed the folder meanwhile."""
    three[1].answers = [(200, {"sha256": "other"})]
    answers = await replicas(*three).reload("small", "new")
    assert complaint(answers) == f"{three[1].address}: it has loaded other, not new"


async def test_a_replica_that_is_starting_is_asked_again(three: list[FakeReplica]) -> None:
    """Its listener is not there yet; those that answered are not asked twice."""
    first, second, _ = three
    late = FakeReplica("127.0.0.4")
    late.server_close()
    reload = asyncio.create_task(replicas(first, second, late).reload("small", "new"))
    await asyncio.to_thread(until, "the second asked", lambda: bool(second.asked), 10)
    with running(FakeReplica("127.0.0.4", late.server_port)):
        answers = await reload
    assert [one.state for one in answers] == ["serves"] * 3
    assert (len(first.asked), len(second.asked)) == (1, 1)


async def test_a_replica_that_stays_away_is_named(three: list[FakeReplica]) -> None:
    """No complaint, as long as another one serves the package; alone it is one."""
    gone = three[2].address
    three[2].shutdown()
    three[2].server_close()
    answers = await replicas(*three, patience_seconds=0).reload("small", "new")
    assert [one.state for one in answers] == ["serves", "serves", "away"]
    assert complaint(answers) == ""
    assert f"no replica answers: {gone}: ConnectError" in complaint(answers[2:])


async def test_a_slot_without_replicas_is_a_complaint() -> None:
    """DNS knows none of the name."""
    answers = await Replicas(["no-such-slot.invalid:8002"], TOKEN, patience_seconds=0).reload("small", "new")
    assert complaint(answers) == "no replica answers: none was found"


async def test_what_each_serves_can_be_asked(three: list[FakeReplica]) -> None:
    """For the status, without the token."""
    three[1].served = "new"
    found = await replicas(*three).look()
    assert [(one.state, one.sha256) for one in found] == [
        ("serves", "old"),
        ("serves", "new"),
        ("serves", "old"),
    ]
    assert three[0].asked == [("/v2/repository/index", None)]


async def test_a_name_stands_for_all_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Compose's DNS answers for a service of several containers; each is asked once."""
    known = {"model_server": ["172.18.0.9", "172.18.0.5"], "127.0.0.1": ["127.0.0.1"]}

    def look_up(host: str, port: int, *_: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ipv4, port)) for ipv4 in known[host]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    found = await resolve(["model_server:8002", "127.0.0.1:18100", "127.0.0.1:18100"])
    assert found == ["172.18.0.5:8002", "172.18.0.9:8002", "127.0.0.1:18100"]
