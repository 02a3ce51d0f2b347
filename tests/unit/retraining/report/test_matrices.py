"""retraining/report/matrices.py: what is taken for what."""

from retraining.gate.mistakes import Confusion
from retraining.report.matrices import LEVELS, MOST_CLASSES, MOST_PAIRS, matrices_of


def test_a_cell_knows_its_part_of_the_row() -> None:
    """A rare mistake is seen too, and an empty cell is none."""
    found = matrices_of(Confusion("golden", ("a", "b"), ((99, 1), (0, 0)), ((50, 50), (0, 4))))
    production, candidate = found.matrices
    assert [cell.level for cell in production.rows[0][1]] == [LEVELS, 1]
    assert [cell.level for cell in production.rows[1][1]] == [0, 0]
    assert [cell.is_right for cell in candidate.rows[1][1]] == [False, True]
    assert production.accuracy == "99.0 % right"
    assert candidate.rows[0][1][1].title == "50 of 100: a taken for b"


def test_of_very_many_classes_the_worst_pairs_are_shown() -> None:
    """A matrix of all could not be read."""
    count = MOST_CLASSES + 1
    classes = tuple(f"c{number}" for number in range(count))
    counts = [[0] * count for _ in range(count)]
    counts[3] = list(range(count))
    candidate = tuple(map(tuple, counts))
    nothing = tuple((0,) * count for _ in range(count))
    found = matrices_of(Confusion("golden", classes, nothing, candidate))
    assert found.matrices == ()
    assert len(found.pairs) <= MOST_PAIRS
    first = found.pairs[0]
    assert (first.label, first.answer, first.production, first.candidate) == ("c3", "c20", 0, 20)
    assert all(one.label != one.answer for one in found.pairs)


def test_a_set_without_examples_has_a_matrix() -> None:
    """And no accuracy."""
    found = matrices_of(Confusion("golden", ("a",), ((0,),), ((0,),)))
    assert found.matrices[0].accuracy == "no examples"
