"""DVC's words become an error that says what to do; they are those of DVC 3.67.1."""

from pathlib import Path

import pytest

from retraining.repository.commands import Commands
from retraining.repository.dvc import Dvc, Pointer, read_pointer
from retraining.repository.error import RepositoryError

FULL = """\
ERROR: failed to transfer '65f6' - [Errno 28] No space left on device: '/cache/65/f6' -> '/remote/65/.e.tmp'
ERROR: failed to push data to the cloud - 3 files failed to upload
"""
NO_S3 = """\
ERROR: unexpected error - s3 is supported, but requires 'dvc-s3' to be installed: No module named 'dvc_s3'

Having any troubles? Hit us up at https://dvc.org/support, we are always happy to help!
"""
AWAY = """\
ERROR: failed to transfer '65f6' - Cannot connect to host 127.0.0.1:1 ssl:default [Connect call failed]
ERROR: failed to push data to the cloud - 3 files failed to upload
"""
LOST = """\
WARNING: Some of the cache files do not exist neither locally nor on remote. Missing cache files:
md5: 873d3aa18a859baa8a2003073a58f783.dir
"""


def dvc_that_says(folder: Path, text: str, code: int, remote: str | None = None) -> Dvc:
    """Return a DVC whose command says something and ends with a code."""
    (folder / "repository/.dvc").mkdir(parents=True, exist_ok=True)
    (folder / "said").write_text(text)
    command = folder / "dvc"
    command.write_text(f"#!/bin/sh\ncat {folder}/said >&2\nexit {code}\n")
    command.chmod(0o755)
    return Dvc(Commands(folder / "repository", {"PATH": "/usr/bin:/bin"}), str(command), remote, 10)


@pytest.mark.parametrize(
    ("said", "code", "advice"),
    [
        (FULL, 1, "Make room there"),
        (NO_S3, 255, "requirements-dvc.txt"),
        (AWAY, 1, "can be reached"),
        (LOST, 0, "hand the same data in again"),
        ("", 3, "ended with code 3 and said nothing"),
    ],
)
def test_an_error_says_where_why_and_what_to_do(tmp_path: Path, said: str, code: int, advice: str) -> None:
    """It has the remote, DVC's last lines without its small talk, and advice."""
    with pytest.raises(RepositoryError) as caught:
        dvc_that_says(tmp_path, said, code, "s3://data").push({"shards.dvc": b""})
    text = str(caught.value)
    assert "remote: s3://data" in text
    assert advice in text
    assert "Having any troubles" not in text
    assert said[:60] in text
    assert not (tmp_path / ".repository-workspace").exists()


def test_parts_of_killed_commands_are_removed_from_its_own_folders_only(tmp_path: Path) -> None:
    """In the cache and the remote beside it, where they fill the disk; not at one that others write to."""
    cache, remote = (tmp_path / name / "files/md5/65" for name in ("repository/.dvc/cache", "remote"))
    for place in (cache, remote):
        place.mkdir(parents=True)
        (place / ".eyVUs4.tmp").touch()
        (place / "f64ab4").touch()
    dvc_that_says(tmp_path / "other", "", 0, str(tmp_path / "remote")).tidy()
    assert len(list(remote.iterdir())) == 2
    (tmp_path / "repository/.dvc/tmp").mkdir()
    (tmp_path / "repository/.dvc/tmp/rwlock").write_text('{"write": {"shards": {"pid": 1}}}')
    (tmp_path / ".repository-workspace/half").mkdir(parents=True)
    dvc_that_says(tmp_path, "", 0).tidy()
    assert not list((tmp_path / "repository/.dvc/tmp").iterdir())
    assert not (tmp_path / ".repository-workspace").exists()
    assert [path.name for place in (cache, remote) for path in place.iterdir()] == ["f64ab4", "f64ab4"]


def test_a_pointer_is_read_or_refused() -> None:
    """What is no pointer is an error, not a folder without files."""
    text = b"outs:\n- md5: c168.dir\n  size: 20\n  nfiles: 2\n  hash: md5\n  path: shards\n"
    assert read_pointer(text) == Pointer("c168.dir", 2, 20)
    for bad in (b"", b"outs:\n", text.replace(b"nfiles: 2", b"nfiles: two")):
        with pytest.raises(RepositoryError, match="points to nothing"):
            read_pointer(bad)
