"""service/durable.py: folders that several programs make."""

from pathlib import Path

import pytest

from service import durable


def test_a_folder_that_another_program_makes_meanwhile_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that begin at once need the same ones."""
    folder = tmp_path / "shared"
    seen = Path.is_dir

    def not_yet_there(path: Path) -> bool:
        if path == folder:
            folder.mkdir(mode=0o700)
            monkeypatch.setattr(Path, "is_dir", seen)
            return False
        return seen(path)

    monkeypatch.setattr(Path, "is_dir", not_yet_there)
    durable.make_folder(folder)
    assert folder.stat().st_mode & 0o777 == durable.FOLDER_MODE
