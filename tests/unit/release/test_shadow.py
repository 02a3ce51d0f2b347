"""A shadow's answers beside production's."""

from datetime import UTC, datetime, timedelta

import pytest

from release.lifecycle import Package
from release.shadow.comparison import (
    MOST_CELLS,
    MOST_TALLIES,
    Answer,
    Comparison,
    Pair,
    Tally,
    join,
    total_variation,
)
from release.shadow.documents import comparison_document, read_comparison
from service.slots import CANDIDATE, STABLE

OLD, NEW = Package("cnn", "1", "a" * 64), Package("cnn", "2", "b" * 64)
AT = datetime(2026, 11, 29, tzinfo=UTC)
CLASSES = ("apple", "lemon")


def answer(
    request_id: str,
    label: str,
    *,
    slot: str = STABLE,
    row: int = 0,
    probabilities: tuple[float, ...] = (),
    package: Package | None = None,
) -> Answer:
    """Make an answer of a slot's package."""
    package = package or (OLD if slot == STABLE else NEW)
    return Answer(request_id, row, slot, package, label, probabilities, AT, CLASSES if probabilities else ())


def pair(one: str, two: str, package: Package = NEW, seconds: int = 0) -> Pair:
    """Make a pair of labels."""
    late = AT + timedelta(seconds=seconds)
    return Pair(answer("r", one), Answer("r", 0, CANDIDATE, package, two, (), late))


def compared(*pairs: Pair, before: Comparison | None = None) -> Comparison:
    """Return the comparison with these pairs."""
    joined = join([], [])
    return (before or Comparison("0")).after(type(joined)(pairs, joined.unpaired), "1")


def test_answers_are_paired_by_request_and_input() -> None:
    """Each input of a request with the same one, in whatever order they come."""
    shadows = [answer("r", label, slot=CANDIDATE, row=row) for row, label in enumerate(("a", "b"))]
    users = [answer("r", label, row=row) for row, label in ((1, "b"), (0, "c"))]
    joined = join(shadows, users)
    assert [(one.production.label, one.candidate.label) for one in joined.pairs] == [("c", "a"), ("b", "b")]
    assert not any(joined.unpaired.values())


def test_what_one_side_did_not_sample_makes_no_pair() -> None:
    """It is counted, and so is what the shadowing slot answered itself."""
    own = answer("b", "x", slot=CANDIDATE)
    joined = join([answer("a", "x", slot=CANDIDATE), own], [own, answer("c", "x")])
    assert not joined.pairs
    assert joined.unpaired["no_partner"] == 2


def test_an_id_that_several_requests_have_makes_no_pair() -> None:
    """Nobody could tell which answers belong together."""
    twice = [answer("a", "x", slot=CANDIDATE)] * 2
    once = answer("b", "x", slot=CANDIDATE)
    joined = join([*twice, once], [answer("a", "x"), answer("b", "x"), answer("b", "y")])
    assert not joined.pairs
    assert joined.unpaired["ambiguous"] == 3


def test_a_number_has_no_label_to_disagree_about() -> None:
    """A regressor's answers are counted, and not compared."""
    joined = join([answer("a", "", slot=CANDIDATE)], [answer("a", "")])
    assert not joined.pairs
    assert joined.unpaired["no_classes"] == 1


def test_the_distance_is_that_of_the_probabilities() -> None:
    """By class, in whatever order a package has them; an absent class has none."""
    assert total_variation({"a": 0.25, "b": 0.75}, {"b": 0.5, "a": 0.5}) == 0.25
    assert total_variation({"a": 1.0}, {"b": 1.0}) == 1
    one = answer("r", "apple", probabilities=(0.75, 0.25))
    other = Answer("r", 0, CANDIDATE, NEW, "apple", (0.5, 0.25, 0.25), AT, ("lemon", "pear", "apple"))
    assert Pair(one, other).distance == 0.5


@pytest.mark.parametrize("probabilities", [(), (0.5,), (float("nan"), 0.5)])
def test_without_probabilities_there_is_no_distance(probabilities: tuple[float, ...]) -> None:
    """An older sample's, or those of a package whose classes are not known."""
    known = answer("r", "apple", probabilities=(0.5, 0.5))
    assert Pair(known, answer("r", "apple", slot=CANDIDATE, probabilities=probabilities)).distance is None


def test_pairs_add_up() -> None:
    """Pairs, disagreements, the table and the distances."""
    close = Pair(
        answer("r", "apple", probabilities=(0.75, 0.25)),
        answer("r", "apple", slot=CANDIDATE, probabilities=(0.5, 0.5)),
    )
    found = compared(close, pair("apple", "lemon"), pair("lemon", "apple"), pair("apple", "lemon"))
    [tally] = found.tallies
    assert (tally.pairs, tally.disagreements, tally.rate) == (4, 3, 0.75)
    assert tally.cells == {("apple", "apple"): 1, ("apple", "lemon"): 2, ("lemon", "apple"): 1}
    assert (tally.mean_distance, tally.distances) == (0.25, 1)
    assert tally.interval[0] < 0.75 < tally.interval[1]
    totals = found.totals
    assert (totals.pairs, totals.disagreements, totals.distance, totals.distances) == (4, 3, 0.25, 1)


def test_the_table_of_a_thousand_classes_is_bounded() -> None:
    """What is not in it is counted all the same, and what is in it goes on growing."""
    first = pair("first", "other")
    pairs = [first, *(pair(str(number), "x") for number in range(MOST_CELLS + 50)), first]
    [tally] = compared(*pairs).tallies
    assert len(tally.cells) == MOST_CELLS
    assert tally.pairs == sum(tally.cells.values()) + tally.other_pairs == len(pairs)
    assert tally.cells["first", "other"] == 2


def test_packages_are_counted_apart() -> None:
    """The newest are kept and stand first; the totals forget none."""
    found = Comparison("0")
    for number in range(MOST_TALLIES + 3):
        found = compared(pair("a", "b", Package("cnn", str(number), "c"), seconds=number), before=found)
    assert [tally.candidate.version for tally in found.tallies] == [
        str(number) for number in reversed(range(3, MOST_TALLIES + 3))
    ]
    assert found.totals.pairs == MOST_TALLIES + 3


def test_a_comparison_comes_back_as_it_was_written() -> None:
    """With labels that no field of a document may have as its name."""
    found = compared(pair("$a.b", ""), pair("apple", "lemon"))
    assert read_comparison(comparison_document(found)) == found


def test_a_tally_without_pairs_has_no_rate() -> None:
    """And nothing is known of it."""
    tally = Tally(OLD, NEW, AT, AT)
    assert tally.rate != tally.rate
    assert tally.interval == (0, 1)
    assert tally.mean_distance is None
