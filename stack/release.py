"""Run a command of the release program, in both ways of running."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import getpass
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

from stack.paths import Paths


def run_to_the_end(command: Sequence[str], variables: Mapping[str, str], paths: Paths) -> int:
    """Run it in the project's root, on this terminal, and return its exit code; Ctrl-C is the command's."""
    with subprocess.Popen(command, cwd=paths.project, env=dict(variables)) as process:
        while process.returncode is None:
            with suppress(KeyboardInterrupt):
                process.wait()
        return process.returncode


def who() -> str:
    """Return who is at the terminal, for the history of decisions."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        return "somebody"
