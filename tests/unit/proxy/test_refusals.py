"""A slot that refuses a request, or asks for more patience, has nginx send it on."""

import httpx
import pytest

from proxy.fallbacks import fallbacks
from proxy.split import parse
from tests.unit.proxy.conftest import Slot, Stack, nginx_of

STABLE, CANDIDATE = "model_server", "model_server_new"


def predict(stack: Stack, port: int = 80, **headers: str) -> httpx.Response:
    return httpx.put(f"{stack.url(port)}/predict", content=b"image", headers=headers)


def answered(answers: list[httpx.Response]) -> set[tuple[int, str]]:
    return {(answer.status_code, answer.headers["X-Slot"]) for answer in answers}


def test_what_a_slot_refuses_the_other_one_answers(stack: Stack) -> None:
    """The same method with the same body, each request once, and as often as it takes."""
    stack.slots[STABLE].sends_on = "@another_slot"
    assert answered([predict(stack) for _ in range(12)]) == {(200, CANDIDATE)}
    assert stack.slots[CANDIDATE].bodies == [("PUT", b"image")] * 12
    assert len(stack.slots[STABLE].bodies) == 6  # refusing shuts no slot out


def test_what_both_slots_refuse_is_answered_by_the_second(stack: Stack) -> None:
    """With its own words, once; where to send it on stays between the slots and nginx."""
    for slot in stack.slots.values():
        slot.sends_on = "@another_slot"
    answer = predict(stack)
    assert (answer.status_code, answer.text) == (503, "body")
    assert not [name for name in answer.headers if name.startswith("x-accel")]
    assert [len(slot.bodies) for slot in stack.slots.values()] == [1, 1]


@pytest.mark.parametrize("port", [8000, 8001])
def test_on_the_port_of_one_slot_its_refusal_is_the_answer(stack: Stack, port: int) -> None:
    """The other slot is not asked."""
    asked, other = (STABLE, CANDIDATE) if port == 8000 else (CANDIDATE, STABLE)
    stack.slots[asked].sends_on = "@another_slot"
    answer = predict(stack, port)
    assert (answer.status_code, answer.text, answer.headers["X-Slot"]) == (503, "body", asked)
    assert "X-Accel-Redirect" not in answer.headers
    assert not stack.slots[other].seen


def test_a_slot_that_is_down_gets_nothing_of_what_the_other_refuses(stopped: Stack) -> None:
    """Whoever took it out does not want requests there."""
    stopped.edit("model_server_new:8000  weight=1", "model_server_new:8000 down")
    stopped.slots[STABLE].sends_on = "@another_slot"
    with nginx_of(stopped) as stack:
        answer = predict(stack)
    assert (answer.status_code, answer.text, answer.headers["X-Slot"]) == (503, "body", STABLE)
    assert not stack.slots[CANDIDATE].seen


@pytest.mark.parametrize("breaks", [True, False])
def test_what_one_slot_refuses_and_the_other_cannot_take_is_a_503(stack: Stack, breaks: bool) -> None:
    """It may be sent again: nginx says so, in one form."""
    stack.slots[STABLE].sends_on = "@another_slot"
    if breaks:
        stack.slots[CANDIDATE].breaks = True
    else:
        stack.slots[CANDIDATE].stop()
    answers = [predict(stack) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}
    assert {answer.headers["Retry-After"] for answer in answers} == {"2"}
    assert {answer.json()["status"] for answer in answers} == {503}


def test_replicas_of_the_slot_that_refuses_are_not_asked(stopped: Stack) -> None:
    """They share its load; the other slot has its own."""
    further = [Slot(STABLE) for _ in range(3)]
    stopped.more = {STABLE: [slot.address for slot in further]}
    for slot in (*further, stopped.slots[STABLE]):
        slot.sends_on = "@another_slot"
    with nginx_of(stopped) as stack:
        assert answered([predict(stack) for _ in range(10)]) == {(200, CANDIDATE)}
    for slot in further:
        slot.stop()


@pytest.mark.parametrize("port", [80, 8000, 8001])
def test_whoever_needs_longer_is_asked_again_with_patience(stack: Stack, port: int) -> None:
    """What a client says of patience never reaches a slot."""
    for slot in stack.slots.values():
        slot.sends_on_the_impatient = "@patient"
    answer = predict(stack, port, **{"X-Patience": "long"})
    assert (answer.status_code, answer.text) == (200, "body")
    told = [said for slot in stack.slots.values() for said in slot.patience]
    assert sorted(filter(None, told)) == ["long", "short"]
    assert {sent for slot in stack.slots.values() for sent in slot.bodies} == {("PUT", b"image")}


def test_patience_outlasts_the_first_wait(stopped: Stack) -> None:
    """A slow answer to a patient request is waited for."""
    stopped.edit("proxy_read_timeout 2500ms", "proxy_read_timeout 200ms", "proxy.conf")
    for slot in stopped.slots.values():
        slot.sends_on_the_impatient = "@patient"
        slot.patient_seconds = 0.6
    with nginx_of(stopped) as stack:
        assert [predict(stack, port).status_code for port in (80, 8000, 8001)] == [200, 200, 200]


def test_a_patient_request_that_a_slot_refuses_goes_to_the_other_one(stack: Stack) -> None:
    """With its patience."""
    stack.slots[STABLE].sends_on = "@another_slot"
    stack.slots[CANDIDATE].sends_on_the_impatient = "@patient"
    assert {predict(stack).status_code for _ in range(10)} == {200}
    assert "long" in stack.slots[STABLE].patience
    assert stack.slots[CANDIDATE].patience[-1] == "long"


def split(stable: str, candidate: str) -> str:
    return (
        f"upstream split {{ server model_server:8000 {stable}; server model_server_new:8000 {candidate}; }}"
    )


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        (split("weight=9", "weight=1"), [(STABLE, CANDIDATE), (CANDIDATE,), (STABLE,)]),
        (split("", "down"), [(STABLE,), (STABLE,), (STABLE,)]),
        (split("down", "backup"), [(CANDIDATE,), (CANDIDATE,), (CANDIDATE,)]),
        (split("backup down", "weight=3"), [(CANDIDATE,), (CANDIDATE,), (CANDIDATE,)]),
    ],
)
def test_the_last_to_be_asked_are_those_that_may_have_traffic(
    text: str, servers: list[tuple[str, ...]]
) -> None:
    """Everybody, those beside the stable slot, those beside the candidate; a weight does not matter."""
    blocks = fallbacks(parse(text)).split("upstream ")[1:]
    assert [block.split()[0] for block in blocks] == [
        "any_server",
        f"without_{STABLE}",
        f"without_{CANDIDATE}",
    ]
    expected = [[f"server {slot}:8000 max_fails=0 resolve;" for slot in slots] for slots in servers]
    found = [
        [line.strip() for line in block.splitlines() if "server " in line and "resolve" in line]
        for block in blocks
    ]
    assert found == expected
