"""What people see of a drill, on a terminal and in a log."""

from io import StringIO

import pytest
from rich.console import Console

from examples.drills.display import Display, gates_shown, summary
from examples.drills.drills import GOOD, SLOW
from examples.drills.outcome import Ended, Gate, Requests, outcome
from examples.drills.run import Progress
from tests.unit.examples.drills.seen import release

SENT = Requests(sent=500, failed=2, candidate=90, failures={"500 from model_server_new": 2})


@pytest.fixture
def log() -> StringIO:
    return StringIO()


@pytest.fixture
def display(log: StringIO) -> Display:
    return Display(Console(file=log, width=200))


def test_in_a_log_each_change_is_a_line(display: Display, log: StringIO) -> None:
    """With the phase, the step, and the requests so far; what is as before is not repeated."""
    progress = Progress(GOOD, "the release goes on")
    display.begin(GOOD)
    display.show(progress)
    progress.seen = release(held_by="too_little")
    for _ in range(3):
        display.show(progress)
    display.end()
    lines = log.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0] == "drill-good: the candidate is as good as the stable slot's model"
    assert "the release goes on: running, step 1 of 2, 20 %, held by too_little" in lines[2]
    assert "0 requests sent, 0 failed" in lines[2]


def test_on_a_terminal_there_are_the_gates_too() -> None:
    """Each with what it says."""
    screen = StringIO()
    display = Display(Console(file=screen, width=120, force_terminal=True))
    progress = Progress(GOOD, "the release goes on", seen=release())
    display.begin(GOOD)
    display.show(progress)
    display.end()
    table = StringIO()
    Console(file=table, width=120).print(gates_shown([Gate("latency", "fail", "It takes twice as long.")]))
    assert "running, step 1 of 2, 20 %" in screen.getvalue()
    assert table.getvalue().split() == ["latency", "fail", "It", "takes", "twice", "as", "long."]


def test_the_end_is_told_with_its_reason_and_its_figures() -> None:
    """The decision, the gate, the seconds, why, and which requests failed."""
    text = summary(outcome(SLOW, Ended("abort", ["latency"], "It takes twice as long.", 61.4), SENT))
    assert "A rollback by latency after 61 s: It takes twice as long." in text
    assert (
        "500 requests sent, 2 failed; the candidate answered 90 (2 times 500 from model_server_new)" in text
    )
    assert "WRONG: 2 of 500 requests failed." in text


def test_a_drill_that_went_as_it_should_says_so() -> None:
    """And that everything is as it was."""
    text = summary(outcome(SLOW, Ended("abort", ["latency"], "", 1), Requests(9, 0, 3)))
    assert text.splitlines()[-1].strip() == "Right. Everything is as it was before."
