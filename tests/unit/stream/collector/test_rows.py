"""stream/collector/rows.py: what a row's values may be."""

from pathlib import Path

import pytest

from stream.collector.rows import BadBounds, RowCheck, read_bounds
from tests.unit.training_data.records import ROWS


def bounds_file(folder: Path, text: str) -> Path:
    path = folder / "bounds.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_row_is_held_to_its_features_bounds(tmp_path: Path) -> None:
    """What is out of them is named, with what it must be."""
    path = bounds_file(tmp_path, "[age]\nlow = 18\nhigh = 120\n[income]\nvalues = [1, 2]")
    check = RowCheck(ROWS, read_bounds(path, ROWS))
    assert check.faults([(18.0, 1.0), (17.9, 1.0), (120.0, 3.0)]) == [
        None,
        "age is 17.9; it must be at least 18.",
        "income is 3; it must be one of 1, 2.",
    ]


def test_without_bounds_any_number_goes() -> None:
    """And no rows are no fault."""
    check = RowCheck(ROWS, {})
    assert check.faults([(-1e30, 1e30)]) == [None]
    assert check.faults([]) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[age", "bounds.toml"),
        ("[height]\nlow = 1", "no feature 'height'"),
        ("[age]\nlow = 'x'", "age.low"),
        ("[age]\nleast = 1", "age.least"),
        ("[age]\nlow = 2\nhigh = 1", "low is above high"),
        ("age = 1", "a table is"),
    ],
)
def test_a_file_of_bounds_that_is_none_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    """Nothing is collected by it."""
    with pytest.raises(BadBounds, match=says):
        read_bounds(bounds_file(tmp_path, text), ROWS)
