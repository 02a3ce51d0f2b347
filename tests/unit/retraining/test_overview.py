"""retraining/overview.py: what is seen at a glance."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from retraining.overview import MOST_SHOWN, overview, progress_of, share_of
from retraining.runs.run import Outcome, Run, Step
from tests.unit.retraining.report.made_up import NOON, run_of

STEPS = ("collect", "inspect", "check")


def in_step(**step: object) -> Run:
    """Return a run under way in its second step."""
    begun = Step.model_validate({"begun_at": NOON + timedelta(seconds=30), **step})
    return run_of(None, until="collect").with_step("inspect", begun)


def test_the_run_under_way_is_shown_step_by_step() -> None:
    """What is done with its seconds, what it does now, what is to come."""
    now = NOON + timedelta(seconds=40)
    seen = overview([in_step()], STEPS, "reading: 42%|####    | 42/100", now).under_way
    assert seen is not None
    assert [(one.name, one.state, one.seconds) for one in seen.steps] == [
        ("collect", "done", 30),
        ("inspect", "under way", 10),
        ("check", "to come", None),
    ]
    assert seen.steps[1].share == pytest.approx(0.42)
    assert seen.seconds == 40


def test_what_a_step_waits_for_is_told() -> None:
    """Rather than what a process said before."""
    seen = overview([in_step(waits_for="records: 250 of 1000 are here")], STEPS, "100%", NOON).under_way
    assert seen is not None
    step = seen.steps[1]
    assert (step.state, step.says, step.share) == ("waits", "records: 250 of 1000 are here", 0.25)


@pytest.mark.parametrize(("failures", "times"), [(1, "once"), (2, "2 times")])
def test_a_step_that_is_tried_again_says_why(failures: int, times: str) -> None:
    """And how often it has failed."""
    seen = overview([in_step(failures=failures, fault="no memory")], STEPS, "", NOON).under_way
    assert seen is not None
    assert seen.steps[1].fault == f"failed {times}: no memory"


def test_the_runs_that_have_ended_are_shown_up_to_a_number() -> None:
    """The others are counted."""
    runs = [run_of(Outcome.PROMOTED, "it is better", number=-number) for number in range(MOST_SHOWN + 3)]
    seen = overview(runs, STEPS, "", NOON)
    assert (seen.under_way, len(seen.ended), seen.more) == (None, MOST_SHOWN, 3)
    assert (seen.ended[0].subject, seen.ended[0].reason) == (
        "A renewed model is in production",
        "It is better",
    )


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("records: 420 of 1000 are here", 0.42),
        ("release r7: canary, 25 %", 0.25),
        ("reading: 100%|##| 9/9 / training:  7%|#", 0.07),
        ("1500 of 1000", 1.0),
        ("0 of 0", None),
        ("git is away", None),
    ],
)
def test_how_much_is_done_is_read_from_what_is_said(text: str, share: float | None) -> None:
    """Of several the last, which is the present one."""
    assert share_of(text) == share


def test_only_a_process_of_the_present_step_is_listened_to(tmp_path: Path) -> None:
    """What the step before said is over."""
    run = in_step()
    assert progress_of(tmp_path, run) == ""
    log = tmp_path / "inspect.log"
    log.write_text("reading: 10%\rreading: 20%\n", "utf-8")
    before, after = (run.steps["inspect"].begun_at.timestamp() + seconds for seconds in (-5, 5))
    os.utime(log, (before, before))
    assert progress_of(tmp_path, run) == ""
    os.utime(log, (after, after))
    assert progress_of(tmp_path, run) == "reading: 20%"
