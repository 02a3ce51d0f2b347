"""Files come into a folder as links, and into their place from one instant to the next."""

import errno
from pathlib import Path

import pytest

from retraining.repository import trees


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "sources").mkdir()
    found = {}
    for name in ("a", "b", "c"):
        found[name] = tmp_path / "sources" / name
        found[name].write_text(name)
    return found


def placed(tmp_path: Path, files: dict[str, Path]) -> dict[str, str]:
    trees.place(tmp_path / "folder", files, tmp_path / "part")
    assert not (tmp_path / "part").exists()
    return {name: path.read_text() for name, path in trees.files_of(tmp_path / "folder").items()}


def test_the_folder_holds_what_is_given_and_nothing_else(tmp_path: Path, sources: dict[str, Path]) -> None:
    """What was there before goes: files, links, whole folders, and those in the way of a file."""
    a, b, c = sources.values()
    assert placed(tmp_path, {"x": a, "deep/er/y": b, "z": c}) == {"x": "a", "deep/er/y": "b", "z": "c"}
    (tmp_path / "folder/link").symlink_to(a)
    (tmp_path / "folder/lost").symlink_to("nowhere")
    assert placed(tmp_path, {"x": b, "deep": c, "z/y": a}) == {"x": "b", "deep": "c", "z/y": "a"}
    assert not (tmp_path / "folder/lost").is_symlink()
    assert placed(tmp_path, {}) == {}
    assert list((tmp_path / "folder").iterdir()) == []


def test_one_file_is_on_the_disk_once(tmp_path: Path, sources: dict[str, Path]) -> None:
    """A placed file is the source itself, also where the source is a link."""
    link = tmp_path / "link"
    link.symlink_to(sources["a"])
    placed(tmp_path, {"x": link})
    assert (tmp_path / "folder/x").samefile(sources["a"])
    assert not (tmp_path / "folder/x").is_symlink()


def test_it_is_copied_where_no_link_can_be(
    tmp_path: Path, sources: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source on another disk becomes a copy."""

    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(Path, "hardlink_to", other_disk)
    assert placed(tmp_path, {"x": sources["a"]}) == {"x": "a"}
    assert not (tmp_path / "folder/x").samefile(sources["a"])


def test_a_folder_moves_to_another_disk(
    tmp_path: Path, sources: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has its name when it is whole; what an earlier try has left is no hindrance."""
    rename = Path.rename

    def other_disk(path: Path, target: Path) -> Path:
        if path.name == "sources":
            raise OSError(errno.EXDEV, "another disk")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", other_disk)
    (tmp_path / ".target.part").mkdir()
    trees.move(tmp_path / "sources", tmp_path / "target")
    assert set(trees.files_of(tmp_path / "target")) == {"a", "b", "c"}
    assert not (tmp_path / ".target.part").exists()


def test_the_order_of_files_is_that_of_their_names(sources: dict[str, Path]) -> None:
    """A folder's checksum is that of its names and contents; which came first says nothing."""
    one = trees.checksums({"x": sources["a"], "y": sources["b"]})
    assert one == trees.checksums({"y": sources["b"], "x": sources["a"]})
    assert one[0] != trees.checksums({"x": sources["b"], "y": sources["a"]})[0]
