"""The texts that people get."""

from dataclasses import replace
from datetime import timedelta

import pytest

from release.notifications.messages import (
    Alert,
    ReleaseNews,
    ReleaseStep,
    alerts_message,
    release_message,
)
from tests.unit.release.fakes import NOW

DASHBOARDS = "http://localhost:3000"
ALERT = Alert(
    name="HighErrorRate",
    severity="critical",
    summary="model_server_new fails 12% of the requests",
    description="Look for the cause in the logs.",
    starts_at=NOW,
    ends_at=None,
)
NEWS = ReleaseNews(
    release="7",
    step="aborted",
    candidate="model_server_new",
    model="small-cnn",
    version="2",
    why="The error rate is worse",
    numbers={"errors of the candidate": "31 of 310 requests", "errors of the stable slot": "3 of 1240"},
)


def test_an_alert_is_told_with_its_slot_numbers_runbook_and_dashboards() -> None:
    """In four short lines."""
    message = alerts_message("k", [ALERT], ["e"], left_out=0, dashboards=DASHBOARDS)
    assert message.subject == "Critical: HighErrorRate: model_server_new fails 12% of the requests"
    assert message.body.splitlines() == [
        "model_server_new fails 12% of the requests. Since 2026-11-29 08:00 UTC.",
        "What to do: Look for the cause in the logs.",
        "Dashboards: http://localhost:3000",
    ]
    assert (message.key, message.about) == ("k", ("e",))


def test_an_alert_that_ended_says_from_when_to_when() -> None:
    """And not what to do."""
    ended = replace(ALERT, ends_at=NOW + timedelta(minutes=7))
    message = alerts_message("k", [ended], ["e"], left_out=0, dashboards=DASHBOARDS)
    assert message.subject == "Ended: HighErrorRate: model_server_new fails 12% of the requests"
    assert message.body.splitlines() == [
        "model_server_new fails 12% of the requests. From 2026-11-29 08:00 UTC to 2026-11-29 08:07 UTC.",
        "Dashboards: http://localhost:3000",
    ]


def test_alerts_of_a_group_are_one_message() -> None:
    """What to do is said once, and those that there is no room for are counted."""
    alerts = [
        replace(ALERT, summary=f"s{number} fails", description=f"See s{number}.") for number in range(12)
    ]
    message = alerts_message("k", alerts, [], left_out=3, dashboards=DASHBOARDS)
    assert message.subject == "Critical: HighErrorRate: s0 fails (and 14 more)"
    assert message.body.count("What to do") == 1
    assert "What to do: See s0." in message.body
    assert message.body.count("fails") == 10
    assert "… and 5 more: see Alertmanager" in message.body


def test_a_text_of_any_length_becomes_a_short_message() -> None:
    """A subject is one line: nobody adds a header to an e-mail."""
    long = replace(ALERT, name="A\r\nBcc: x@example.org", summary="x" * 999, description="word " * 999)
    message = alerts_message("k", [long, long], [], left_out=0, dashboards=DASHBOARDS)
    assert len(message.subject) == 160
    assert message.subject.endswith("… (and 1 more)")
    assert "\n" not in message.subject
    assert "\r" not in message.subject
    assert max(map(len, message.body.splitlines())) == 700


def test_a_release_is_told_with_its_reason_and_its_numbers() -> None:
    """The key is the release's step, so that it is told once."""
    message = release_message(replace(NEWS, do="See the decision."), DASHBOARDS)
    assert message.key == "release:7:aborted"
    assert message.subject == "Release aborted: small-cnn 2 on model_server_new"
    assert message.body.splitlines() == [
        "The error rate is worse.",
        "errors of the candidate: 31 of 310 requests",
        "errors of the stable slot: 3 of 1240",
        "What to do: See the decision.",
        "Dashboards: http://localhost:3000",
    ]


@pytest.mark.parametrize(
    ("step", "word"),
    [
        ("started", "Release started"),
        ("promoted", "Promoted"),
        ("aborted", "Release aborted"),
        ("rolled_back", "Rolled back"),
        ("held", "Release waits"),
    ],
)
def test_every_step_has_its_words_and_its_key(step: ReleaseStep, word: str) -> None:
    """Two steps of one release are two messages."""
    message = release_message(replace(NEWS, step=step), DASHBOARDS)
    assert message.subject.startswith(f"{word}: ")
    assert message.key == f"release:7:{step}"
