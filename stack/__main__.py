"""Run the stack, with Docker or without: `python3 -m stack COMMAND`.

This module and all that it imports run on bare Python, for with Docker nothing else is needed. Without Docker
they make the small environment `stack`, and hand the command over to `stack.plain` there.
"""

import os
import platform
import socket
import sys

from stack import compose
from stack.command_line import execute, exit_with, parse
from stack.environments import ensure_environment
from stack.paths import Paths


def main() -> int:
    """Run one command and return its exit code."""
    chosen, paths = parse(), Paths()
    if chosen.deployed and use_docker(paths):
        return execute(compose.ComposeDeployment(paths), chosen)
    if chosen.deployed and platform.system() != "Linux":
        raise SystemExit("Without Docker the stack runs on Linux only: start Docker, then try again.")
    python = ensure_environment("stack", paths, torch_index="")  # there is no PyTorch in this environment
    return os.execv(python, [str(python), "-m", "stack.plain", *sys.argv[1:]])  # noqa: S606 - no shell is wanted


def use_docker(paths: Paths) -> bool:
    """Return which way to go: RUN=local or RUN=docker, else a stack that runs already, else what answers."""
    wish = os.environ.get("RUN", "")
    if wish not in {"", "local", "docker"}:
        raise SystemExit(f"RUN={wish}: set RUN=local or RUN=docker, or leave it out")
    return wish == "docker" if wish else not _plain_stack_runs(paths) and compose.answers()


def _plain_stack_runs(paths: Paths) -> bool:
    if platform.system() != "Linux":
        return False
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(paths.supervisor_socket)) == 0


if __name__ == "__main__":
    exit_with(main)
