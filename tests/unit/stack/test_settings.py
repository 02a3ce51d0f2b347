"""What .env says."""

from pathlib import Path

import pytest

from stack.env_file import read_env_file
from stack.settings import load_stack_settings


def test_the_shell_goes_before_the_file(tmp_path: Path) -> None:
    """As with Compose, a variable of the environment wins; an empty one counts as absent."""
    (tmp_path / ".env").write_text("GRAFANA_PORT=3001\nHTTP_PORT=\nPROMETHEUS_PORT=9091\n")
    settings = load_stack_settings(tmp_path, {"GRAFANA_PORT": "3002"}, http_port=80)
    assert (settings.grafana_port, settings.http_port, settings.prometheus_port) == (3002, 80, 9091)


@pytest.mark.parametrize("value", ["http", "0", "65536"])
def test_a_wrong_port_is_named(tmp_path: Path, value: str) -> None:
    """A value that is no port ends the command with the variable's name."""
    with pytest.raises(SystemExit, match="HTTP_PORT"):
        load_stack_settings(tmp_path, {"HTTP_PORT": value}, http_port=80)


def test_the_example_shows_the_defaults() -> None:
    """A copy of .env.example changes nothing."""
    example = Path(__file__).parents[3] / ".env.example"
    shown = load_stack_settings(Path("/nowhere"), read_env_file(example, {}), http_port=80)
    default = load_stack_settings(Path("/nowhere"), {}, http_port=80)
    assert {**vars(shown), "variables": {}} == {**vars(default), "variables": {}}
