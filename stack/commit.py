"""Which commit the code is of, as a model's lineage names it."""

# ruff: noqa: S603 - this module asks git, and no stranger names a command

import subprocess
from pathlib import Path


def commit_of(project: Path) -> str:
    """Return the commit that is checked out; empty where that is not known."""
    try:
        asked = ["git", "-C", str(project), "rev-parse", "--verify", "HEAD"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except OSError:  # there is no git
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
