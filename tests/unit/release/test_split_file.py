"""The split's file is understood anew whenever its text has changed."""

from pathlib import Path

import pytest

from release.split_file import CannotRead, SplitFile

SPLIT = """upstream split {
    server model_server:8000      weight=4;
    server model_server_new:8000  weight=1;
}
"""


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    """It is no split without weights."""
    file = tmp_path / "default.conf"
    file.write_text("")
    with pytest.raises(CannotRead, match="there is no `upstream split`"):
        SplitFile(file).read()


def test_what_a_person_writes_is_read_at_once(tmp_path: Path) -> None:
    """Also a mistake, and its mending."""
    file = tmp_path / "default.conf"
    file.write_text(SPLIT)
    split_file = SplitFile(file)
    assert split_file.read().weights == {"model_server": 4, "model_server_new": 1}
    file.write_text(SPLIT.replace("weight=4", "weight=3"))
    assert split_file.read().weights == {"model_server": 3, "model_server_new": 1}
    file.write_text("")
    with pytest.raises(CannotRead):
        split_file.read()
    file.write_text(SPLIT)
    assert split_file.read().weights == {"model_server": 4, "model_server_new": 1}
