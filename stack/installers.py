"""What fills a virtual environment from a lock: uv, several times faster, where it can be had; else pip."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import ast
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack.say import say

UV = "uv==0.13.9"  # has no dependencies, so this is its lock
# One retry: where the extra index cannot be reached, both soon continue with what they find elsewhere.
DEFAULTS = {
    "PIP_RETRIES": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "UV_HTTP_RETRIES": "1",
    "UV_HTTP_TIMEOUT": "180",
    "UV_NO_PROGRESS": "1",
}
_making_uv = threading.Lock()

Step = Sequence[Sequence[str]]  # commands of which the first that succeeds is enough


class InstallError(Exception):
    """A step of an installation of which no command succeeded."""


@dataclass(frozen=True)
class Installation:
    """A virtual environment to make: where, with which Python, from which lock."""

    folder: Path
    interpreter: str
    lock: Path
    torch: Sequence[str]  # the lock's lines that PyTorch's index is asked for, and for nothing else
    torch_index: str

    @property
    def python(self) -> str:
        """Return the interpreter of the finished environment."""
        return str(self.folder / "bin" / "python")


def install(wanted: Installation, log: Path) -> str:
    """Make an environment and return the installer's name, or exit with the end of the log."""
    shutil.rmtree(wanted.folder, ignore_errors=True)
    with log.open("w") as output:
        if uv := find_uv(wanted.folder.parent):
            try:
                run_steps(uv_steps(wanted, uv, pip_config(wanted.folder.parent)), output.fileno())
            except InstallError:
                say(f"environment {wanted.folder.name}: uv failed (log: {log}), so pip installs it")
            else:
                return "uv"
        try:
            run_steps(pip_steps(wanted), output.fileno())
        except InstallError as error:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise SystemExit(f"{error} … failed; the end of {log}:\n{last}") from None
    return "pip"


def find_uv(environments: Path) -> str | None:
    """Return uv: the one on the PATH, else the pinned one; None where neither is to be had."""
    return shutil.which("uv") or pinned_uv(environments)


def pinned_uv(environments: Path) -> str | None:
    """Return the pinned uv in an environment of its own, installing it if need be; None where that fails."""
    folder = environments / "uv"
    program, stamp = folder / "bin" / "uv", folder / ".requirement"
    with _making_uv:
        if program.exists() and stamp.exists() and stamp.read_text() == UV:
            return str(program)
        create = [sys.executable, "-m", "venv", "--clear", str(folder)]
        fill = [str(folder / "bin" / "python"), "-m", "pip", "install", "--no-input", UV]
        try:
            run_steps([[create], [fill]], subprocess.DEVNULL)
        except InstallError:
            return None
        stamp.write_text(UV)
        return str(program)


def read_pip_config(listing: str) -> dict[str, str]:
    """Return pip's options as `pip config list` prints them; a variable counts over a file, as with pip."""
    found: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):
        for line in listing.splitlines():
            name, equals, value = line.partition("=")
            if equals and name.startswith(section):
                found[name.removeprefix(section)] = ast.literal_eval(value)
    return found


def uv_sources(pip: Mapping[str, str]) -> list[str]:
    """Return uv's options for the folders and indexes in pip's configuration, which uv does not read."""
    folders = [word for found in pip.get("find-links", "").split() for word in ("--find-links", found)]
    index = ["--default-index", pip["index-url"]] if "index-url" in pip else []
    more = [word for found in pip.get("extra-index-url", "").split() for word in ("--index", found)]
    return ["--index-strategy", "unsafe-best-match", *folders, *index, *more]  # the strategy is pip's own


def pip_config(environments: Path) -> dict[str, str]:
    """Return the options of this machine's pip; none where no pip answers."""
    for python in (environments / "uv" / "bin" / "python", Path(sys.executable)):
        command = [str(python), "-m", "pip", "config", "list"]
        if python.exists():
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                return read_pip_config(done.stdout)
    return {}


def uv_steps(wanted: Installation, uv: str, pip: Mapping[str, str]) -> list[Step]:
    """Return uv's commands; unlike pip it fails where an index does not answer, so torch has a second try."""
    # Where Python may write no .pyc files, every start of a program would compile torch again.
    compiled = ["--compile-bytecode"] if sys.dont_write_bytecode else []
    add = [uv, "pip", "install", "--python", wanted.python, *compiled, *uv_sources(pip)]
    elsewhere = [*add, "--no-deps", *wanted.torch]
    return [
        [[uv, "venv", "--python", wanted.interpreter, str(wanted.folder)]],
        *([[[*elsewhere, "--index", wanted.torch_index], elsewhere]] if wanted.torch else []),
        [[*add, "-r", str(wanted.lock)]],
    ]


def pip_steps(wanted: Installation) -> list[Step]:
    """Return pip's commands."""
    add = [wanted.python, "-m", "pip", "install", "--no-input"]
    from_its_index = [*add, "--no-deps", "--extra-index-url", wanted.torch_index, *wanted.torch]
    return [
        [[wanted.interpreter, "-m", "venv", "--clear", str(wanted.folder)]],
        *([[from_its_index]] if wanted.torch else []),
        [[*add, "-r", str(wanted.lock)]],
    ]


def run_steps(steps: Sequence[Step], output: int) -> None:
    """Run each step's commands until one succeeds; InstallError where none does."""
    environment = {**DEFAULTS, **os.environ}
    for step in steps:
        done = (
            subprocess.run(each, stdout=output, stderr=output, env=environment, check=False) for each in step
        )
        if all(each.returncode for each in done):
            raise InstallError(" ".join(step[-1][:4]))
