"""An order is confirmed from what is served, or it is said why not."""

from collections.abc import Iterable

import pytest

from release.traffic.confirmation import Answered, Confirmation, Seen, Stage


class Watch:
    """A confirmation that is looked at twice a second of a time that passes by itself."""

    def __init__(self, share: float, *, by_visitors: bool = False) -> None:
        self.time = 0.0
        self.confirmation = Confirmation(share, 15, by_visitors=by_visitors, clock=lambda: self.time)

    def until_over(self, looks: Iterable[Seen]) -> Stage:
        """Look until it is over."""
        for one in looks:
            if self.confirmation.see(one).is_over:
                break
            self.time += 0.5
        return self.confirmation.stage


def traffic(stable: int, candidate: int, looks: int = 100, taken_at: int = 2) -> list[Seen]:
    """Return looks at slots that answer so many requests between two of them."""
    return [
        Seen(number >= taken_at, Answered(1000 + number * stable, 500 + number * candidate))
        for number in range(looks)
    ]


def test_the_wanted_share_is_confirmed() -> None:
    """From a hundred requests on, and from none of before nginx took it."""
    watch = Watch(0.2)
    assert watch.until_over(traffic(40, 10)) is Stage.CONFIRMED
    assert watch.confirmation.counted == Answered(80, 20)
    low, high = watch.confirmation.interval
    assert low < 0.2 < high


@pytest.mark.parametrize(("share", "stable", "candidate"), [(0.0, 50, 0), (1.0, 0, 50)])
def test_all_and_nothing_are_confirmed(share: float, stable: int, candidate: int) -> None:
    """100 to 0 is a split like others."""
    assert Watch(share).until_over(traffic(stable, candidate)) is Stage.CONFIRMED


def test_a_single_request_belies_nothing() -> None:
    """A slot that is to get nothing and gets something is not as wanted."""
    assert Watch(0.0).until_over(traffic(50, 1)) is Stage.OTHERWISE


def test_another_share_is_never_confirmed() -> None:
    """However long it is looked at; the numbers are those of many requests."""
    watch = Watch(0.2)
    assert watch.until_over(traffic(50, 50)) is Stage.OTHERWISE
    assert watch.confirmation.counted.total >= 100
    assert watch.time >= 15


def test_stragglers_of_the_old_split_are_forgotten() -> None:
    """A connection that was kept may see the old split once more."""
    before = traffic(100, 100, looks=8)
    last = before[-1].answered
    assert last is not None
    after = [Seen(True, Answered(last.stable + 80 * n, last.candidate + 20 * n)) for n in range(1, 60)]
    assert Watch(0.2).until_over([*before, *after]) is Stage.CONFIRMED


def test_the_first_seconds_are_not_counted() -> None:
    """nginx's old processes answer what they have begun."""
    begun = [Seen(True, Answered(8 * number, 8 * number)) for number in range(1, 5)]
    later = [Seen(True, Answered(32 + 40 * number, 32 + 10 * number)) for number in range(1, 20)]
    watch = Watch(0.2)
    assert watch.until_over([*begun, *later]) is Stage.CONFIRMED
    assert watch.confirmation.counted.stable == 4 * watch.confirmation.counted.candidate


def test_little_traffic_confirms_nothing() -> None:
    """It is said how much there was."""
    watch = Watch(0.2)
    assert watch.until_over(traffic(2, 1)) is Stage.TOO_LITTLE
    assert 80 <= watch.confirmation.counted.total < 100
    assert watch.confirmation.is_counted


def test_without_who_counts_nothing_is_confirmed() -> None:
    """And nothing is claimed of the traffic."""
    watch = Watch(0.2)
    assert watch.until_over([Seen(True, None)] * 100) is Stage.TOO_LITTLE
    assert not watch.confirmation.is_counted


def test_who_counts_may_begin_anew() -> None:
    """The counts before its restart are not subtracted from those after it."""
    looks = traffic(40, 10, looks=7) + [Seen(True, Answered(80 * n, 20 * n)) for n in range(30)]
    watch = Watch(0.2)
    assert watch.until_over(looks) is Stage.CONFIRMED
    assert watch.confirmation.counted.stable == 4 * watch.confirmation.counted.candidate


def test_what_nginx_does_not_take_is_a_failure() -> None:
    """After as long as it needs at most."""
    watch = Watch(0.2)
    assert watch.until_over(traffic(80, 20, taken_at=1000)) is Stage.NOT_TAKEN
    assert watch.time > 15
    assert watch.confirmation.stage.is_failure


def test_shares_of_visitors_are_not_judged_by_requests() -> None:
    """One visitor may send most of them."""
    assert Watch(0.2, by_visitors=True).until_over(traffic(50, 50)) is Stage.BY_VISITORS
