"""What .env says."""

import os
from pathlib import Path

import pytest

from stack import settings as stack_settings
from stack.env_file import read_env_file
from stack.settings import load_stack_settings, local_settings

DEFAULTS = {
    "bind_address": "127.0.0.1",
    "http_port": 80,
    "model_server_port": 8000,
    "model_server_new_port": 8001,
    "drift_detector_port": 8009,
    "drift_detector_new_port": 8010,
    "prometheus_port": 9090,
    "alertmanager_port": 9093,
    "grafana_port": 3000,
    "mongodb_port": 27017,
    "job_server_port": 5100,
    "stream_producer_port": 5300,
    "retraining_port": 5400,
    "inner_ports": 18000,
    "model_source": "demo",
    "torch_index": "https://download.pytorch.org/whl/cpu",
}
NOWHERE = Path("/nowhere")


def test_every_setting_has_its_default() -> None:
    """With an empty environment and no file; what is handed to the programs is empty too."""
    settings = vars(load_stack_settings(NOWHERE, {}, http_port=80))
    assert settings == {
        **DEFAULTS,
        "replicas": {"model_server": 1, "model_server_new": 1},
        "profiles": frozenset(),
        "workers": 1,
        "variables": {},
    }


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_variable_moves_its_own_setting(name: str) -> None:
    """And no other one."""
    value = 4567 if name.endswith(("_port", "_ports")) else "10.0.0.1"
    environment = {name.upper(): str(value)}
    settings = load_stack_settings(NOWHERE, environment, http_port=80)
    assert {one: getattr(settings, one) for one in DEFAULTS} == {**DEFAULTS, name: value}
    assert settings.variables == environment
    if name.endswith("_port"):
        assert settings.port(name.upper()) == value


def test_replicas_are_counted_for_each_slot() -> None:
    """From 1 to 16."""
    environment = {"MODEL_SERVER_REPLICAS": "16", "MODEL_SERVER_NEW_REPLICAS": "2"}
    replicas = load_stack_settings(NOWHERE, environment, http_port=80).replicas
    assert replicas == {"model_server": 16, "model_server_new": 2}


@pytest.mark.parametrize("value", ["0", "17", "-1", "many"])
def test_a_wrong_number_of_replicas_is_named(value: str) -> None:
    """With what may be written in its place."""
    message = f"MODEL_SERVER_NEW_REPLICAS: '{value}' is not a number from 1 to 16; correct it in .env"
    with pytest.raises(SystemExit, match=message):
        load_stack_settings(NOWHERE, {"MODEL_SERVER_NEW_REPLICAS": value}, http_port=80)


@pytest.mark.parametrize("text", ["jobs", " jobs ,", "jobs,jobs"])
def test_profiles_are_a_list(text: str) -> None:
    """With commas; who names none has none."""
    settings = load_stack_settings(NOWHERE, {"PROFILES": text, "WORKERS": "16"}, http_port=80)
    assert (settings.profiles, settings.jobs, settings.workers) == (frozenset({"jobs"}), True, 16)
    assert not load_stack_settings(NOWHERE, {"PROFILES": " , "}, http_port=80).jobs


def test_an_unknown_profile_is_named() -> None:
    """With those that there are."""
    with pytest.raises(SystemExit, match=r"^PROFILES: there is no 'job'; there is jobs, training$"):
        load_stack_settings(NOWHERE, {"PROFILES": "jobs,job"}, http_port=80)


@pytest.mark.parametrize("value", ["0", "17", "many"])
def test_a_wrong_number_of_workers_is_named(value: str) -> None:
    """As one of replicas is."""
    with pytest.raises(SystemExit, match=f"WORKERS: '{value}' is not a number from 1 to 16; correct it"):
        load_stack_settings(NOWHERE, {"WORKERS": value}, http_port=80)


@pytest.mark.parametrize(
    ("user", "first", "port"),
    [(0, "1024", 80), (1000, "80", 80), (1000, "81", 8080), (0, None, 80), (1000, None, 8080)],
)
def test_who_may_not_have_port_80_gets_8080(
    user: int, first: str | None, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root may, and everyone where the kernel names a first port for all that is not above it."""
    if first is not None:
        (tmp_path / "first").write_text(f"{first}\n")
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(stack_settings, "FIRST_PORT_FOR_ALL", tmp_path / "first")
    monkeypatch.delenv("HTTP_PORT", raising=False)
    assert local_settings(tmp_path).http_port == port


def test_the_shell_goes_before_the_file(tmp_path: Path) -> None:
    """As with Compose, a variable of the environment wins; an empty one counts as absent."""
    (tmp_path / ".env").write_text("GRAFANA_PORT=3001\nHTTP_PORT=\nPROMETHEUS_PORT=9091\n")
    settings = load_stack_settings(tmp_path, {"GRAFANA_PORT": "3002"}, http_port=80)
    assert (settings.grafana_port, settings.http_port, settings.prometheus_port) == (3002, 80, 9091)


@pytest.mark.parametrize("value", ["http", "0", "65536"])
def test_a_wrong_port_is_named(value: str) -> None:
    """A value that is no port ends the command with the variable's name."""
    with pytest.raises(SystemExit, match=f"HTTP_PORT: '{value}' is not a port; correct it in .env"):
        load_stack_settings(NOWHERE, {"HTTP_PORT": value}, http_port=80)


def test_the_inner_ports_need_room() -> None:
    """The last of them is a port too."""
    assert load_stack_settings(NOWHERE, {"INNER_PORTS": "64421"}, http_port=80).inner_ports == 64421
    with pytest.raises(SystemExit, match="INNER_PORTS: 64422 is above 64421, and leaves no room for 1115"):
        load_stack_settings(NOWHERE, {"INNER_PORTS": "64422"}, http_port=80)


@pytest.mark.parametrize("value", ["1", "65535"])
def test_the_first_and_the_last_port_are_ports(value: str) -> None:
    """Nothing between is refused."""
    assert load_stack_settings(NOWHERE, {"HTTP_PORT": value}, http_port=80).http_port == int(value)


def test_the_example_shows_the_defaults() -> None:
    """A copy of .env.example changes nothing."""
    example = Path(__file__).parents[3] / ".env.example"
    shown = load_stack_settings(NOWHERE, read_env_file(example, {}), http_port=80)
    default = load_stack_settings(NOWHERE, {}, http_port=80)
    assert {**vars(shown), "variables": {}} == {**vars(default), "variables": {}}
