"""Each environment gets a Python that its packages support."""

import sys
from pathlib import Path

import pytest

from stack.interpreters import SUPPORTED, find_interpreter
from stack.paths import Paths
from tests.unit.stack.programs import write_program

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
FETCHES = """case "$1 $2" in
"python install") mkdir -p "$UV_PYTHON_INSTALL_DIR"; touch "$UV_PYTHON_INSTALL_DIR/python$3";;
"python find") echo "$UV_PYTHON_INSTALL_DIR/python$4";;
esac"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with no other programs than those in its folder bin."""
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    return tmp_path


def test_this_python_is_taken_where_it_is_supported(tmp_path: Path) -> None:
    """Nothing is fetched that is there already."""
    assert HERE in SUPPORTED
    assert find_interpreter(SUPPORTED, Paths(tmp_path)) == sys.executable


def test_an_older_python_of_the_system_is_found(machine: Path) -> None:
    """On a system whose Python is too new, one beside it serves."""
    write_program(machine / "bin/python2.9", "")
    assert find_interpreter(["2.9"], Paths(machine)) == str(machine / "bin/python2.9")


def test_uv_fetches_one_that_is_nowhere(machine: Path) -> None:
    """It stays below .local, with all the rest."""
    write_program(machine / "bin/uv", FETCHES)
    found = find_interpreter(["2.9"], Paths(machine))
    assert found == str(machine / ".local/interpreters/python2.9")


def test_where_none_can_be_fetched_there_is_none(machine: Path) -> None:
    """Without a network uv says no."""
    write_program(machine / "bin/uv", "exit 2")
    assert find_interpreter(["2.9"], Paths(machine)) is None
