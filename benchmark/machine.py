"""What the figures were measured on, and with which versions."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import datetime
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack.plain.model_servers import available_cores

WRK_VERSION = r"wrk \S*?(\d[\d.]*)"
CPUINFO = Path("/proc/cpuinfo")
DISTRIBUTIONS = {
    "model_server": ("torch", "numpy", "pillow", "uvicorn", "fastapi"),
    "litserve": ("litserve", "torch"),
    "bentoml": ("bentoml", "torch"),
    "mlserver": ("mlserver", "torch"),
    "torchserve": ("torchserve", "torch"),
}


def describe_machine(environments: Path) -> dict[str, str]:
    """Return lines of the report: the machine, the load generators, what each environment has installed."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        "date": now.strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{cpu_model()}, {available_cores()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "load": f"wrk {_version(['wrk', '--version'], WRK_VERSION)}, hey",
        **{
            f"environment {name}": ", ".join(installed(environments / name, wanted))
            for name, wanted in DISTRIBUTIONS.items()
            if (environments / name).exists()
        },
    }


def cpu_model(text: str | None = None) -> str:
    """Return the processor's name."""
    found = re.search(r"^model name\s*:\s*(.+)$", text or CPUINFO.read_text(), re.M)
    return found[1] if found else platform.machine()


def installed(environment: Path, wanted: tuple[str, ...]) -> list[str]:
    """Return `name version` of what an environment holds, read from its files."""
    found: Mapping[str, str] = {
        name.lower(): version
        for path in environment.glob("lib/python3*/site-packages/*.dist-info")
        for name, _, version in [path.name.removesuffix(".dist-info").partition("-")]
    }
    return [f"{name} {found[name]}" for name in wanted if name in found]


def _version(command: list[str], pattern: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "absent"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "of unknown version"
