"""The drills, as people start them: releases of candidates that are good, or bad on purpose."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.slots import SLOTS
from tests.stack.client import SLOTS as ADDRESSES
from tests.stack.client import predict, share_of_new, wait_for
from tests.stack.project import PACKAGES, PROJECT, VARIABLES, attempt, run
from tests.stack.running_stack import RunningStack

SPLIT = PROJECT / "nginx/default.conf"
# One of eight: all take ten minutes, and what they leave in NX-27017 makes it slow for other tests.
DRILLS = ("errors",)
MOST_SECONDS = 420
RATE = os.environ.get("DRILL_RATE", "40")  # for a machine that does much else meanwhile


def files() -> dict[Path, bytes | str]:
    """Return all that a drill changes, with its content; of a link where it leads to."""
    places = [SPLIT, *(path for slot in SLOTS for path in PACKAGES[slot].rglob("*"))]
    return {
        path: str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in places
        if path.is_symlink() or path.is_file()
    }


def served() -> list[str]:
    """Return the versions that both slots answer with."""
    return [predict(ADDRESSES[slot]).headers["x-model-version"] for slot in SLOTS]


def phase() -> str:
    """Return the newest release's phase."""
    found = re.search(r'"phase": ?"(\w+)"', run("python3", "-m", "stack", "release", "status", "--json"))
    return found[1] if found else "none"


@pytest.mark.timeout(MOST_SECONDS + 60)
@pytest.mark.parametrize("name", DRILLS)
def test_a_drill_ends_in_the_right_decision_for_the_right_reason(stack: RunningStack, name: str) -> None:
    """No request fails but those that the candidate is to fail; all is as it was before."""
    before, versions = files(), served()
    began = time.monotonic()
    done = attempt("make", f"drill-{name}", f"RATE={RATE}")
    print(f"drill-{name}: {time.monotonic() - began:.0f} s\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WRONG" not in done.stdout
    assert files() == before
    assert served() == versions
    assert phase() in {"aborted", "rolled_back"}
    wait_for("the split from before", lambda: share_of_new() == 0.5, 10)


@pytest.mark.timeout(240)
def test_ctrl_c_ends_a_drill_and_puts_everything_back(stack: RunningStack) -> None:
    """The release, the packages and the split, also where it is pressed twice."""
    before, versions = files(), served()
    command = [sys.executable, "-m", "stack", "run", "stack", "-m", "examples.drills", "good"]
    with subprocess.Popen(
        command, cwd=PROJECT, env={**os.environ, **VARIABLES}, stdout=subprocess.PIPE, text=True
    ) as drill:
        assert drill.stdout
        for line in drill.stdout:
            if "running, step 1" in line:
                break
        assert files() != before
        for _ in range(2):
            drill.send_signal(signal.SIGINT)
        assert drill.wait(120) == 130
    assert files() == before
    assert served() == versions
    assert phase() == "aborted"
