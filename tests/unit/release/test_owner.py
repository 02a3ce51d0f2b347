"""The program becomes the owner of what it changes, where it may."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
SCRIPT = """
from pathlib import Path
from release.owner import become_owner
become_owner(Path({folder!r}), groups_of=[Path({shared!r})])
print(Path("/proc/self/status").read_text())
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")


def status_of(folder: Path, shared: Path) -> dict[str, list[str]]:
    """Return /proc/self/status of a process that has become the owner."""
    script = SCRIPT.format(folder=str(folder), shared=str(shared))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    lines = (line.partition(":") for line in done.stdout.splitlines())
    return {name: rest.split() for name, _, rest in lines}


@needs_root
@pytest.mark.parametrize("owner", [12345, 0])
def test_it_is_the_owner_without_any_right_beside(tmp_path: Path, owner: int) -> None:
    """Also where the owner is root; of groups it has the owner's, and that of the token's folder."""
    folder, shared = tmp_path / "nginx", tmp_path / "token"
    for path, group in ((folder, 2345), (shared, 10001)):
        path.mkdir()
        os.chown(path, owner, group)
    status = status_of(folder, shared)
    assert set(status["Uid"]) == {str(owner)}
    assert set(status["Gid"]) == {"2345"}
    assert status["Groups"] == ["10001"]
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[capabilities][0], 16) == 0


@needs_root
def test_a_folder_that_is_away_is_an_error(tmp_path: Path) -> None:
    """Rather than going on as root."""
    with pytest.raises(subprocess.CalledProcessError):
        status_of(tmp_path / "gone", tmp_path)
