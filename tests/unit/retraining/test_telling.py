"""retraining/telling.py: people hear how a run ended, why, and where to look."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from release.routes.messages import Told
from retraining.runs.run import Outcome, Run, Step
from retraining.telling import KEPT, message_of

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def ended(outcome: Outcome | None, reason: str = "it is better", **results: dict[str, Any]) -> Run:
    steps = {
        name: Step(begun_at=NOON, ended_at=NOON + timedelta(1), result=one) for name, one in results.items()
    }
    return Run(
        id="20261130T120000Z",
        trigger="drift",
        who="the alerts",
        why="both slots drift",
        begun_at=NOON,
        steps=steps,
        outcome=outcome,
        reason=reason,
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_each_end_has_its_words(outcome: Outcome) -> None:
    """The release program takes them as they are; production's fate is said."""
    told = Told.model_validate(message_of(ended(outcome), "http://127.0.0.1:5400"))
    assert told.key == "retraining:20261130T120000Z"
    assert told.lines[0] == "Run 20261130T120000Z, begun by the alerts (drift): both slots drift."
    assert told.lines[1] == "it is better"
    assert (KEPT in told.lines) is (outcome is not Outcome.PROMOTED)
    assert told.lines[-1] == "The report: http://127.0.0.1:5400/runs/20261130T120000Z/report"


def test_the_numbers_of_the_checks_are_in_it() -> None:
    """So that a phone is enough to know."""
    check = {"verdict": "fail", "name": "label_noise", "set": "", "why": "30 % of the labels are wrong."}
    lines = message_of(ended(Outcome.DATA_REFUSED, check={"checks": [check]}), "u")["lines"]
    assert "fail: label_noise: 30 % of the labels are wrong." in lines


def test_a_long_reason_is_cut() -> None:
    """The outbox takes no longer line."""
    Told.model_validate(message_of(ended(Outcome.FAILED, "x" * 5000), "u"))


def test_a_run_that_has_not_ended_is_not_told() -> None:
    """There is nothing to tell."""
    with pytest.raises(ValueError, match="has not ended"):
        message_of(ended(None), "u")
