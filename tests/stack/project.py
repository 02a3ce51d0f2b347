"""The project under test: its settings, its commands, and the model package that tests may change."""

import os
import shutil
import subprocess
from pathlib import Path

from service.slots import CANDIDATE, SLOTS, STABLE
from stack.settings import load_stack_settings, local_settings

PROJECT = Path(__file__).parents[2]
SCREENSHOTS = PROJECT / ".local/screenshots"
NAME = os.environ.get("STACK", "local")
KEEP = "STACK_KEEP" in os.environ  # the stack goes on after the tests, and the next ones find it running
PACKAGES = {slot: PROJECT / ".local/stack-test" / slot for slot in SLOTS}  # copies, as tests change them
PLANS = PROJECT / ".local/stack-test/plans/plan.toml"
VARIABLES = {
    "MODEL_SERVER_PACKAGE": str(PACKAGES[STABLE]),
    "MODEL_SERVER_NEW_PACKAGE": str(PACKAGES[CANDIDATE]),
    "FAULT_INJECTION": "true",
    "PROFILES": "",  # a test starts what they bring, and stops it
    "EVERY_DAYS": "0",  # no run of the retraining begins by itself, neither by the clock
    "LEAST_RECORDS": "1000000",  # nor by drift
    "RELEASE_PLANS": "./.local/stack-test/plans",
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


def put_package(slot: str, source: Path | None = None) -> None:
    """Fill a slot's package folder with a copy: of the project's own package, into which no test writes."""
    folder = PACKAGES[slot]
    for path in folder.glob("*") if folder.exists() else ():  # the folder itself is mounted
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(source or PROJECT / slot / "model", folder, dirs_exist_ok=True)
    for path in (folder, *folder.rglob("*")):  # the containers' users read it, whatever this user's umask
        path.chmod(0o755 if path.is_dir() else 0o644)


def put_packages() -> None:
    """Fill the folders of both slots, and the plans': the project's own, and short ones."""
    for slot in SLOTS:
        put_package(slot)
    plans = [(PROJECT / folder / "plan.toml").read_text() for folder in ("release", "tests/stack")]
    PLANS.parent.mkdir(parents=True, exist_ok=True)
    PLANS.write_text("\n".join(plans))


SETTINGS = (
    load_stack_settings(PROJECT, os.environ, http_port=80) if NAME == "compose" else local_settings(PROJECT)
)
