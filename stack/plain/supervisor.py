"""supervisord: started, asked, ended."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from stack.paths import Paths
from stack.plain.supervisor_config import MARK


def _bin(paths: Paths, program: str) -> str:
    return str(paths.environments / "stack" / "bin" / program)


def _control(paths: Paths, *words: str) -> subprocess.CompletedProcess[str]:
    command = [_bin(paths, "supervisorctl"), "-c", str(paths.run / "supervisord.conf"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def start(paths: Paths, variables: Mapping[str, str]) -> None:
    """Start supervisord and with it every program."""
    environment = {**variables, **os.environ, MARK: str(paths.project)}
    command = [_bin(paths, "supervisord"), "-c", str(paths.run / "supervisord.conf")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"supervisord did not start: {done.stderr.strip() or done.stdout.strip()}")


def states(paths: Paths) -> dict[str, str]:
    """Return every program's state, as in RUNNING; empty where supervisord does not answer."""
    if not (paths.temporary / "supervisor.sock").exists() or not Path(_bin(paths, "supervisorctl")).exists():
        return {}
    lines = _control(paths, "status").stdout.splitlines()
    pairs = (line.split()[:2] for line in lines if len(line.split()) > 1)
    known = {"RUNNING", "STARTING", "STOPPED", "STOPPING", "BACKOFF", "EXITED", "FATAL", "UNKNOWN"}
    return {name: state for name, state in pairs if state in known}


def stop(paths: Paths, seconds: float = 60.0) -> None:
    """End supervisord and wait until it is gone."""
    if not states(paths):
        return
    _control(paths, "shutdown")
    deadline = time.monotonic() + seconds
    while (paths.run / "supervisord.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
