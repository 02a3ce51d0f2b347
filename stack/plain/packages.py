"""The system's packages that the plain processes need: present, installed now, or named in one line."""

# ruff: noqa: S603, S607 - this module starts programs, and no stranger names one

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stack.say import say

# program → Debian's package
OF_THE_STACK: Mapping[str, str] = {
    "nginx": "nginx-light",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "prometheus-nginx-exporter": "prometheus-nginx-exporter",
}
OF_THE_JOBS: Mapping[str, str] = {"rabbitmq-server": "rabbitmq-server"}
OF_THE_TESTS: Mapping[str, str] = {
    **OF_THE_STACK,
    **OF_THE_JOBS,
    "chromium": "chromium",
    "wrk": "wrk",
    "hey": "hey",
}
# Ubuntu's Chromium is a snap, which a container cannot run; Google's browser will do.
IN_PLACE_OF: Mapping[str, tuple[str, ...]] = {"chromium": ("chromium-browser", "google-chrome")}
SYSTEM_FOLDERS = ":/usr/local/sbin:/usr/sbin:/sbin"
POLICY = Path("/usr/sbin/policy-rc.d")
REFUSE_TO_START = "#!/bin/sh\nexit 101\n"


def find_program(name: str) -> str | None:
    """Return a program's path; sbin folders count although a user's PATH often lacks them."""
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + SYSTEM_FOLDERS)


def ensure_packages(needed: Mapping[str, str] = OF_THE_STACK) -> None:
    """Install what is missing where that is allowed, else exit with the command to run."""
    missing = [package for program, package in needed.items() if not _is_there(program)]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        command = "sudo apt-get install --no-install-recommends"
        raise SystemExit(f"Please install first: {command} {' '.join(missing)}")
    say(f"system packages: installing {' '.join(missing)}")
    with _services_left_stopped():
        _apt_get("update")
        _apt_get("install", "--no-install-recommends", *missing)
    _disable(missing)


def _is_there(program: str) -> bool:
    return any(map(find_program, (program, *IN_PLACE_OF.get(program, ()))))


def _apt_get(*arguments: str) -> None:
    command = ["apt-get", "-y", "-qq", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr.strip()}")


@contextmanager
def _services_left_stopped() -> Iterator[None]:
    """Keep the packages from starting services of their own on the ports that the stack needs."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text(REFUSE_TO_START)
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _disable(packages: list[str]) -> None:
    """Keep the services of packages that we installed from starting with the machine."""
    if shutil.which("systemctl"):
        units = [package.removesuffix("-light") for package in packages]
        subprocess.run(["systemctl", "disable", *units], check=False, capture_output=True)
