"""Locust as shipped, shortened."""

import os
import subprocess
import sys

from tests.stack.client import NGINX
from tests.stack.project import PROJECT, VARIABLES
from tests.stack.running_stack import RunningStack


def load(*options: str) -> subprocess.CompletedProcess[str]:
    # 240 requests or so: the rarest kind, one in 18, is then missed once in a million runs.
    shorter = ["-t", "12s", "-u", "40", "-r", "40", "--host", NGINX]
    command = [sys.executable, "-m", "locust", "--config", "locust/locust.conf", *shorter, *options]
    environment = {**os.environ, **VARIABLES}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_a_load_within_the_objectives_ends_with_zero(stack: RunningStack) -> None:
    """Every kind of request is sent, and expected errors are no failures."""
    done = load()
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("page", "clean image", "dirty image", "not an image (415)", "injected fault (500)", "label"):
        assert name in done.stdout + done.stderr
    assert "Objectives met" in done.stdout


def test_a_missed_objective_ends_with_one(stack: RunningStack) -> None:
    """A pipeline can rely on the exit code."""
    done = load("--slo-p99", "0.1")
    assert done.returncode == 1
    assert "Objectives missed: p99" in done.stdout
