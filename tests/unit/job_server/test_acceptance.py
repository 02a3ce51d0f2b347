"""What happens where a body cannot be kept."""

import errno
from pathlib import Path

import pytest

from job_server.acceptance import spooling
from service.problems import Problem


def test_a_body_is_gone_once_it_is_read(tmp_path: Path) -> None:
    """Its folder, too."""
    with spooling(tmp_path / "spool") as body:
        body.write_bytes(b"body")
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_disk_that_takes_nothing_is_a_503(tmp_path: Path) -> None:
    """A full one, or something else in the folder's place; with when to come again."""
    (tmp_path / "file").write_bytes(b"")

    def fill(spool: Path) -> None:
        with spooling(spool):
            raise OSError(errno.ENOSPC, "No space left on device")

    for spool in (tmp_path / "file", tmp_path):
        with pytest.raises(Problem) as refused:
            fill(spool)
        assert (refused.value.status, "Retry-After" in refused.value.headers) == (503, True)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
