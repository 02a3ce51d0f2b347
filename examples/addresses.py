"""Where this clone's stack is asked: the ports of .env, in both ways of running."""

import subprocess
import sys
from pathlib import Path

from examples.traffic import StackError

PROJECT = Path(__file__).resolve().parents[1]


def address(service: str) -> str:
    """Return the URL of a service of Compose's, without a slash at its end; it need not run.

    Raises:
        StackError: the stack's command line is not here, as in a container, or does not know.
    """
    command = [sys.executable, "-m", "stack", "address", service]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise StackError(f"where {service} is to be asked is not known ({reason}): give --url and --detector")
    return done.stdout.strip()
