"""People are told of what they did not order themselves, and of every end of a release; each once."""

import pytest

from proxy.routing import Routing
from release import lifecycle
from release.announcements import Announcements
from release.lifecycle import CHANGING, Phase, Release
from service.slots import CANDIDATE, STABLE
from tests.unit.release.fakes import Clock, MemoryOutbox
from tests.unit.release.made_up import GATE, NOW, a_decision, a_release, later

RUNNING = a_release()


@pytest.mark.parametrize(
    ("release", "decided", "who", "subject"),
    [
        (RUNNING, "start", "ann", "Release started: cnn 2 on model_server_new"),
        (RUNNING, "advance", "controller", None),
        (RUNNING, "hold", "controller", "Release waits: cnn 2 on model_server_new"),
        (RUNNING, "go_on", "controller", None),
        (a_release(phase=Phase.PAUSED), "pause", "controller", "Release paused: cnn 2 on model_server_new"),
        (a_release(phase=Phase.PAUSED), "pause", "ann", None),
        (
            a_release(phase=Phase.AWAITING_APPROVAL),
            "advance",
            "controller",
            "Approval wanted: cnn 2 on model_server_new",
        ),
        (a_release(phase=Phase.PROMOTING), "promote", "controller", None),
        (a_release(phase=Phase.PROMOTED), "promoted", "controller", "Promoted: cnn 2 on model_server_new"),
        (
            a_release(phase=Phase.ABORTING),
            "abort",
            "controller",
            "Release aborted: cnn 2 on model_server_new",
        ),
        (a_release(phase=Phase.ROLLING_BACK), "rollback", "ann", None),
        (
            a_release(phase=Phase.ROLLED_BACK),
            "rolled_back",
            "controller",
            "Rolled back: cnn 2 on model_server_new",
        ),
        (
            a_release(phase=Phase.PROMOTED),
            "rollback_refused",
            "controller",
            "Not rolled back: cnn 2 on model_server_new",
        ),
    ],
)
async def test_who_is_told_what(release: Release, decided: str, who: str, subject: str | None) -> None:
    """Steps and what nothing came of are in the history alone."""
    outbox = MemoryOutbox()
    announcements = Announcements(outbox, "http://dashboards", Clock())
    await announcements.announce(release, a_decision(release, decided, who))
    assert [one.subject for one in outbox.put_messages.values()] == ([subject] if subject else [])


async def test_an_abort_is_told_at_once_and_once() -> None:
    """With who, why, and what each gate said; that it is done as well is no news."""
    outbox = MemoryOutbox()
    announcements = Announcements(outbox, "http://dashboards", Clock())
    aborting = lifecycle.abort(a_release(), "too slow.")
    await announcements.announce(
        aborting, a_decision(aborting, "abort", "ann", why=aborting.reason, gates=[GATE])
    )
    aborted = lifecycle.finish(aborting, aborting.routing, aborting.reason, NOW)
    await announcements.announce(aborted, a_decision(aborted, aborted.phase))
    (message,) = outbox.put_messages.values()
    assert message.key == "release:r1:aborted"
    assert message.body.splitlines() == [
        "too slow (ann).",
        "error_rate: fail. 9 of 10 failed.",
        "Dashboards: http://dashboards",
    ]


@pytest.mark.parametrize("phase", sorted(CHANGING))
async def test_what_nginx_does_not_take_is_told_although_the_end_was_told_before(phase: Phase) -> None:
    """Else nobody knows that the candidate keeps its share; with what to do."""
    outbox = MemoryOutbox()
    held = a_release(phase=phase, held_by="nginx")
    await Announcements(outbox, "", Clock()).announce(held, a_decision(held, "hold", why="its log says why"))
    (message,) = outbox.put_messages.values()
    assert message.subject == "Not done yet: cnn 2 on model_server_new"
    assert "its log says why" in message.body
    assert "Correct nginx/default.conf" in message.body


async def test_an_abort_after_which_the_candidate_gets_traffic_is_told_again() -> None:
    """A person's edit was respected."""
    outbox = MemoryOutbox()
    announcements = Announcements(outbox, "", Clock())
    aborting = lifecycle.abort(a_release(), "too slow")
    await announcements.announce(aborting, a_decision(aborting, "abort"))
    aborted = lifecycle.finish(aborting, Routing({STABLE: 7, CANDIDATE: 3}), "edited by hand", NOW)
    await announcements.announce(aborted, a_decision(aborted, aborted.phase, why=aborted.reason))
    assert [one.subject.partition(":")[0] for one in outbox.put_messages.values()] == [
        "Release aborted",
        "Still gets traffic",
    ]


async def test_who_has_to_do_something_is_told_what() -> None:
    """An approval, say, is a command."""
    outbox = MemoryOutbox()
    waiting = a_release(phase=Phase.AWAITING_APPROVAL)
    await Announcements(outbox, "", Clock()).announce(waiting, a_decision(waiting, "advance"))
    (message,) = outbox.put_messages.values()
    assert 'make release DO="canary promote"' in message.body


async def test_each_kind_of_hold_is_told_and_one_that_comes_and_goes_once_an_hour() -> None:
    """The night's one is no repeat of the day's, and a hold that lasts seconds sends no mail each time."""
    outbox = MemoryOutbox()
    announcements = Announcements(outbox, "", Clock())
    for by, seconds in [("nginx", 0), ("nginx", 9), ("prometheus", 20), ("nginx", 30), ("prometheus", 36000)]:
        held = a_release(held_by=by)
        await announcements.announce(held, a_decision(held, "hold", at=later(seconds)))
    assert list(outbox.put_messages) == [
        "release:r1:held:nginx:2026-11-29T08",
        "release:r1:held:prometheus:2026-11-29T08",
        "release:r1:held:prometheus:2026-11-29T18",
    ]
