"""What came back about a release, read from a database over a real socket."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from mongodb.documents import Result
from mongodb.feedback import Feedback, SampledPrediction
from mongodb.positions import first_position_of
from mongodb.store import Store
from release.feedback import MongodbFeedback, _matching
from release.steps import Label, Window
from service.slots import CANDIDATE, STABLE
from tests.unit.release.made_up import NEW, NOW, OLD, a_release, later

RELEASE = a_release()


@pytest.fixture
async def feedback(store: Store) -> MongodbFeedback:
    """Give the feedback of an empty database."""
    found = MongodbFeedback(store.database)
    await found.prepare()
    return found


def a_label(request_id: str, at: float, **changes: Any) -> Feedback:
    """Return a label of the candidate's prediction of the release's tenth second, right unless told."""
    said = changes.pop("said", "lemon")
    plain: dict[str, Any] = {
        "request_id": request_id,
        "slot": CANDIDATE,
        "model": "cnn",
        "version": "2",
        "package_sha256": NEW.sha256,
        "traffic": "user",
        "label": "lemon",
        "created_at": later(10),
        "position": first_position_of(later(10)),
    }
    return Feedback(SampledPrediction(**{**plain, **changes}), said, later(at))


async def asked(feedback: MongodbFeedback, after: float, until: float) -> Sequence[Label]:
    return await feedback.labels(RELEASE, later(after), later(until))


async def test_labels_come_once_with_their_time(store: Store, feedback: MongodbFeedback) -> None:
    """Of each slot; those right at the end count, those right at the beginning did before."""
    stable = {"slot": STABLE, "package_sha256": OLD.sha256}
    await store.write_feedback([a_label("a", 15), a_label("b", 20, said="apple"), a_label("c", 25, **stable)])
    found = await asked(feedback, 15, 25)
    expected = [Label(CANDIDATE, later(10), is_correct=False), Label(STABLE, later(10), is_correct=True)]
    assert sorted(found, key=lambda one: one.slot, reverse=True) == expected


async def test_labels_are_counted_some_at_a_time(
    store: Store, feedback: MongodbFeedback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that named all of them would be too long for the database some day."""
    asked_for = []

    async def counted(collection: Any, matched: Mapping[str, Any]) -> list[dict[str, Any]]:
        asked_for.append(len(matched["_id"]["$in"]))
        return await _matching(collection, matched)

    monkeypatch.setattr("release.feedback._matching", counted)
    monkeypatch.setattr("release.feedback.LABELS_AT_ONCE", 3)
    await store.write_feedback([a_label(str(number), 20) for number in range(8)])
    assert len(await asked(feedback, 15, 25)) == 8
    assert asked_for == [3, 3, 2]


async def test_what_is_not_the_releases_does_not_count(store: Store, feedback: MongodbFeedback) -> None:
    """Another package's, a trial's, and what was predicted before the release began."""
    others = [
        a_label("a", 20, package_sha256="c" * 64),
        a_label("b", 20, slot=STABLE),
        a_label("c", 20, traffic="test", position=""),
        a_label("d", 20, created_at=NOW - timedelta(seconds=1)),
    ]
    await store.write_feedback([*others, a_label("e", 20)])
    assert len(await asked(feedback, 15, 25)) == 1


async def test_a_label_that_is_sent_again_counts_no_more(store: Store, feedback: MongodbFeedback) -> None:
    """Whatever it says then; in another release of the same packages it would."""
    await store.write_feedback([a_label("a", 20)])
    assert len(await asked(feedback, 15, 25)) == 1
    await store.write_feedback([a_label("a", 30, said="apple"), a_label("b", 30)])
    (other,) = await asked(feedback, 25, 35)
    assert other.is_correct


async def test_a_look_that_a_crash_left_half_done_finds_its_labels_again(
    store: Store, feedback: MongodbFeedback
) -> None:
    """It asks from the same time on, and until later."""
    await store.write_feedback([a_label("a", 20)])
    assert len(await asked(feedback, 15, 25)) == 1
    await store.write_feedback([a_label("b", 26)])
    assert len(await asked(feedback, 15, 30)) == 2
    assert await asked(feedback, 30, 40) == []


def a_window(number: int, began: float, **changes: Any) -> Result:
    """Return a result about the candidate's window that began so many seconds after the release."""
    plain: dict[str, Any] = {
        "slot": CANDIDATE,
        "model": "cnn",
        "version": "2",
        "package_sha256": NEW.sha256,
        "window": f"{number:024x}",
        "window_end": first_position_of(later(began + 5)),
        "n": 50,
        "dropped": 0,
        "p_value": 0.01,
        "distance": 1.0,
        "threshold": 0.5,
        "p_value_threshold": 0.05,
        "drift": True,
        "detector": "mmd",
        "reference_sha256": "d" * 64,
        "first_sample_at": later(began),
        "last_sample_at": later(began + 5),
        "scored_at": later(began + 9),
    }
    return Result(**{**plain, **changes})


async def test_windows_are_those_of_the_releases_samples_and_packages(
    store: Store, feedback: MongodbFeedback
) -> None:
    """One that began before the release is not, though it ended later."""
    for one in (
        a_window(1, -2),
        a_window(2, 10),
        a_window(3, 20, slot=STABLE, package_sha256=OLD.sha256, drift=False),
        a_window(4, 20, package_sha256="c" * 64),
        a_window(5, 20, slot=STABLE),
    ):
        assert await store.add_result(one)
    found = await feedback.windows(RELEASE)
    assert sorted(found, key=lambda one: one.began_at) == [
        Window(CANDIDATE, later(10), has_drifted=True),
        Window(STABLE, later(20), has_drifted=False),
    ]
