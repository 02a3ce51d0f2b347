"""A peer's folder says all about it: program, requirements, settings, and why those."""

import re
import tomllib
from pathlib import Path

import pytest

from benchmark.peers.folders import FOLDER, peer_systems
from stack.environments import REQUIREMENTS

PROJECT = Path(__file__).parents[3]
PEERS = sorted(path.parent for path in FOLDER.glob("*/peer.toml"))


def test_every_folder_is_a_peer() -> None:
    """No folder of programs is left out of the comparison."""
    assert {path.parent for path in FOLDER.glob("*/serve.py")} == set(PEERS)
    assert {path.name for path in PEERS} == {"bentoml", "lab", "litserve", "mlserver", "torchserve"}


@pytest.mark.parametrize("folder", PEERS, ids=lambda path: path.name)
def test_settings_have_reasons(folder: Path) -> None:
    """What was tried and why these settings were chosen stands beside them."""
    said = tomllib.loads((folder / "peer.toml").read_text("utf-8"))
    assert len(said["why"]) > 60
    assert "TODO" not in said["why"]
    assert all(isinstance(value, str) for value in said["variables"].values())


@pytest.mark.parametrize("folder", PEERS, ids=lambda path: path.name)
def test_requirements_are_there_and_pinned(folder: Path) -> None:
    """Each line of a peer's own requirements pins one version, and the title names the one installed."""
    text = (folder / "requirements.txt").read_text("utf-8")
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    own = [line for line in lines if line and not line.startswith("-")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in own)
    if folder.name != "lab":
        said = tomllib.loads((folder / "peer.toml").read_text("utf-8"))
        assert f"{folder.name}=={said['title'].split()[-1]}" in own
        assert REQUIREMENTS[said["environment"]] == str((folder / "requirements.txt").relative_to(PROJECT))


def test_fast_variants_run_in_the_main_case_only() -> None:
    """They explain where the difference comes from; they are no systems of their own."""
    fast = [one for one in peer_systems() if one.name.endswith("-fast-decoder")]
    assert {one.name.removesuffix("-fast-decoder") for one in fast} == {"bentoml", "litserve", "mlserver"}
    assert all(one.main_case_only for one in fast)
    assert all(one.description.settings["PEER_DECODER"] == "fast" for one in fast)
