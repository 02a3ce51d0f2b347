"""One command on a fresh machine: what is missing is installed, or named."""

import os
from pathlib import Path

import pytest

from stack.plain.packages import OF_THE_JOBS, OF_THE_STACK, OF_THE_TESTS, ensure_packages
from tests.unit.stack.programs import write_program


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with all that the tests need, and an apt-get that writes down what it is asked for."""
    for program in OF_THE_TESTS:
        write_program(tmp_path / "bin" / program, "exit 0")
    write_program(tmp_path / "bin" / "apt-get", f'echo "$@" >> {tmp_path}/asked')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("stack.plain.packages.SYSTEM_FOLDERS", "")
    monkeypatch.setattr("stack.plain.packages.POLICY", tmp_path / "policy-rc.d")
    return tmp_path


def become(user: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_nothing_is_installed_where_nothing_is_missing(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the command."""
    become(1000, monkeypatch)
    ensure_packages(OF_THE_TESTS)
    assert not (machine / "asked").exists()


def test_root_gets_what_the_tests_need(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more than that; no service is started meanwhile."""
    become(0, monkeypatch)
    for program in ("nginx", "chromium", "wrk", "hey"):
        (machine / "bin" / program).unlink()
    ensure_packages(OF_THE_TESTS)
    _, installed = (machine / "asked").read_text().splitlines()
    assert installed == "-y -qq install --no-install-recommends nginx-light chromium wrk hey"


def test_others_are_told_what_to_install(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one command to copy."""
    become(1000, monkeypatch)
    (machine / "bin" / "hey").unlink()
    with pytest.raises(SystemExit, match=r"sudo apt-get install --no-install-recommends hey$"):
        ensure_packages(OF_THE_TESTS)


@pytest.mark.parametrize("browser", ["chromium-browser", "google-chrome"])
def test_another_browser_will_do(machine: Path, browser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is one, Chromium is not asked for."""
    become(1000, monkeypatch)
    (machine / "bin" / "chromium").rename(machine / "bin" / browser)
    ensure_packages(OF_THE_TESTS)


def test_make_test_installs_before_it_tests() -> None:
    """The first thing that `make test` does."""
    makefile = (Path(__file__).parents[3] / "Makefile").read_text()
    target = makefile.partition("\ntest: ")[2].partition("\n\n")[0]
    assert target.splitlines()[1] == "\t@$(PYTHON) -m stack packages"


def test_rabbitmq_is_for_jobs_and_for_the_tests() -> None:
    """Who wants neither is not asked for it."""
    assert OF_THE_JOBS.keys().isdisjoint(OF_THE_STACK)
    assert OF_THE_JOBS.items() <= OF_THE_TESTS.items()
