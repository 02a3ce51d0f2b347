"""Pythons that an environment's packages support: this one, another one here, or one that uv fetches."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from stack.installers import DEFAULTS, find_uv
from stack.paths import Paths

SUPPORTED = ("3.11", "3.12", "3.13", "3.14")  # of Debian 12 and 13, Ubuntu 24.04 and 26.04


def find_interpreter(versions: Sequence[str], paths: Paths) -> str | None:
    """Return a Python of one of the versions, the first that can be had; None where there is none."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if here in versions:
        return sys.executable
    installed = (shutil.which(f"python{version}") for version in versions)
    return next(filter(None, installed), None) or _fetch(versions[0], paths)


def _fetch(version: str, paths: Paths) -> str | None:
    """Have uv fetch a Python into .local; None where uv or the Python is not to be had."""
    uv = find_uv(paths.environments)
    if uv is None:
        return None
    folder = paths.environments.parent / "interpreters"
    places = {"UV_PYTHON_INSTALL_DIR": str(folder), "UV_PYTHON_INSTALL_BIN": "0"}
    environment = {**DEFAULTS, **os.environ, **places}
    for words in (["install"], ["find", "--managed-python"]):
        command = [uv, "python", *words, version]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return None
    found = done.stdout.strip()
    return found if Path(found).is_file() else None
