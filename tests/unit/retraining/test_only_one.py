"""retraining/only_one.py: one program at a time works on a folder."""

from pathlib import Path

import pytest

from retraining.only_one import OnlyOne


def test_a_second_program_is_told_of_the_first(tmp_path: Path) -> None:
    """It changes nothing."""
    first = OnlyOne(tmp_path / "data")
    first.hold()
    first.hold()
    with pytest.raises(OSError, match="another retraining program"):
        OnlyOne(tmp_path / "data").hold()
