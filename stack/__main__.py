"""Run the stack, with Docker or without: `python3 -m stack COMMAND`.

Needs nothing but Python itself; what the stack needs is made on the way.
"""

import argparse
import os
import platform
from collections.abc import Sequence

from service.slots import CANDIDATE, SLOTS, STABLE, detector_of
from stack import docker
from stack.checks import check
from stack.environments import REQUIREMENTS, ensure_environment
from stack.paths import Paths
from stack.plain import commands as plain
from stack.plain.packages import ensure_packages
from stack.plain.supervisor import states
from stack.reload import reload_with_docker, reload_without_docker
from stack.settings import docker_settings, local_settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser("python3 -m stack", description="Run the stack, with Docker or without.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="run everything and wait until it is ready")
    commands.add_parser("down", help="stop everything")
    commands.add_parser("status", help="show every part, its URL and its state")
    commands.add_parser("logs", help="follow the logs")
    commands.add_parser("models", help="make the models and references that are missing")
    commands.add_parser("render", help="write the local way's configuration below .local/run")
    commands.add_parser("check", help="have every configuration file read by its program")
    anew = commands.add_parser("reload", help="have the running model servers load their packages anew")
    anew.add_argument("slot", nargs="?", choices=SLOTS, help="the slot; both, where none is named")
    address = commands.add_parser("address", help="print a program's address, for other commands")
    address.add_argument("program", choices=["nginx", *map(detector_of, SLOTS)])
    run = commands.add_parser("run", help="run Python in one of the environments, making it if need be")
    run.add_argument("environment", choices=sorted(REQUIREMENTS))
    run.add_argument("words", nargs=argparse.REMAINDER)
    chosen = parser.parse_args(arguments)
    if chosen.command == "run":
        return run_python(chosen.environment, chosen.words)
    if chosen.command == "address":
        return print_address(chosen.program)
    if chosen.command == "reload":
        return reload_models([chosen.slot] if chosen.slot else SLOTS)
    if chosen.command in {"render", "check"}:
        return _render(Paths()) or (check(Paths()) if chosen.command == "check" else 0)
    return _with_docker(chosen.command) if use_docker() else _without_docker(chosen.command)


def use_docker() -> bool:
    """Return which way to go: RUN=local or RUN=docker, else a stack that runs already, else what answers."""
    wish = os.environ.get("RUN", "")
    if wish not in {"", "local", "docker"}:
        raise SystemExit(f"RUN={wish}: say RUN=local or RUN=docker, or leave it out")
    if wish:
        return wish == "docker"
    return not states(Paths()) and docker.answers()


def reload_models(slots: Sequence[str]) -> int:
    """Print a line for each replica; return 1 where one was refused."""
    return (reload_with_docker if use_docker() else reload_without_docker)(slots, Paths())


def print_address(program: str) -> int:
    """Print where a program answers."""
    paths = Paths()
    settings = docker_settings(paths.project) if use_docker() else local_settings(paths.project)
    ports = {
        "nginx": settings.http_port,
        detector_of(STABLE): settings.drift_detector_port,
        detector_of(CANDIDATE): settings.drift_detector_new_port,
    }
    print(f"http://{settings.reach}:{ports[program]}")
    return 0


def run_python(environment: str, words: Sequence[str]) -> int:
    """Become Python in an environment, with the project's root as working folder."""
    paths = Paths()
    python = ensure_environment(environment, paths, local_settings(paths.project).torch_index)
    os.chdir(paths.project)
    variables = {**local_settings(paths.project).variables, **os.environ}
    os.execve(python, [str(python), *words], variables)  # noqa: S606 - no shell is wanted


def _with_docker(command: str) -> int:
    ways = {
        "up": docker.up,
        "down": docker.down,
        "status": docker.status,
        "logs": docker.logs,
        "models": docker.make_models,
    }
    return ways[command](Paths())


def _without_docker(command: str) -> int:
    if platform.system() != "Linux":
        raise SystemExit("Without Docker the stack runs on Linux only: start Docker, then try again.")
    ways = {
        "up": plain.up,
        "down": plain.down,
        "status": plain.status,
        "logs": plain.logs,
        "models": _make_models,
    }
    return ways[command](Paths())


def _make_models(paths: Paths) -> int:
    plain.make_models(local_settings(paths.project), paths)
    return 0


def _render(paths: Paths) -> int:
    settings = local_settings(paths.project)
    ensure_packages()
    ensure_environment("stack", paths, settings.torch_index)
    plain.render(settings, paths)
    print(f"rendered: {paths.run}")
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except PermissionError as error:
        raise SystemExit(f"{error}: was the stack run by another user, maybe root, before?") from None
