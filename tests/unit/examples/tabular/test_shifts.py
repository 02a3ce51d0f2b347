"""What is done to a feature, from the command line to the rows."""

from argparse import ArgumentTypeError

import numpy as np
import pytest

from examples.tabular.shifts import Shift, UnknownFeature, read_shift, shifted

ROWS = np.array([[1, 10], [3, 30]], dtype=np.float32)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("b=+5", [15, 35]),
        ("b=-5", [5, 25]),
        ("b=*0.5", [5, 15]),
        ("b=+1std", [20, 40]),
        ("b=-2std", [-10, 10]),
    ],
)
def test_a_shift_moves_its_feature_and_no_other(text: str, column: list[float]) -> None:
    """By an amount, a factor or standard deviations; the rows that were given stay."""
    moved = shifted(ROWS, ("a", "b"), [read_shift(text)])
    assert moved[:, 1].tolist() == column
    assert moved[:, 0].tolist() == [1, 3]
    assert ROWS[:, 1].tolist() == [10, 30]


def test_shifts_add_up() -> None:
    """Several features can move at once."""
    moved = shifted(ROWS, ("a", "b"), [Shift("a", addend=1), Shift("b", factor=2)])
    assert moved.tolist() == [[2, 20], [4, 60]]


@pytest.mark.parametrize("text", ["b", "b=5", "b=+", "=+5", "b=*2std", "b=+1std!", "b=+-1"])
def test_what_is_no_shift_is_refused_with_examples(text: str) -> None:
    """The message shows how to write one."""
    with pytest.raises(ArgumentTypeError, match=r"age=\+1std"):
        read_shift(text)


def test_a_feature_that_is_not_there_is_named() -> None:
    """The message has the features that there are."""
    with pytest.raises(UnknownFeature, match="no feature c, but a, b"):
        shifted(ROWS, ("a", "b"), [read_shift("c=+1")])
