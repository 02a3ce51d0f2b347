"""In an experiment who comes again meets the same slot, and a larger share takes nobody back."""

import http.client
import re
from collections.abc import Iterable
from http.cookies import SimpleCookie

import httpx
import pytest

from proxy.assignment import assignment
from proxy.modes import parse_modes
from proxy.routing import Routing, written
from proxy.split import parse
from tests.cleartext import NO_TLS
from tests.unit.proxy.conftest import PROJECT, Slot, Stack, nginx_of, wait_for
from tests.unit.proxy.test_split import CANDIDATE, STABLE

EIGHTY, NINETY = {STABLE: 80, CANDIDATE: 20}, {STABLE: 90, CANDIDATE: 10}
HALF = {STABLE: 1, CANDIDATE: 1}


def ask(stack: Stack, path: str = "/predict", **headers: str) -> httpx.Response:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{stack.url(80)}{path}", content=b"image", headers=said, verify=NO_TLS)


def user_of(stack: Stack, slot: str) -> str:
    """Return someone whose slot this is."""
    return next(
        user for user in map(str, range(1000)) if ask(stack, X_User_Id=user).headers["X-Slot"] == slot
    )


@pytest.fixture
def assigned(stopped: Stack) -> Stack:
    """Have nginx answer with the upstream that it would ask, over connections that are kept."""
    said = "keepalive_timeout 60s;\n    location = /assigned {\n        return 200 $upstream;\n    }\n\n    "
    stopped.edit("location /metrics {", said + "location /metrics {", "servers.conf")
    return stopped


def assignments(stack: Stack, headers: Iterable[dict[str, str]]) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", stack.ports[80])
    found = []
    for one in headers:
        connection.request("GET", "/assigned", headers=one)
        found.append(connection.getresponse().read().decode())
    connection.close()
    return found


def users(count: int = 3000) -> list[dict[str, str]]:
    return [{"X-User-Id": f"user-{number}@example.org"} for number in range(count)]


def test_a_larger_share_moves_its_difference_and_none_back(assigned: Stack) -> None:
    """From 10 to 20 % of three thousand users, to half, all and back, while replicas come and go."""
    assigned.route(NINETY, experiment="fruit-2")
    with nginx_of(assigned) as stack:
        before = assignments(stack, users())
        assert 0.08 < before.count("sticky_model_server_new") / len(before) < 0.12
        for weights in (EIGHTY, HALF, {STABLE: 0, CANDIDATE: 1}, HALF, EIGHTY, NINETY):
            stack.more = {} if stack.more else {STABLE: [stack.slots[STABLE].address] * 2}
            stack.route(weights, experiment="fruit-2")
            stack.reload()
            after = assignments(stack, users())
            moves = {move for move in zip(before, after, strict=True) if move[0] != move[1]}
            share = weights[CANDIDATE] / sum(weights.values())
            assert len(moves) == 1  # in one direction
            assert after.count("sticky_model_server_new") / len(after) == pytest.approx(share, abs=0.02)
            before = after
        assert before == assignments(stack, users())


def test_another_experiment_draws_anew(assigned: Stack) -> None:
    """Half of the users stay by chance, as they must: who met one slot last time is not tied to it."""
    assigned.route(HALF, experiment="fruit-2")
    with nginx_of(assigned) as stack:
        before = assignments(stack, users(2000))
        stack.route(HALF, experiment="fruit-3")
        stack.reload()
        after = assignments(stack, users(2000))
    assert 0.45 < sum(old == new for old, new in zip(before, after, strict=True)) / 2000 < 0.55


def test_visitors_without_a_name_are_shared_too(assigned: Stack) -> None:
    """Each by chance; they do not all meet one slot."""
    assigned.route(EIGHTY, experiment="x")
    with nginx_of(assigned) as stack:
        found = assignments(stack, [{}] * 2000)
    assert 0.16 < found.count("sticky_model_server_new") / len(found) < 0.24


def test_the_second_visit_meets_the_slot_of_the_first(stopped: Stack) -> None:
    """The cookie is set by both slots' answers and by an error's, and once."""
    stopped.route(HALF, experiment="x")
    with nginx_of(stopped) as stack:
        slots = set()
        for number in range(30):
            stack.slots[STABLE].status = 422 if number % 2 else 200
            first = ask(stack)
            cookie = SimpleCookie(first.headers["Set-Cookie"])["visitor"]
            assert (cookie["max-age"], cookie["samesite"], cookie["path"]) == ("2592000", "Lax", "/")
            assert cookie["httponly"]
            again = [ask(stack, Cookie=f"a=b; visitor={cookie.value}") for _ in range(2)]
            assert {answer.headers["X-Slot"] for answer in again} == {first.headers["X-Slot"]}
            assert not any("Set-Cookie" in answer.headers for answer in again)
            slots.add(first.headers["X-Slot"])
    assert slots == {STABLE, CANDIDATE}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/predict", {"X_User_Id": "u-1"}),
        ("/predict", {"X_Slot": STABLE}),
        ("/test/predict", {}),
    ],
)
def test_who_is_known_or_no_user_gets_no_cookie(stopped: Stack, path: str, headers: dict[str, str]) -> None:
    """It would be of no use."""
    stopped.route(HALF, experiment="x")
    with nginx_of(stopped) as stack:
        assert "Set-Cookie" not in ask(stack, path, **headers).headers


def test_without_an_experiment_nobody_gets_a_cookie_nor_stays(stack: Stack) -> None:
    """As shipped."""
    answers = [ask(stack, X_User_Id="u-1") for _ in range(4)] + [ask(stack)]
    assert {answer.headers["X-Slot"] for answer in answers} == {STABLE, CANDIDATE}
    assert not any("Set-Cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize("odd", ["two words", "x" * 129, "a;b", "<b>", 'a"b', ""])
@pytest.mark.parametrize("cookie", ["visitor=" + "0" * 32, "visitor=odd"])
def test_an_odd_id_is_none(stopped: Stack, odd: str, cookie: str) -> None:
    """The visitor's cookie counts then, and where that is odd as well a new one is set."""
    stopped.route(HALF, experiment="x")
    with nginx_of(stopped) as stack:
        answers = [ask(stack, X_User_Id=odd, Cookie=cookie) for _ in range(4)]
    if cookie == "visitor=odd":
        assert all(SimpleCookie(answer.headers["Set-Cookie"])["visitor"].value for answer in answers)
    else:
        assert len({answer.headers["X-Slot"] for answer in answers}) == 1
        assert not any("Set-Cookie" in answer.headers for answer in answers)


@pytest.mark.parametrize("fault", ["stopped", "breaks", "refuses"])
def test_what_a_visitors_slot_cannot_take_the_other_one_answers(stopped: Stack, fault: str) -> None:
    """As without an experiment; and as soon as it can again, it does."""
    stopped.route(HALF, experiment="x")
    with nginx_of(stopped) as stack:
        user = user_of(stack, STABLE)
        slot = stack.slots[STABLE]
        if fault == "stopped":
            slot.stop()
        slot.breaks = fault == "breaks"
        slot.sends_on = "@another_slot" if fault == "refuses" else ""
        answers = [ask(stack, X_User_Id=user) for _ in range(6)]
        assert {(one.status_code, one.headers["X-Slot"]) for one in answers} == {(200, CANDIDATE)}
        if fault == "stopped":
            slot = stack.slots[STABLE] = Slot(STABLE, slot.server_port)
        slot.breaks, slot.sends_on = False, ""
        wait_for(lambda: ask(stack, X_User_Id=user).headers["X-Slot"] == STABLE)
        slot.sends_on_the_impatient = "@patient"
        assert ask(stack, X_User_Id=user).headers["X-Slot"] == STABLE


def test_a_visitors_slot_that_hangs_is_left_out(stopped: Stack) -> None:
    """Three requests wait for it, later ones do not."""
    stopped.edit("proxy_read_timeout 2500ms", "proxy_read_timeout 300ms", "proxy.conf")
    stopped.route(HALF, experiment="x")
    with nginx_of(stopped) as stack:
        user = user_of(stack, STABLE)
        stack.slots[STABLE].hangs = True
        asked_before = len(stack.slots[STABLE].seen)
        answers = [ask(stack, X_User_Id=user) for _ in range(10)]
        assert {(one.status_code, one.headers["X-Slot"]) for one in answers} == {(200, CANDIDATE)}
        assert 3 <= len(stack.slots[STABLE].seen) - asked_before <= 5


def test_what_retries_knows_an_experiments_upstreams() -> None:
    """nginx names one where all its servers are left out, and then everybody has to be asked."""
    retry = (PROJECT / "proxy/retry.conf").read_text()
    (pattern,) = re.findall(r'"~(.*)" @any_server;', retry.split("$one_more_try {")[1])
    text = written((PROJECT / "nginx/default.conf").read_text(), Routing(HALF, experiment="x"))
    names = re.findall(r"upstream (\w+) {", assignment(parse(text), parse_modes(text), "0"))
    assert len(names) == 2
    assert all(re.search(pattern, f"127.0.0.1:8000, {name}") for name in names)


def test_where_nobody_can_answer_all_are_asked_all_the_same(stopped: Stack) -> None:
    """Both slots were left out, and one is back."""
    stopped.route(HALF, experiment="x")
    with nginx_of(stopped) as stack:
        user = user_of(stack, STABLE)
        for slot in stack.slots.values():
            slot.breaks = True
        assert {ask(stack, X_User_Id=user).status_code for _ in range(10)} == {502}
        stack.slots[CANDIDATE].breaks = False
        answers = [ask(stack, X_User_Id=user) for _ in range(4)]
        assert {(one.status_code, one.headers["X-Slot"]) for one in answers} == {(200, CANDIDATE)}


def test_a_slot_that_is_down_gets_no_visitor(stopped: Stack) -> None:
    """Not even those whom the other one cannot answer."""
    stopped.route({STABLE: 1, CANDIDATE: 0}, experiment="x")
    with nginx_of(stopped) as stack:
        stack.slots[STABLE].breaks = True
        assert {ask(stack, X_User_Id=str(user)).status_code for user in range(8)} == {502}
        assert not stack.slots[CANDIDATE].seen
