"""Reloading, without Docker."""

import sys
from pathlib import Path

import pytest

from service.slots import SLOTS
from stack.paths import Paths
from stack.plain import deployment as deployment_module
from stack.plain import supervisor
from stack.plain.deployment import PlainDeployment, reload_commands
from stack.plain.program import Program
from stack.settings import StackSettings, load_stack_settings

ALL_RUN = {"model_server": "RUNNING", "model_server_2": "RUNNING", "model_server_new": "RUNNING"}


def settings(**variables: str) -> StackSettings:
    return load_stack_settings(Path("/nowhere"), variables, http_port=80)


def test_each_running_replica_is_asked_on_its_own_port() -> None:
    """Also the second one, which .env no longer asks for."""
    commands = reload_commands(SLOTS, ALL_RUN, settings(), Paths())
    assert [(one.replica, one.environment["INTERNAL_PORT"]) for one in commands] == [
        ("model_server", "18100"),
        ("model_server_2", "18102"),
        ("model_server_new", "18101"),
    ]


def test_one_slot_can_be_named() -> None:
    """The other slot's replicas are left alone."""
    commands = reload_commands(["model_server_new"], ALL_RUN, settings(), Paths())
    assert [one.replica for one in commands] == ["model_server_new"]


def test_what_does_not_run_is_not_asked() -> None:
    """A replica that is starting again loads the package anyway."""
    running = {**ALL_RUN, "model_server_2": "BACKOFF"}
    assert [one.replica for one in reload_commands(SLOTS, running, settings(), Paths())] == [
        "model_server",
        "model_server_new",
    ]


def test_one_refusal_is_the_exit_code_and_each_replica_has_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever scripts it notices, and reads which replica goes on with the old model and why."""
    script = "import os, sys; sys.exit('refused: why' if os.environ['SLOT'] == 'model_server_new' else 0)"

    def fake(settings: StackSettings, _: Paths) -> list[Program]:
        return [Program(slot, (sys.executable,), {"SLOT": slot}) for slot in settings.replicas]

    monkeypatch.setattr(deployment_module, "model_servers", fake)
    monkeypatch.setattr(deployment_module, "MODULE", ("-c", script))
    monkeypatch.setattr(supervisor, "states", lambda _: ALL_RUN)
    assert PlainDeployment(Paths(tmp_path)).reload(SLOTS) == 1
    assert capsys.readouterr().out.splitlines() == ["model_server: ", "model_server_new: refused: why"]


def test_nothing_to_reload_is_said(tmp_path: Path) -> None:
    """Without a running stack the command says what to do."""
    with pytest.raises(SystemExit, match="no running model server of model_server_new: make up"):
        PlainDeployment(Paths(tmp_path)).reload(["model_server_new"])
