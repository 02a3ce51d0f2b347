"""`python3 -m stack` as it continues in the environment `stack`, with python-dotenv, psutil and pymongo."""

import argparse
import os
from collections.abc import Sequence

from stack.checks import check
from stack.command_line import execute, exit_with, parse
from stack.environments import ensure_environment
from stack.paths import Paths
from stack.plain.deployment import PlainDeployment
from stack.plain.packages import OF_THE_TESTS, ensure_packages


def main() -> int:
    """Run one command and return its exit code."""
    chosen, paths = parse(), Paths()
    deployment = PlainDeployment(paths)
    if chosen.deployed:
        return execute(deployment, chosen)
    return _prepare(chosen, deployment, paths)


def _prepare(chosen: argparse.Namespace, deployment: PlainDeployment, paths: Paths) -> int:
    if chosen.command == "run":
        return run_python(chosen.environment, chosen.words, deployment, paths)
    if chosen.command == "packages":
        ensure_packages(OF_THE_TESTS)
        return 0
    deployment.render()
    if chosen.command == "check":
        return check(paths)
    print(f"rendered: {paths.run}")
    return 0


def run_python(name: str, words: Sequence[str], deployment: PlainDeployment, paths: Paths) -> int:
    """Become Python in an environment, with the variables of .env, in the project's root."""
    python = ensure_environment(name, paths, deployment.settings.torch_index)
    os.chdir(paths.project)
    variables = {**deployment.settings.variables, **os.environ}
    os.execve(python, [str(python), *words], variables)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    exit_with(main)
