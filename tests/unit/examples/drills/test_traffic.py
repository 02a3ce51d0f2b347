"""What a drill's users send, and what is counted of it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from examples.drills import traffic
from examples.drills.drills import Load
from examples.drills.images import read_images
from examples.drills.outcome import Requests
from examples.drills.traffic import Choice, Traffic
from examples.traffic import StackError
from service.slots import CANDIDATE, STABLE
from tests.unit.examples.drills.fake_users import IMAGES, FakeNginx

URL = "http://stack"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a condition of whatever kind
            await asyncio.sleep(0.01)


@pytest.fixture
def nginx() -> FakeNginx:
    return FakeNginx()


def users(nginx: FakeNginx, load: Load | None = None) -> Traffic:
    return Traffic(URL, load or Load(requests_per_second=200, labelled=0), IMAGES, nginx)


async def test_images_come_at_the_wanted_rate(nginx: FakeNginx) -> None:
    """Each of them when its time has come: a server that is slow does not slow its users down."""
    nginx.open.clear()
    loop = asyncio.get_running_loop()
    async with users(nginx, Load(requests_per_second=100)) as sending:
        began = loop.time()
        await until(lambda: sending.requests.sent >= 50)
        seconds = loop.time() - began
        nginx.open.set()
    assert seconds == pytest.approx(0.5, abs=0.3)
    assert [one.content for one in nginx.asked[:3]] == [b"clean apple", b"clean lemon", b"clean apple"]
    assert {one.headers["content-type"] for one in nginx.asked} == {"image/jpeg"}


async def test_who_is_still_waiting_at_the_end_is_waited_for(nginx: FakeNginx) -> None:
    """So that each request that was sent has been answered or has failed."""
    async with users(nginx) as sending:
        nginx.open.clear()
        await until(lambda: sending.requests.sent >= 20)
        asyncio.get_running_loop().call_later(0.1, nginx.open.set)
    assert sending.slots.total() == sending.requests.sent


async def test_no_more_than_so_many_wait_at_once(nginx: FakeNginx, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a server that hangs would have this machine hang."""
    monkeypatch.setattr(traffic, "MOST_AT_ONCE", 5)
    nginx.open.clear()
    async with users(nginx) as sending:
        await until(lambda: sending.requests.sent == 5)
        await asyncio.sleep(0.1)
        assert sending.requests.sent == 5
        nginx.open.set()
        await until(lambda: sending.requests.sent > 10)


async def test_what_is_not_answered_well_has_failed(nginx: FakeNginx) -> None:
    """By whom is counted too."""
    nginx.slot_of = lambda request: CANDIDATE if b"lemon" in request.content else STABLE
    nginx.status_of = lambda request: 500 if b"lemon" in request.content else 200
    async with users(nginx) as sending:
        await until(lambda: sending.slots.total() >= 10)
    assert sending.failures == {f"500 from {CANDIDATE}": sending.slots[CANDIDATE]}
    assert replace(sending.requests, failures={}) == Requests(
        sent=sending.slots.total(), failed=sending.slots[CANDIDATE], candidate=sending.slots[CANDIDATE]
    )


async def test_no_answer_is_a_failure(nginx: FakeNginx) -> None:
    """And the next request is sent all the same."""
    nginx.is_away = True
    async with users(nginx) as sending:
        await until(lambda: sending.requests.failed >= 3)
    assert sending.failures["ConnectError"] == sending.requests.sent


async def test_true_labels_are_told(nginx: FakeNginx, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the predictions that were answered, and again where the database is away."""
    monkeypatch.setattr(traffic, "LABELS_EVERY_SECONDS", 0.02)
    async with users(nginx, Load(requests_per_second=200, labelled=1)) as sending:
        await until(lambda: sending.labels_told > 5)
    assert nginx.labels
    assert all(label in request_id for request_id, label in nginx.labels.items())
    assert len(nginx.labels) == sending.labels_told


async def test_labels_that_nobody_took_are_told_again(
    nginx: FakeNginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are about predictions that count."""
    monkeypatch.setattr(traffic, "LABELS_EVERY_SECONDS", 0.02)
    async with users(nginx, Load(requests_per_second=200, labelled=1)) as sending:
        await until(lambda: sending.slots.total() > 5)
        nginx.is_away = True
        answered = sending.slots.total()
        await asyncio.sleep(0.1)
        nginx.is_away = False
        await until(lambda: sending.labels_told >= answered)
    assert {f"{number}" for number in range(answered)} <= {name.split()[0] for name in nginx.labels}


def test_a_share_of_the_labels_is_told() -> None:
    """None where none is to be."""
    half, none = (Choice(Load(labelled=share), IMAGES) for share in (0.5, 0.0))
    assert sum(half.tells_label() for _ in range(1000)) == pytest.approx(500, abs=60)
    assert not any(none.tells_label() for _ in range(100))


def test_all_visitors_send_damaged_images() -> None:
    """From when they are to."""
    choice = Choice(Load(visitors=10), IMAGES)
    assert choice.next().image in IMAGES.clean
    choice.dirty = "all"
    assert {choice.next().image for _ in range(20)} == set(IMAGES.damaged)


def test_only_those_whom_the_candidate_answers_send_damaged_images() -> None:
    """Whoever has not been answered yet sends a clean one."""
    choice = Choice(Load(visitors=10), IMAGES)
    choice.dirty = "candidate"
    assert all(choice.next().image in IMAGES.clean for _ in range(50))
    for number in range(10):
        choice.seen(f"drill-{number}", CANDIDATE if number < 3 else STABLE)
    sent = [choice.next() for _ in range(200)]
    assert {one.visitor for one in sent if one.image in IMAGES.damaged} == {f"drill-{n}" for n in range(3)}
    assert all(
        one.image in IMAGES.clean for one in sent if one.visitor not in {"drill-0", "drill-1", "drill-2"}
    )


async def test_visitors_say_who_they_are(nginx: FakeNginx) -> None:
    """And what answers them is learned."""
    nginx.slot_of = lambda _: CANDIDATE
    async with users(nginx, Load(requests_per_second=200, visitors=3)) as sending:
        sending.choice.dirty = "candidate"
        await until(lambda: nginx.asked[-1:] != [] and b"damaged" in nginx.asked[-1].content)
    assert {one.headers["x-user-id"] for one in nginx.asked} <= {"drill-0", "drill-1", "drill-2"}


async def test_without_visitors_nobody_says_who_they_are(nginx: FakeNginx) -> None:
    """As most clients do."""
    async with users(nginx) as sending:
        await until(lambda: sending.requests.sent > 3)
    assert not any("x-user-id" in one.headers for one in nginx.asked)


def test_images_come_with_their_labels(tmp_path: Path) -> None:
    """The classes take turns."""
    for split in ("test", "dirty_test"):
        for label in ("apple", "lemon"):
            (tmp_path / split / label).mkdir(parents=True)
            for number in (0, 1):
                (tmp_path / split / label / f"{number}.jpg").write_bytes(f"{split} {number}".encode())
    images = read_images(tmp_path)
    assert [one.label for one in images.clean] == ["apple", "lemon", "apple", "lemon"]
    assert images.damaged[0].data == b"dirty_test 0"


def test_where_there_are_no_images_it_is_said(tmp_path: Path) -> None:
    """With the command that makes them."""
    with pytest.raises(StackError, match="make models"):
        read_images(tmp_path)
