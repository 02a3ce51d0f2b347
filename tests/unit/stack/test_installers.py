"""uv and pip make the same environment, each in its own way."""

import subprocess
from pathlib import Path

import pytest

from stack.installers import (
    Installation,
    InstallError,
    install,
    pip_steps,
    read_pip_config,
    run_steps,
    uv_sources,
    uv_steps,
)
from tests.unit.stack.programs import write_program

TORCH = ["torch==2.13.0", "torchvision==0.28.0"]
INDEX = "https://torch.example/cpu"
LISTING = """\
:env:.find-links='/wheels'
global.extra-index-url='https://one.example/simple https://two.example/simple'
global.find-links='/elsewhere'
global.index-url='https://mirror.example/simple'
"""


# A Python whose environments are copies of itself, and whose pip installs every lock that exists.
PYTHON = """case "$2 $3" in
"venv --clear") mkdir -p "$4/bin" && cp "$0" "$4/bin/python";;
"pip install") for lock; do :; done; echo "looking for $lock"; test -e "$lock";;
*) exit 1;;
esac"""


def installation(folder: Path, torch: list[str], lock: Path = Path("lock")) -> Installation:
    return Installation(folder / "environment", str(folder / "bin/python"), lock, torch, INDEX)


@pytest.fixture
def pip_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a uv that cannot install."""
    write_program(tmp_path / "bin/python", PYTHON)
    write_program(tmp_path / "bin/uv", "exit 1")
    write_program(tmp_path / "uv/bin/python", "exit 0")  # its pip is configured with nothing
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")


def test_pips_configuration_is_read_with_its_own_precedence() -> None:
    """An environment variable counts over a file."""
    options = read_pip_config(LISTING)
    assert options["find-links"] == "/wheels"
    assert options["index-url"] == "https://mirror.example/simple"


def test_uv_is_told_what_pip_is_told() -> None:
    """A folder with the CPU build of torch, a mirror and more indexes are looked at by both."""
    words = " ".join(uv_sources(read_pip_config(LISTING)))
    assert "--find-links /wheels" in words
    assert "--default-index https://mirror.example/simple" in words
    assert "--index https://one.example/simple --index https://two.example/simple" in words
    assert "http" not in " ".join(uv_sources({}))


def test_only_torch_is_asked_of_its_own_index(tmp_path: Path) -> None:
    """The extra index serves torch and torchvision and nothing else, whoever installs."""
    wanted = installation(tmp_path, TORCH)
    for steps in (pip_steps(wanted), uv_steps(wanted, "uv", {})):
        asked = [command for step in steps for command in step if INDEX in command]
        assert len(asked) == 1
        assert set(TORCH) < set(asked[0])
        assert not {"-r", "lock"} & set(asked[0])
        assert "--no-deps" in asked[0]


def test_torch_is_found_elsewhere_where_its_index_does_not_answer(tmp_path: Path) -> None:
    """uv fails at an index that pip passes over, so the same is asked for a second time without it."""
    _, (with_index, without), _ = uv_steps(installation(tmp_path, TORCH), "uv", {})
    assert [word for word in with_index if word not in {"--index", INDEX}] == without


def test_without_torch_no_extra_index_is_asked(tmp_path: Path) -> None:
    """Most environments have no torch."""
    wanted = installation(tmp_path, [])
    assert INDEX not in str([*pip_steps(wanted), *uv_steps(wanted, "uv", {})])


def test_a_step_is_done_with_its_first_command_that_succeeds(tmp_path: Path) -> None:
    """The second try runs only after the first one failed, and a step without success is an error."""
    mark = tmp_path / "mark"
    run_steps([[["false"], ["true"], ["touch", str(mark)]]], subprocess.DEVNULL)
    assert not mark.exists()
    with pytest.raises(InstallError, match="false second"):
        run_steps([[["false", "first"], ["false", "second"]]], subprocess.DEVNULL)


@pytest.mark.usefixtures("pip_only")
def test_pip_takes_over_where_uv_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A uv that cannot install costs a line, not the environment."""
    (tmp_path / "lock").write_text("")
    by = install(installation(tmp_path, [], tmp_path / "lock"), tmp_path / "log")
    assert by == "pip"
    assert (tmp_path / "environment/bin/python").exists()
    assert "environment environment: uv failed" in capsys.readouterr().err


@pytest.mark.usefixtures("pip_only")
def test_an_installation_that_fails_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """What pip complained of is on the screen."""
    with pytest.raises(SystemExit, match="no-such-lock"):
        install(installation(tmp_path, [], tmp_path / "no-such-lock"), tmp_path / "log")
