"""retraining/release_program.py: what is no answer of the release program is waited out."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from retraining.release_program import ReleaseProgram
from retraining.runs.run import Outcome, Run
from retraining.runs.running import NotNow
from retraining.telling import Telling
from service.token import SharedToken

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ENDED = Run(id="20261130T120000Z", trigger="asked", who="ann", why="", begun_at=NOON, outcome=Outcome.FAILED)


def program(answer: httpx.Response, token: SharedToken) -> ReleaseProgram:
    """Return one that is answered so."""
    return ReleaseProgram("http://release", token, httpx.MockTransport(lambda _: answer))


@pytest.fixture
def token() -> SharedToken:
    return SharedToken(SecretStr("a" * 32), Path("none"))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"status": "ok"}),
        httpx.Response(302, headers={"location": "/login"}),
        httpx.Response(503, json={"detail": "away"}),
    ],
)
def test_nonsense_is_waited_out(answer: httpx.Response, token: SharedToken) -> None:
    """It fails no run: the release program may be somebody else for a while."""
    with pytest.raises(NotNow):
        program(answer, token).newest()


def test_a_message_that_is_refused_is_not_sent_for_ever(token: SharedToken) -> None:
    """Else the run were never over, and no other one could begin."""
    Telling(program(httpx.Response(422, json={"detail": "too long"}), token), "http://r")(ENDED)
