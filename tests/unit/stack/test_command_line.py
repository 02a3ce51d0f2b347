"""What `python3 -m stack` understands, and what it needs for that."""

import subprocess
import sys
from pathlib import Path

import pytest

from service.slots import SLOTS
from stack.command_line import execute, parse

PROJECT = Path(__file__).parents[3]


class RecordedDeployment:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def _done(self, what: str) -> int:
        self.asked.append(what)
        return 7

    def up(self) -> int:
        return self._done("up")

    def down(self) -> int:
        return self._done("down")

    def status(self) -> int:
        return self._done("status")

    def logs(self) -> int:
        return self._done("logs")

    def make_models(self) -> int:
        return self._done("models")

    def reload(self, slots: object) -> int:
        return self._done(f"reload {slots}")

    def release(self, words: object) -> int:
        return self._done(f"release {words}")

    def retraining(self, words: object) -> int:
        return self._done(f"retraining {words}")

    def import_examples(self, source: Path, *, golden: bool) -> int:
        return self._done(f"import {source} {golden}")

    def kill(self, service: str) -> int:
        return self._done(f"kill {service}")

    def start(self, service: str) -> int:
        return self._done(f"start {service}")

    def address(self, service: str) -> str:
        self.asked.append("address")
        return f"http://{service}"


def test_the_front_door_needs_nothing_but_python() -> None:
    """With Docker there is no environment: what runs before the first one imports no installed package."""
    command = [sys.executable, "-S", "-m", "stack", "--help"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "COMMAND" in done.stdout


@pytest.mark.parametrize("command", ["up", "down", "status", "logs", "models"])
def test_a_command_is_the_deployments_and_so_is_its_exit_code(command: str) -> None:
    """Both ways of running take the same commands."""
    deployment = RecordedDeployment()
    assert execute(deployment, parse([command])) == 7
    assert deployment.asked == [command]


@pytest.mark.parametrize(("words", "slots"), [([], SLOTS), (["model_server_new"], ["model_server_new"])])
def test_a_reload_is_of_both_slots_or_of_the_named_one(words: list[str], slots: object) -> None:
    """A name that is no slot is refused by the parser."""
    deployment = RecordedDeployment()
    execute(deployment, parse(["reload", *words]))
    assert deployment.asked == [f"reload {slots}"]


@pytest.mark.parametrize("command", ["kill", "start"])
def test_a_service_may_die_and_be_started(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One of those whose death is drilled."""
    deployment = RecordedDeployment()
    assert execute(deployment, parse([command, "prometheus"])) == 7
    assert deployment.asked == [f"{command} prometheus"]
    with pytest.raises(SystemExit):
        parse([command, "mongodb"])
    assert "invalid choice: 'mongodb'" in capsys.readouterr().err


def test_an_address_is_printed_for_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """It stands alone on its line."""
    assert execute(RecordedDeployment(), parse(["address", "nginx"])) == 0
    assert capsys.readouterr().out == "http://nginx\n"


def test_pythons_own_options_are_left_to_python() -> None:
    """All that follows the environment's name is handed over as it is."""
    chosen = parse(["run", "tests", "-m", "pytest", "--help"])
    assert (chosen.environment, chosen.words) == ("tests", ["-m", "pytest", "--help"])


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], "release ['status']"),
        (["canary", "start", "--plan", "x"], "release ['canary', 'start', '--plan', 'x']"),
        (["status", "--watch"], "release ['status', '--watch']"),
    ],
)
def test_the_release_programs_commands_are_passed_on(words: list[str], asked: str) -> None:
    """With their options; without a word it is the status."""
    deployment = RecordedDeployment()
    assert execute(deployment, parse(["release", *words])) == 7
    assert deployment.asked == [asked]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["retraining"], "retraining ['list']"),
        (["retraining", "start", "--watch"], "retraining ['start', '--watch']"),
        (["import", "/mine"], "import /mine False"),
        (["import", "--golden", "/mine/rows.csv"], "import /mine/rows.csv True"),
        (["import", "mine"], f"import {Path.cwd() / 'mine'} False"),
    ],
)
def test_the_retrainings_commands_are_passed_on(words: list[str], asked: str) -> None:
    """Without one its runs are listed; a path is one of where the command is given."""
    deployment = RecordedDeployment()
    assert execute(deployment, parse(words)) == 7
    assert deployment.asked == [asked]
