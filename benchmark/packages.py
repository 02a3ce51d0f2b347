"""The system's packages that the benchmark needs beside those of the local way."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import os
import shutil
import subprocess

from stack.plain.packages import ensure_packages, find_program
from stack.say import say

# program → Debian's package
NEEDED = {"wrk": "wrk", "hey": "hey", "java": "default-jre-headless"}


def ensure_benchmark_packages() -> None:
    """Install what is missing where that is allowed, else exit with the command to run."""
    if find_program("nginx") is None:
        ensure_packages()  # it keeps nginx from starting a service of its own
    missing = [package for program, package in NEEDED.items() if find_program(program) is None]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(f"Please install first: sudo {' '.join(install)}")
    say(f"system packages: installing {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()}")
