"""The order of a run: everybody in each round, in another order."""

from benchmark.cases import EVERY, MAIN
from benchmark.ours import our_systems
from benchmark.peers.folders import peer_systems
from benchmark.plan import plan

SYSTEMS = [*our_systems(), *peer_systems()]


def test_the_first_round_covers_every_case() -> None:
    """What is not in the first round is measured nowhere."""
    measured = {case for trial in plan(SYSTEMS, 1, quick=False) for case in trial.cases}
    assert measured == set(EVERY)


def test_rounds_are_interleaved() -> None:
    """Each round has every image server once, and begins with another one."""
    trials = plan(SYSTEMS, 3, quick=False)
    rounds = [[one.system.name for one in trials if one.round == number] for number in (1, 2, 3)]
    servers = {one.name for one in SYSTEMS if one.serves == "images" and not one.main_case_only}
    assert set(rounds[0]) == {one.name for one in SYSTEMS}
    assert all(set(one) == servers and len(one) == len(servers) for one in rounds[1:])
    assert len({one[0] for one in rounds}) == 3


def test_later_rounds_repeat_the_main_case() -> None:
    """The median of the main case needs them; the rest would take too long."""
    later = [one for one in plan(SYSTEMS, 3, quick=False) if one.round > 1]
    assert {one.cases for one in later} == {(MAIN,)}
