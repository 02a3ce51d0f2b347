"""Drill the release of a candidate on the running stack: `python -m examples.drills good`, or `all`.

Exit code 0 where each drill ended in the right decision, for the right reason, 1 where one did not, 130 after
Ctrl-C. Everything is put back as it was in each case.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from examples.addresses import PROJECT, address
from examples.drills.before import Places
from examples.drills.display import WIDE, Display
from examples.drills.drills import DRILLS, Drill
from examples.drills.images import read_images
from examples.drills.releases import Releases
from examples.drills.run import Surroundings, run
from examples.drills.stack import RunningStack, command, lines
from examples.traffic import StackError
from service.slots import CANDIDATE, STABLE
from stack.settings import load_stack_settings

IMAGES = PROJECT / "examples/fruit/images"
INTERRUPTED = 130
RATE = 40.0  # a second; two cores that serve and judge at once are half busy then


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the drills of a name from the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.drills", description=__doc__)
    parser.add_argument("drill", choices=[*DRILLS, "all"])
    parser.add_argument(
        "--rate",
        type=float,
        help="requests a second, where a drill has many (default: %(default)s)",
        default=RATE,
    )
    options = parser.parse_args(arguments)
    drills = [at_rate(one, options.rate) for one in chosen(options.drill)]
    console = Console(markup=False, highlight=False)
    display = Display(console if console.is_terminal else Console(markup=False, highlight=False, width=WIDE))
    try:
        return asyncio.run(until_interrupted(run_all(drills, display)))
    except StackError as error:
        print(f"{error}\nIs the stack running? make status", file=sys.stderr)
        return 1


def chosen(name: str) -> list[Drill]:
    """Return the drills that a name stands for."""
    return [one for key, some in DRILLS.items() for one in some if name in {key, "all"}]


def at_rate(drill: Drill, requests_per_second: float) -> Drill:
    """Return a drill with fewer requests a second, and more time; one that is to have few keeps its own."""
    load = drill.load
    slower = min(1.0, requests_per_second / load.requests_per_second)
    return replace(
        drill,
        load=replace(load, requests_per_second=slower * load.requests_per_second),
        most_seconds=drill.most_seconds / slower,
    )


async def run_all(drills: Sequence[Drill], display: Display) -> int:
    """Run drills one after the other and return the exit code."""
    url, images = await asyncio.to_thread(address, "nginx"), await asyncio.to_thread(read_images, IMAGES)
    around = Surroundings(
        stack=RunningStack(url, images.clean[0]),
        releases=Releases(partial(command, "release"), partial(lines, "release")),
        places=places(PROJECT),
        url=url,
        images=images,
        show=display.show,
    )
    wrong = 0
    for drill in drills:
        display.begin(drill)
        outcome = None
        try:
            outcome = await run(drill, around)
        finally:
            display.end(outcome)
        wrong += bool(outcome.faults)
    return min(wrong, 1)


async def until_interrupted(work: Coroutine[Any, Any, int]) -> int:
    """Return what the work does; after SIGINT or SIGTERM what is left is the end that it makes itself."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED


def places(project: Path) -> Places:
    """Return what a drill changes, by what .env says."""
    variables = load_stack_settings(project, os.environ, http_port=80).variables
    stable, candidate = (
        project / variables.get(f"{slot.upper()}_PACKAGE", f"{slot}/model") for slot in (STABLE, CANDIDATE)
    )
    return Places(project / "nginx/default.conf", stable, candidate, project / ".local/drill")


if __name__ == "__main__":
    sys.exit(main())
