"""Which step of a release labels and windows belong to."""

from dataclasses import replace

from release.evidence import Arm, Look
from release.steps import Steps, Window, drift
from release.verdict import coins
from service.slots import CANDIDATE, STABLE
from tests.unit.release.made_up import later


def a_look(number: int, step: int, at: float) -> Look:
    """Return a look of a step."""
    return Look(number, step, 5, later(at), Arm(), Arm())


LOOKS = [a_look(1, 0, 5), a_look(2, 0, 10), a_look(3, 1, 15)]


def test_a_time_belongs_to_the_step_that_was_looked_at_then() -> None:
    """What was before the first look, to the first step; without a look, to the one that runs."""
    steps = Steps(LOOKS, now=1)
    assert [steps.at(later(seconds)) for seconds in (1, 5, 14, 15, 99)] == [0, 0, 0, 1, 1]
    assert Steps([], now=2).at(later(1)) == 2


def test_windows_are_compared_within_a_step() -> None:
    """A step in which the traffic changed on both slots speaks for nothing."""
    one, two = (
        [Window(CANDIDATE, later(at), drifted), *[Window(STABLE, later(at), drifted)] * 3]
        for at, drifted in ((6, False), (20, True))
    )
    found = drift([*one, *two], LOOKS, step=1)
    assert (found.candidate, found.stable) == (coins.Arm(2, 1), coins.Arm(6, 3))
    assert found.evidence < 1


def test_windows_that_drift_on_the_candidate_alone_are_evidence() -> None:
    """In whatever order they come."""
    windows = [Window(STABLE, later(7), has_drifted=False)] * 24
    windows += [Window(CANDIDATE, later(6), has_drifted=True)] * 6
    assert drift(windows, LOOKS, step=1).evidence > 100
    assert drift(windows[::-1], LOOKS, step=1) == drift(windows, LOOKS, step=1)


def test_without_windows_nothing_is_known() -> None:
    """As at the beginning."""
    assert drift([], LOOKS, step=1) == coins.Coins()


def test_windows_of_a_pause_are_left_out() -> None:
    """It ends at the look after it, and began at the one before; without one, before the release did."""
    windows = [Window(CANDIDATE, later(at), has_drifted=True) for at in (1, 7, 12)]
    for number, left in ((0, 2), (1, 2), (2, 2)):
        looks = [replace(look, after_pause=look is LOOKS[number]) for look in LOOKS]
        assert drift(windows, looks, step=1).candidate.requests == left
