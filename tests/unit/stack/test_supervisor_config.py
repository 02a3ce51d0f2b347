"""Supervisor's configuration, read back by supervisor."""

import tempfile
from pathlib import Path

import pytest
from supervisor.options import ServerOptions  # type: ignore[import-untyped]  # supervisor brings no types

from stack.paths import Paths
from stack.plain.addresses import local_addresses
from stack.plain.program import Program
from stack.plain.programs import programs, release_command
from stack.plain.supervisor_config import render
from stack.settings import load_stack_settings


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def read(chosen: list[Program], paths: Paths) -> dict[str, tuple[str, dict[str, str]]]:
    for folder in (paths.run, paths.logs, paths.temporary):
        folder.mkdir(parents=True, exist_ok=True)
    path = paths.run / "supervisord.conf"
    path.write_text(render(chosen, paths))
    options = ServerOptions()
    options.realize(["-c", str(path)])
    found = [process for group in options.process_group_configs for process in group.process_configs]
    return {process.name: (process.command, process.environment) for process in found}


@pytest.mark.filterwarnings("ignore:Supervisord is running as root")
def test_values_come_through_as_they_are(tmp_path: Path) -> None:
    """Spaces, percent signs and single quotes in a value or a word reach the program unchanged."""
    program = Program("p", ("sh", "-c", "echo '50 %'"), {"A": "env '/a b' -m x", "B": "50%"})
    assert read([program], Paths(tmp_path)) == {"p": ('"sh" "-c" "echo \'50 %\'"', dict(program.environment))}


@pytest.mark.filterwarnings("ignore:Supervisord is running as root")
def test_every_program_of_the_stack_is_there(tmp_path: Path) -> None:
    """Both slots, both detectors, the database, nginx, its renderer and watcher, and all that watches."""
    settings = load_stack_settings(tmp_path, {}, http_port=80)
    found = read(programs(settings, local_addresses(settings), Paths(tmp_path)), Paths(tmp_path))
    assert set(found) == {
        "mongodb",
        "model_server",
        "model_server_new",
        "drift_detector_server",
        "drift_detector_server_new",
        "nginx_config",
        "nginx_log_exporter",
        "nginx",
        "nginx_watcher",
        "nginx_exporter",
        "node_exporter",
        "release",
        "alertmanager",
        "prometheus",
        "dashboards",
    }
    assert found["model_server_new"][1]["SLOT"] == "model_server_new"
    assert found["drift_detector_server_new"][1]["SLOT"] == "model_server_new"


@pytest.mark.filterwarnings("ignore:Supervisord is running as root")
def test_a_package_elsewhere_is_served_and_compared_with(tmp_path: Path) -> None:
    """A slot's server and its detector read the same package; copies and choices are the detector's own."""
    settings = load_stack_settings(tmp_path, {"MODEL_SERVER_NEW_PACKAGE": "./mine"}, http_port=80)
    found = read(programs(settings, local_addresses(settings), Paths(tmp_path)), Paths(tmp_path))
    for name, package in (("", tmp_path / "model_server" / "model"), ("_new", tmp_path / "mine")):
        detector = found[f"drift_detector_server{name}"][1]
        assert found[f"model_server{name}"][1]["MODEL_PACKAGE"] == str(package)
        assert detector["MODEL_PACKAGE"] == str(package)
        assert detector["ARTIFACTS"] == str(tmp_path / f"drift_detector_server{name}" / "artifacts")
        assert detector["DETECTOR_CONFIG"] == str(tmp_path / f"drift_detector_server{name}/detector.toml")


@pytest.mark.filterwarnings("ignore:Supervisord is running as root")
def test_the_release_program_finds_what_it_changes_and_asks(tmp_path: Path) -> None:
    """The file that people edit, the folders that the slots serve, and each replica's internal listener."""
    chosen = {
        "MODEL_SERVER_NEW_PACKAGE": "./mine",
        "MODEL_SERVER_REPLICAS": "2",
        "RELEASE_PLANS": "./plans",
    }
    settings = load_stack_settings(tmp_path, chosen, http_port=80)
    addresses = local_addresses(settings)
    found = read(programs(settings, addresses, Paths(tmp_path)), Paths(tmp_path))
    command, told = found["release"]
    assert command.endswith('"-m" "release" "serve"')
    assert told["SPLIT_FILE"] == str(tmp_path / "nginx/default.conf")
    assert told["PLAN_FILE"] == str(tmp_path / "plans/plan.toml")
    assert told["MODELS"] == str(tmp_path / ".local/data/training/models")
    assert told["PROMETHEUS_URL"] == "http://127.0.0.1:9090"
    assert told["NGINX_URL"] == "http://127.0.0.1:18081"
    for slot, folder, names in (
        ("STABLE", "model_server/model", ["model_server", "model_server_2"]),
        ("CANDIDATE", "mine", ["model_server_new"]),
    ):
        assert told[f"{slot}_PACKAGE"] == str(tmp_path / folder)
        ports = [found[name][1]["INTERNAL_PORT"] for name in names]
        assert told[f"{slot}_REPLICAS"] == ",".join(f"127.0.0.1:{port}" for port in ports)
    asked = release_command(["status"], addresses, Paths(tmp_path))
    assert asked.environment["RELEASE_URL"] == f"http://{told['HOST']}:{told['PORT']}"
