"""What a drill asks of the release program, and what it orders."""

import json
from collections.abc import AsyncGenerator, Sequence

import pytest

from examples.drills import releases
from examples.drills.outcome import Gate
from examples.drills.releases import ABORT, ROLLBACK, WAIT, Releases, read_status, to_do
from examples.traffic import StackError
from tests.unit.examples.drills.seen import release
from tests.unit.examples.drills.test_run import status


def test_a_release_is_read_with_what_was_seen_of_it() -> None:
    """Its plan, its step, what was decided last, and the gates."""
    found = read_status(status("running"))
    assert found
    plan, seen = found
    assert (plan, seen.id, seen.steps, seen.percent) == ("drill", "r1", (20, 50), 20)
    assert seen.gates == [Gate("latency", "fail", "slow")] == seen.decision.gates
    assert seen.place == "running, step 1 of 2, 20 %"


def test_before_the_first_release_there_is_none() -> None:
    """The program says null."""
    assert read_status(status("")) is None


@pytest.mark.parametrize("text", ["", "{}", "no json", json.dumps({"release": {}, "decision": None})])
def test_another_answer_is_no_release(text: str) -> None:
    """An older program's, say."""
    with pytest.raises(StackError, match="cannot be read"):
        read_status(text)


@pytest.mark.parametrize(
    ("phase", "order"),
    [
        ("running", ABORT),
        ("paused", ABORT),
        ("awaiting_approval", ABORT),
        ("promoted", ROLLBACK),
        ("promoting", WAIT),
        ("aborting", WAIT),
        ("rolling_back", WAIT),
        ("aborted", ()),
        ("rolled_back", ()),
    ],
)
def test_a_drills_release_is_ended(phase: str, order: Sequence[str]) -> None:
    """By what its phase allows."""
    assert to_do(("drill-drift", release(phase))) == order


@pytest.mark.parametrize("phase", ["running", "promoted"])
def test_a_persons_release_is_left_alone(phase: str) -> None:
    """Whatever it is at."""
    assert to_do(("default", release(phase))) == ()


async def no_lines(*words: str) -> AsyncGenerator[str]:
    """Fail, as nobody is to look here."""
    raise AssertionError(words)
    yield ""


async def test_what_is_decided_meanwhile_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The order comes too late, and the end is the same."""
    monkeypatch.setattr(releases, "POLL_SECONDS", 0.01)
    phases = ["running", "aborting", "aborted"]
    ordered = []

    async def run(*words: str) -> str:
        if words[0] == "status":
            return status(phases.pop(0))
        ordered.append(words)
        raise StackError("it is aborting and cannot be aborted")

    await Releases(run, no_lines).end()
    assert ordered == [tuple(ABORT)]
    assert not phases


async def test_an_end_that_does_not_come_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that shows why."""
    monkeypatch.setattr(releases, "END_SECONDS", 0.05)
    monkeypatch.setattr(releases, "POLL_SECONDS", 0.01)

    async def run(*words: str) -> str:
        return status("rolling_back")

    with pytest.raises(StackError, match="make release"):
        await Releases(run, no_lines).end()
