"""The commands of `python3 -m stack`, and what each asks of a deployment."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from service.slots import SLOTS
from stack.deployment import Deployment
from stack.environments import REQUIREMENTS
from stack.published import EVERY

MAY_DIE = (*SLOTS, "prometheus")  # what the drills kill
DESCRIPTION = """Run the stack: with Docker where an engine answers, else as plain processes below .local/.
The variable RUN=docker or RUN=local decides for one of the two ways."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command with its options; `deployed` is whether it concerns one of the deployments."""
    parser = argparse.ArgumentParser(
        "python3 -m stack", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(deployed=True)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")

    add("up", "run everything and wait until it is ready")
    add("down", "stop everything; the data stay")
    add("status", "show every component, its URL and its state")
    add("logs", "follow the logs")
    add("models", "make the models and references that are missing")
    reload = add("reload", "have the running model servers load their packages again, without a pause")
    reload.add_argument("slot", nargs="?", choices=SLOTS, help="the slot; left out: both")
    release = add("release", "run a command of the release program, as in: canary start --plan classic")
    release.add_argument("words", nargs=argparse.REMAINDER, help="the command; left out: status")
    retraining = add("retraining", "run a command of the retraining program, as in: start --watch")
    retraining.add_argument("words", nargs=argparse.REMAINDER, help="the command; left out: list")
    examples = add("import", "have the retraining take examples that are there already")
    examples.add_argument("source", type=Path, help="a folder of images by class; for rows a CSV file")
    examples.add_argument("--golden", action="store_true", help="to judge by them, and never train on them")
    kill = add("kill", "end a service at once, as if it had died; it stays away until `start`")
    start = add("start", "start a service that was killed")
    for one in (kill, start):
        one.add_argument("service", choices=MAY_DIE, help="its name in Compose")
    address = add("address", "print the URL of a published service, for other commands")
    address.add_argument("service", choices=[one.service for one in EVERY], help="its name in Compose")
    render = add("render", "write the configuration of the plain processes below .local/run")
    check = add("check", "have every configuration file checked by the program that reads it")
    packages = add("packages", "install the system's packages that the tests need, or say which those are")
    run = add("run", "run Python in one of the environments, which is made if need be")
    run.add_argument("environment", choices=sorted(REQUIREMENTS), help="the environment's name")
    run.add_argument("words", nargs=argparse.REMAINDER, help="Python's arguments, as in: -m pytest")
    for plain_only in (render, check, packages, run):
        plain_only.set_defaults(deployed=False)
    return parser.parse_args(arguments)


def execute(deployment: Deployment, chosen: argparse.Namespace) -> int:
    """Run a command that concerns a deployment and return its exit code."""
    actions: dict[str, Callable[[], int]] = {
        "up": deployment.up,
        "down": deployment.down,
        "status": deployment.status,
        "logs": deployment.logs,
        "models": deployment.make_models,
        "reload": lambda: deployment.reload([chosen.slot] if chosen.slot else SLOTS),
        "release": lambda: deployment.release(chosen.words or ["status"]),
        "retraining": lambda: deployment.retraining(chosen.words or ["list"]),
        "import": lambda: deployment.import_examples(chosen.source.absolute(), golden=chosen.golden),
        "kill": lambda: deployment.kill(chosen.service),
        "start": lambda: deployment.start(chosen.service),
        "address": lambda: _print(deployment.address(chosen.service)),
    }
    return actions[chosen.command]()


def _print(line: str) -> int:
    print(line)
    return 0


def exit_with(main: Callable[[], int]) -> NoReturn:
    """Exit with the code of a command; name the usual reason where a file is another user's."""
    try:
        raise SystemExit(main())
    except PermissionError as error:
        raise SystemExit(f"{error}: was the stack run by another user, maybe root, before?") from None
