"""retraining/steps/release.py and release_program.py: a version is tried once, and its end waited for."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from retraining.release_program import Refused, ReleaseProgram
from retraining.runs.run import Outcome, Run, Step
from retraining.runs.running import Ends, NotNow, Waits
from retraining.steps.release import Decide, Release
from service.token import SharedToken

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
TOKEN = SharedToken(SecretStr("a" * 32), Path("nowhere"))
PACKAGE = "ab" * 32


def run(**results: dict[str, Any]) -> Run:
    steps = {
        name: Step(begun_at=NOON, ended_at=NOON + timedelta(1), result=one) for name, one in results.items()
    }
    return Run(id="20261130T120000Z", trigger="asked", who="me", why="old", begun_at=NOON, steps=steps)


PACKED = {"package": {"package": PACKAGE}}


def newest(
    phase: str, *, identifier: str = "r1", reason: str = "run 20261130T120000Z: old"
) -> dict[str, Any]:
    release = {
        "_id": identifier,
        "phase": phase,
        "percent": 20,
        "reason": reason,
        "candidate": {"sha256": PACKAGE},
    }
    return {"release": release, "decision": {"decision": "promote", "why": "no gate failed"}, "seen": None}


def program(answer: Callable[[httpx.Request], httpx.Response]) -> ReleaseProgram:
    return ReleaseProgram("http://release", TOKEN, httpx.MockTransport(answer))


def test_a_version_is_tried_by_the_plan() -> None:
    """The release says which run it is of."""
    orders: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"release": None, "decision": None, "seen": None})
        assert request.headers["authorization"] == f"Bearer {'a' * 32}"
        orders.append(json.loads(request.content))
        return httpx.Response(201, json=newest("running"))

    done = Release(program(answer), "short")(run(**PACKED))
    assert done.result == {"release": "r1", "plan": "short"}
    assert orders == [
        {"plan": "short", "package": PACKAGE, "who": "retraining", "why": "run 20261130T120000Z: old"}
    ]


def test_a_release_that_this_run_has_started_is_not_started_again() -> None:
    """It was killed before it had noted that."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.method == "GET"
        return httpx.Response(200, json=newest("running"))

    assert Release(program(answer), "short")(run(**PACKED)).result["release"] == "r1"


def test_another_release_that_is_under_way_is_waited_for() -> None:
    """A person's release comes first."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=newest("running", reason="somebody's"))
        return httpx.Response(409, json={"detail": "a release is under way"})

    with pytest.raises(NotNow, match="a release is under way"):
        Release(program(answer), "short")(run(**PACKED))


@pytest.mark.parametrize(
    ("phase", "outcome"),
    [
        ("promoted", Outcome.PROMOTED),
        ("aborted", Outcome.NOT_PROMOTED),
        ("rolled_back", Outcome.NOT_PROMOTED),
    ],
)
def test_the_run_ends_as_the_release_does(phase: str, outcome: Outcome) -> None:
    """With why it was decided so."""
    found = Decide(program(lambda _: httpx.Response(200, json=newest(phase))))(run(release={"release": "r1"}))
    assert isinstance(found, Ends)
    assert (found.outcome, found.reason) == (outcome, "no gate failed")


@pytest.mark.parametrize("phase", ["running", "paused", "awaiting_approval", "promoting"])
def test_until_then_it_waits(phase: str) -> None:
    """However long a person takes."""
    found = Decide(program(lambda _: httpx.Response(200, json=newest(phase))))(run(release={"release": "r1"}))
    assert found == Waits(f"release r1: {phase}, 20 %")


def test_a_release_that_another_one_followed_was_not_promoted_as_far_as_is_known() -> None:
    """The run does not wait for ever."""
    answer = httpx.Response(200, json=newest("running", identifier="r2"))
    found = Decide(program(lambda _: answer))(run(release={"release": "r1"}))
    assert isinstance(found, Ends)
    assert found.outcome is Outcome.NOT_PROMOTED


@pytest.mark.parametrize("status", [500, 503, 401])
def test_a_release_program_in_trouble_is_waited_for(status: int) -> None:
    """As is one that is away."""
    with pytest.raises(NotNow, match="the release program"):
        program(lambda _: httpx.Response(status, json={"detail": "x"})).newest()

    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(NotNow, match="refused"):
        program(away).newest()


def test_what_it_will_not_do_says_why() -> None:
    """Whatever the body is."""
    with pytest.raises(Refused, match="no such plan"):
        program(lambda _: httpx.Response(422, json={"detail": "no such plan"})).start({})
    with pytest.raises(Refused, match="plain"):
        program(lambda _: httpx.Response(422, text="plain")).start({})
