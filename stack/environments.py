"""Virtual environments from requirement files: one per set of needs, made anew when the file changes."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import hashlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from stack.paths import Paths
from stack.say import say

REQUIREMENTS = {
    "model_server": "model_server/requirements.txt",
    "drift_detector_server": "drift_detector_server/requirements.txt",
    "stack": "stack/requirements.txt",
    "locust": "locust/requirements.txt",
    "tests": "tests/requirements.txt",
    "benchmark": "benchmark/requirements.txt",
    "mlserver": "benchmark/peers/mlserver/requirements.txt",
    "litserve": "benchmark/peers/litserve/requirements.txt",
    "bentoml": "benchmark/peers/bentoml/requirements.txt",
    "torchserve": "benchmark/peers/torchserve/requirements.txt",
}
SUPPORTED = ("3.11", "3.12")  # alibi-detect's numba knows no newer one


@dataclass(frozen=True)
class Requirements:
    """A requirement file with all that it includes."""

    path: Path
    text: str

    @property
    def sha256(self) -> str:
        """Return the hash that an environment made from it carries."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def torch(self) -> list[str]:
        """Return the requirements that PyTorch's own index is asked for."""
        return [line.split("#")[0].strip() for line in self.text.splitlines() if line.startswith("torch")]


def read_requirements(path: Path) -> Requirements:
    """Read a requirement file and the files that it names with -r and -c."""
    text = path.read_text("utf-8")
    included = [
        read_requirements(path.parent / words[1]).text
        for words in map(str.split, text.splitlines())
        if len(words) == 2 and words[0] in {"-r", "-c"}
    ]
    return Requirements(path, "\n".join([text, *included]))


def find_interpreter() -> str:
    """Return a Python that the pinned packages support, or exit with a line that says which."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here in SUPPORTED:
        return sys.executable
    for version in SUPPORTED:
        if found := shutil.which(f"python{version}"):
            return found
    raise SystemExit(
        f"Python {' or '.join(SUPPORTED)} is needed (this is {here}): install it, or run with Docker"
    )


def ensure_environment(name: str, paths: Paths, torch_index: str) -> Path:
    """Return the interpreter of an environment with what its file asks for, making it if need be."""
    requirements = read_requirements(paths.project / REQUIREMENTS[name])
    stamp = paths.environments / name / ".requirements-sha256"
    runs = os.access(paths.python(name), os.X_OK)
    whole = runs and stamp.exists() and stamp.read_text() == requirements.sha256
    if not whole:
        _make(name, requirements, paths, torch_index)
        stamp.write_text(requirements.sha256)
    return paths.python(name)


def _make(name: str, requirements: Requirements, paths: Paths, torch_index: str) -> None:
    started = time.monotonic()
    log = paths.logs / f"pip-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"environment {name}: installing {requirements.path.relative_to(paths.project)} (log: {log})")
    create = [find_interpreter(), "-m", "venv", "--clear", str(paths.environments / name)]
    install = [str(paths.python(name)), "-m", "pip", "install", "--no-input"]
    from_its_index = [*install, "--no-deps", "--extra-index-url", torch_index, *requirements.torch]
    steps = [
        create,
        *([from_its_index] if requirements.torch else []),
        [*install, "-r", str(requirements.path)],
    ]
    with log.open("w") as output:
        for step in steps:
            _run(step, log, output.fileno())
    say(f"environment {name}: ready after {time.monotonic() - started:.0f} s")


def _run(command: list[str], log: Path, output: int) -> None:
    # One retry: where the extra index cannot be reached, pip soon goes on with what it finds elsewhere.
    environment = {"PIP_RETRIES": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **os.environ}
    if subprocess.run(command, stdout=output, stderr=output, env=environment, check=False).returncode:
        last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise SystemExit(f"{' '.join(command[:4])} … failed; the end of {log}:\n{last}")
