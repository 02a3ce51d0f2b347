"""What a client sends of the files that somebody names."""

import os
import zipfile
from pathlib import Path

import pytest

from job_server.client.packing import NothingToSend, packed


def sent(*paths: Path) -> tuple[list[str], str]:
    """Return the names in the zip that is sent, and its type."""
    with packed(paths, lambda *_: None) as body:
        assert body.size == len(body.file.read())
        with zipfile.ZipFile(body.file) as archive:
            assert all(one.compress_type == zipfile.ZIP_STORED for one in archive.infolist())
            return archive.namelist(), body.content_type


def write(folder: Path, *names: str) -> list[Path]:
    """Write files."""
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"image")
    return paths


def test_a_folder_is_a_zip_of_what_can_be_seen_in_it(tmp_path: Path) -> None:
    """In order, by the names within it."""
    write(tmp_path, "b.png", "a/c.png", "a/.hidden", ".git/d.png")
    assert sent(tmp_path) == (["a/c.png", "b.png"], "application/zip")


def test_two_folders_with_the_same_names_lose_nothing(tmp_path: Path) -> None:
    """Their own names go before."""
    write(tmp_path, "x/a.png", "y/a.png")
    assert sent(tmp_path / "x", tmp_path / "y")[0] == ["x/a.png", "y/a.png"]


def test_two_files_with_the_same_name_lose_nothing(tmp_path: Path) -> None:
    """The second one has a number behind its name; the same file twice is one."""
    one, two, third = write(tmp_path, "x/a.png", "y/a.png", "z/a.png")
    assert sent(one, two, one, third)[0] == ["a.png", "a-2.png", "a-3.png"]


def test_two_folders_of_the_same_name_lose_nothing(tmp_path: Path) -> None:
    """Nor do files without an ending."""
    write(tmp_path, "2023/img/a.png", "2024/img/a.png", "2023/img/b", "2024/img/b")
    names = sent(tmp_path / "2023/img", tmp_path / "2024/img")[0]
    assert names == ["img/a.png", "img/b", "img/a-2.png", "img/b-2"]


def test_odd_names_and_dates_are_sent(tmp_path: Path) -> None:
    """A name that is no UTF-8, a file from before zips; a link out of the folder is not."""
    (old,) = write(tmp_path, "old.png")
    os.utime(old, (86400, 86400))
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/b\xff.png")).write_bytes(b"image")
    (tmp_path / "link.png").symlink_to("/etc/hostname")
    assert sent(tmp_path)[0] == ["b?.png", "old.png"]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [("a.CSV", "text/csv"), ("a.jsonl", "application/x-ndjson"), ("a.json", "application/json")],
)
def test_one_file_that_holds_inputs_is_sent_as_it_is(tmp_path: Path, name: str, content_type: str) -> None:
    """By its ending."""
    with packed(write(tmp_path, name), lambda *_: None) as body:
        assert (body.file.read(), body.size, body.content_type) == (b"image", 5, content_type)


def test_packing_is_told_as_it_goes(tmp_path: Path) -> None:
    """For a bar."""
    told: list[tuple[int, int]] = []
    with packed(write(tmp_path, "a.png", "b.png"), lambda *much: told.append(much)):
        assert told == [(1, 2), (2, 2)]


def test_nothing_is_nothing(tmp_path: Path) -> None:
    """A folder without a file, a path that is not there, a file that may not be read."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    for path in (tmp_path / "empty", tmp_path / "none", tmp_path / "loop.png"):
        with pytest.raises(NothingToSend, match=path.name), packed([path], lambda *_: None):
            pass
