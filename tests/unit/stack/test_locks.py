"""Each lock fits the requirements beside it, and every place that packages come from."""

import re
from pathlib import Path

import pytest

from stack.environments import LOCKED, Requirements, lock_of, read_requirements

PROJECT = Path(__file__).parents[3]
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[\w.]+)( ; (?P<marker>.+))?")
CUDA = set(read_requirements(PROJECT / "stack/lock-excludes.txt").lines)


def locked(requirements: str) -> Requirements:
    return read_requirements(lock_of(PROJECT / requirements))


def pins(requirements: str) -> dict[str, set[str]]:
    """Return the versions of each package that a lock lists: one, unless Pythons differ."""
    found: dict[str, set[str]] = {}
    for line in locked(requirements).lines:
        pin = PIN.fullmatch(line)
        assert pin is not None, f"{line!r} is no pin"
        found.setdefault(pin["name"], set()).add(pin["version"])
    return found


@pytest.mark.parametrize("requirements", LOCKED)
def test_every_requirement_is_locked(requirements: str) -> None:
    """After a change of a requirement comes `make lock`."""
    found = pins(requirements)
    for line in read_requirements(PROJECT / requirements).lines:
        name, _, version = re.sub(r"\[.*?\]", "", line).partition("==")
        name = re.split("[<>]", name)[0]
        locked_as = found.get(name.lower().replace("_", "-"), set())
        assert locked_as == {version} if version else locked_as, f"{line}: run `make lock`"


@pytest.mark.parametrize("requirements", LOCKED)
def test_a_lock_fits_every_source(requirements: str) -> None:
    """No CUDA (the CPU build of torch asks for none), no index, no folder, no hash of one source's file."""
    assert not CUDA & set(pins(requirements))
    assert not re.search(r"nvidia-cu|://|--|/(tmp|opt|home|root)\b|sha256|\+cpu", locked(requirements).text)


def test_the_tests_run_on_what_the_model_server_runs_on() -> None:
    """It is tested with the versions that it is installed with."""
    tests = pins("tests/requirements.txt")
    for name, versions in pins("model_server/requirements.txt").items():
        assert tests[name] == versions
