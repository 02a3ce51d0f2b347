"""Virtual environments from lock files: one per set of needs, replaced when its lock changes."""

import hashlib
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from stack.installers import Installation, install
from stack.interpreters import SUPPORTED, find_interpreter
from stack.paths import Paths
from stack.say import say

REQUIREMENTS = {
    "model_server": "model_server/requirements.txt",
    "drift_detector_server": "drift_detector_server/requirements-alibi.txt",
    "release": "release/requirements.txt",
    "job_server": "job_server/requirements.txt",
    "stream": "stream/requirements.txt",
    "retraining": "retraining/requirements.txt",
    "tansu": "stream/requirements-tansu.txt",
    "dvc": "retraining/requirements-dvc.txt",
    "stack": "stack/requirements.txt",
    "locust": "locust/requirements.txt",
    "tests": "tests/requirements.txt",
    "mutate": "tests/requirements-mutate.txt",
    "benchmark": "benchmark/requirements.txt",
    "mlserver": "benchmark/peers/mlserver/requirements.txt",
    "litserve": "benchmark/peers/litserve/requirements.txt",
    "bentoml": "benchmark/peers/bentoml/requirements.txt",
    "torchserve": "benchmark/peers/torchserve/requirements.txt",
}
WITHOUT_ALIBI = "drift_detector_server/requirements.txt"
LOCKED = (WITHOUT_ALIBI, *REQUIREMENTS.values())
# alibi-detect's numba and MLServer's uvloop have no wheels for the newest Pythons; all the rest has.
OLDER_PYTHON = {"drift_detector_server": ("3.12", "3.11"), "mlserver": ("3.12", "3.11")}


@dataclass(frozen=True)
class Requirements:
    """A requirement file, or the lock made from it, with all that it includes."""

    path: Path
    text: str

    @property
    def sha256(self) -> str:
        """Return the hash that an environment made from it carries."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def lines(self) -> list[str]:
        """Return the requirements, without comments, options and included files' names."""
        lines = [re.split(r"(?:^|\s)#", line)[0].strip() for line in self.text.splitlines()]
        return [line for line in lines if line and not line.startswith("-")]

    @property
    def torch(self) -> list[str]:
        """Return the requirements that PyTorch's own index is asked for."""
        return [line for line in self.lines if re.match(r"torch(vision)?\b(?!-)", line)]


def read_requirements(path: Path) -> Requirements:
    """Read a requirement file and the files that it names with -r."""
    text = path.read_text("utf-8")
    included = [
        read_requirements(path.parent / words[1]).text
        for words in map(str.split, text.splitlines())
        if words[:1] == ["-r"]
    ]
    return Requirements(path, "\n".join([text, *included]))


def lock_of(requirements: Path) -> Path:
    """Return the path of the lock that `make lock` writes beside a requirement file."""
    return requirements.with_suffix(".lock")


def ensure_environment(name: str, paths: Paths, torch_index: str) -> Path:
    """Return the interpreter of an environment with what its lock lists, making it if need be."""
    lock = read_requirements(lock_of(paths.project / REQUIREMENTS[name]))
    versions = OLDER_PYTHON.get(name, SUPPORTED)
    if _is_made_from(lock, name, paths):
        return paths.python(name)
    interpreter = find_interpreter(versions, paths)
    if interpreter is None and name == "drift_detector_server":
        say(f"alibi-detect needs Python {' or '.join(versions)}, which is not to be had: DETECTOR=mmd runs")
        lock = read_requirements(lock_of(paths.project / WITHOUT_ALIBI))
        interpreter, versions = find_interpreter(SUPPORTED, paths), SUPPORTED
    if interpreter is None:
        wanted = " or ".join(versions)
        raise SystemExit(f"environment {name}: Python {wanted} is needed: install it, or run with Docker")
    if not _is_made_from(lock, name, paths):
        _make(name, lock, interpreter, paths, torch_index)
    return paths.python(name)


def lacks_alibi(paths: Paths) -> bool:
    """Return whether the detector's environment had to be made without alibi-detect."""
    stamp, lock = _stamp("drift_detector_server", paths), lock_of(paths.project / WITHOUT_ALIBI)
    return stamp.exists() and stamp.read_text() == read_requirements(lock).sha256


def _stamp(name: str, paths: Paths) -> Path:
    return paths.environments / name / ".lock-sha256"


def _is_made_from(lock: Requirements, name: str, paths: Paths) -> bool:
    stamp = _stamp(name, paths)
    runs = os.access(paths.python(name), os.X_OK)
    return runs and stamp.exists() and stamp.read_text() == lock.sha256


def _make(name: str, lock: Requirements, interpreter: str, paths: Paths, torch_index: str) -> None:
    started = time.monotonic()
    log = paths.logs / f"pip-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say(f"environment {name}: installing {lock.path.relative_to(paths.project)} (log: {log})")
    wanted = Installation(paths.environments / name, interpreter, lock.path, lock.torch, torch_index)
    by = install(wanted, log)
    _stamp(name, paths).write_text(lock.sha256)
    say(f"environment {name}: ready after {time.monotonic() - started:.0f} s, by {by}")
