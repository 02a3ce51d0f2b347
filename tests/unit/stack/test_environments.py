"""Virtual environments follow their requirement files and locks."""

import sys
from pathlib import Path

import pytest

from stack.environments import ensure_environment, lacks_alibi, read_requirements
from stack.paths import Paths
from stack.plain.addresses import local_addresses
from stack.plain.programs import programs
from stack.settings import load_stack_settings
from tests.unit.stack.programs import write_program

# A uv that makes environments with nothing but Python in them, and fetches no Python.
UV = """case "$1" in
venv) mkdir -p "$4/bin" && ln -s "$3" "$4/bin/python";;
pip) exit 0;;
*) exit 2;;
esac"""


def test_an_included_file_counts(tmp_path: Path) -> None:
    """A change in a file that is named with -r makes a new environment."""
    (tmp_path / "inner.txt").write_text("a==1\n")
    (tmp_path / "outer.txt").write_text("-r inner.txt\nb==1\n")
    before = read_requirements(tmp_path / "outer.txt").sha256
    (tmp_path / "inner.txt").write_text("a==2\n")
    assert read_requirements(tmp_path / "outer.txt").sha256 != before


def test_only_torch_is_asked_of_its_own_index(tmp_path: Path) -> None:
    """The extra index serves torch and torchvision, wherever they are written, and nothing else."""
    (tmp_path / "inner.txt").write_text("torch==2.13.0  # CPU\ntorchvision==0.28.0\n")
    (tmp_path / "outer.txt").write_text(
        "-r inner.txt\nnumpy==2.4.6\ntorch-model-archiver==1\ntorchserve==1\n"
    )
    assert read_requirements(tmp_path / "outer.txt").torch == ["torch==2.13.0", "torchvision==0.28.0"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    """A project whose locks are empty, on a machine where uv fetches no Python."""
    for name in (
        "stack/requirements",
        "drift_detector_server/requirements",
        "benchmark/peers/mlserver/requirements",
    ):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / f"{name}.lock").write_text("# nothing\n")
    (tmp_path / "drift_detector_server/requirements-alibi.lock").write_text("# nothing, and alibi-detect\n")
    write_program(tmp_path / "bin/uv", UV)
    write_program(
        Paths(tmp_path).environments / "uv/bin/python", "exit 0"
    )  # its pip is configured with nothing
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")
    return Paths(tmp_path)


def without_older_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "stack.environments.OLDER_PYTHON", {"drift_detector_server": ("2.9",), "mlserver": ("2.9",)}
    )


def test_an_environment_is_replaced_when_its_lock_changes(project: Paths) -> None:
    """And left alone until then."""
    python = ensure_environment("stack", project, "")
    mark = python.parent / "mark"
    mark.touch()
    assert ensure_environment("stack", project, "") == python
    assert mark.exists()
    (project.project / "stack/requirements.lock").write_text("# something else\n")
    ensure_environment("stack", project, "")
    assert not mark.exists()


def test_a_python_too_new_for_alibi_detect_runs_the_detector_without_it(
    project: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line says so, and each later start finds the same environment whole."""
    without_older_pythons(monkeypatch)
    python = ensure_environment("drift_detector_server", project, "")
    said = capsys.readouterr().err
    assert said.count("DETECTOR=mmd") == 1
    assert "requirements.lock" in said
    (mark := python.parent / "mark").touch()
    ensure_environment("drift_detector_server", project, "")
    assert mark.exists()
    assert lacks_alibi(project)
    settings = load_stack_settings(project.project, {"DETECTOR": "alibi"}, http_port=80)
    started = programs(settings, local_addresses(settings), project)
    assert [one.environment.get("DETECTOR") for one in started].count("mmd") == 2


def test_alibi_detect_comes_as_soon_as_a_python_for_it_is_there(
    project: Paths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever installs an older Python need not remove anything."""
    with monkeypatch.context() as patch:
        without_older_pythons(patch)
        ensure_environment("drift_detector_server", project, "")
    capsys.readouterr()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    monkeypatch.setattr("stack.environments.OLDER_PYTHON", {"drift_detector_server": (version,)})
    ensure_environment("drift_detector_server", project, "")
    assert "requirements-alibi.lock" in capsys.readouterr().err
    assert not lacks_alibi(project)


def test_what_cannot_do_without_an_older_python_says_which(
    project: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the detector has something to fall back on."""
    without_older_pythons(monkeypatch)
    with pytest.raises(SystemExit, match=r"environment mlserver: Python 2\.9 is needed"):
        ensure_environment("mlserver", project, "")
