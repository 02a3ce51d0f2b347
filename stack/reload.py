"""Have running model servers load their packages again, one after the other, in both ways of running."""

# ruff: noqa: S603 - this module starts programs, and no stranger names one

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stack.paths import Paths

MODULE = ("-m", "model_server.reload")


@dataclass(frozen=True)
class ReloadCommand:
    """The command that has one replica load its package again."""

    replica: str
    command: Sequence[str]
    environment: Mapping[str, str]


def reload_each(commands: Sequence[ReloadCommand], slots: Sequence[str], paths: Paths) -> int:
    """Run the commands, print a line for each replica, and return 1 where one refused its package."""
    if not commands:
        raise SystemExit(f"There is no running model server of {' or '.join(slots)}: make up")
    return max([_reload(one, paths) for one in commands])


def _reload(one: ReloadCommand, paths: Paths) -> int:
    done = subprocess.run(
        one.command, env=one.environment, cwd=paths.project, capture_output=True, text=True, check=False
    )
    print(f"{one.replica}: {(done.stdout + done.stderr).strip()}", flush=True)
    return 1 if done.returncode else 0
