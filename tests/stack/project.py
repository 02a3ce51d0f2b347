"""The project under test: its settings, its commands, and the model package that tests may change."""

import os
import shutil
import subprocess
from pathlib import Path

from stack.settings import load_stack_settings, local_settings

PROJECT = Path(__file__).parents[2]
SCREENSHOTS = PROJECT / ".local/screenshots"
NAME = os.environ.get("STACK", "local")
KEEP = "STACK_KEEP" in os.environ  # the stack goes on after the tests, and the next ones find it running
PACKAGE = PROJECT / ".local/stack-test/model_server"  # a copy, as tests change it
VARIABLES = {
    "MODEL_SERVER_PACKAGE": str(PACKAGE),
    "FAULT_INJECTION": "true",
    "RUN": "docker" if NAME == "compose" else "local",
    "COMPOSE_PROJECT_NAME": "serving-test",  # a project of its own: its volumes are removed at the end
}


def attempt(*command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder."""
    environment = {**os.environ, **VARIABLES, **variables}
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def run(*command: str, **variables: str) -> str:
    """Run a command in the project's folder and return what it printed; fail with that when it fails."""
    done = attempt(*command, **variables)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def copy_package() -> None:
    """Copy the project's package of the stable slot, into which nothing is written."""
    shutil.rmtree(PACKAGE, ignore_errors=True)
    shutil.copytree(PROJECT / "model_server/model", PACKAGE)


SETTINGS = (
    load_stack_settings(PROJECT, os.environ, http_port=80) if NAME == "compose" else local_settings(PROJECT)
)
