"""Who can have a slot's model reloaded, by the configuration: the stack's own programs, with their token."""

import re
from pathlib import Path

import pytest

from model_server.settings import ModelServerSettings
from proxy.split import parse
from service.slots import SLOTS
from service.token import TokenSettings
from stack.paths import Paths
from tests.unit.service.test_slots import services

PROJECT = Path(__file__).parents[3]
PORT = ModelServerSettings.model_fields["internal_port"].default


def test_compose_opens_it_to_its_network_and_gives_it_the_token() -> None:
    """The stable slot's settings are the candidate's too, which extends it."""
    stable, candidate = (services()[slot] for slot in SLOTS)
    environment = stable["environment"]
    assert environment["INTERNAL_HOST"] == "0.0.0.0"
    assert Path(environment["RELEASE_TOKEN_FILE"]).parent == Path("/run/release")
    assert "release_token:/run/release" in stable["volumes"]
    assert candidate["extends"] == SLOTS[0]
    assert not {"INTERNAL_HOST", "INTERNAL_PORT", "RELEASE_TOKEN_FILE"} & set(candidate["environment"])


def test_only_who_changes_a_slot_sees_the_token() -> None:
    """The slots themselves, the release program, and the retraining, which asks that one; nobody else."""
    told = {
        name
        for name, service in services().items()
        if any("release_token" in str(one) for one in service.get("volumes", ()))
        or "RELEASE_TOKEN" in service.get("environment", {})
    }
    assert told == {SLOTS[0], "release", "retraining"}


@pytest.mark.parametrize("name", ["release", "retraining"])
def test_who_asks_has_the_slots_token(name: str) -> None:
    """The same variable, or the same file of the same volume."""
    stable, asking = services()[SLOTS[0]], services()[name]
    for variable in ("RELEASE_TOKEN", "RELEASE_TOKEN_FILE"):
        assert asking["environment"][variable] == stable["environment"][variable]
    assert "release_token:/run/release" in asking["volumes"]


def test_no_port_publishes_it() -> None:
    """Neither slot publishes any, and nothing that is published leads to its port."""
    for name, service in services().items():
        assert not [one for one in service.get("ports", ()) if str(one).endswith(f":{PORT}")], name
    assert not any("ports" in services()[slot] for slot in SLOTS)


def test_nginx_never_leads_to_it() -> None:
    """Its files name the port nowhere; a split that does is not rendered."""
    for path in (PROJECT / "nginx").glob("*.conf"):
        assert not re.search(rf"\b{PORT}\b", path.read_text("utf-8")), path.name
    assert parse(f"upstream split {{ server {SLOTS[0]}:{PORT}; }}").faults


def test_the_plain_processes_find_the_token_below_the_project() -> None:
    """They run in its root, and so does the command that reloads."""
    file = TokenSettings().release_token_file
    assert Paths().project / file == Paths().data / "release/token"
