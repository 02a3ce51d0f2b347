"""Measure our server, its peers and the bare loop on this machine: `make bench`.

It takes about 35 minutes on 2 cores, and some more the first time, for the peers' environments. It prints the
tables and writes docs/benchmark.md. Run it on a machine that does nothing else.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from benchmark.config import prepare_config
from benchmark.machine import describe_machine
from benchmark.ours import our_systems
from benchmark.peers.folders import peer_systems
from benchmark.report import render
from benchmark.results import Results, load_results
from benchmark.run import BenchmarkRun
from benchmark.systems import SystemUnderTest
from stack.environments import ensure_environment
from stack.paths import Paths
from stack.plain.packages import OF_THE_TESTS, ensure_packages
from stack.say import say
from stack.settings import local_settings

# program → Debian's package
NEEDED = {
    **{program: OF_THE_TESTS[program] for program in ("nginx", "wrk", "hey")},
    "java": "default-jre-headless",
}
SECONDS, QUICK_SECONDS = 8, 3
ROUNDS = 3


def arguments(words: Sequence[str] | None, names: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        "python -m benchmark", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="the main case only, one short round")
    parser.add_argument("--only", metavar="NAMES", help=f"with commas between: {', '.join(names)}")
    parser.add_argument("--seconds", type=int, help=f"of each cell (default: {SECONDS})")
    parser.add_argument("--rounds", type=int, help=f"of the main case (default: {ROUNDS})")
    parser.add_argument(
        "--output", type=Path, help="the page to write (default: docs/benchmark.md; none if partial)"
    )
    parser.add_argument(
        "--report", type=Path, metavar="RAW", help="measure nothing, print the page of these results"
    )
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run, and return 0 whatever the figures are: it is for the reader to judge them."""
    paths = Paths()
    os.chdir(paths.project)
    every = [*our_systems(), *peer_systems()]
    chosen = arguments(words, [one.name for one in every])
    partial = chosen.quick or chosen.only or chosen.report  # earlier results may be anything
    output = chosen.output or (None if partial else paths.project / "docs" / "benchmark.md")
    if chosen.report:
        return publish(load_results(chosen.report), output)
    systems = select(every, chosen.only)
    folder = paths.project / ".local" / "benchmark"
    prepare(systems, paths)
    config = prepare_config(
        paths,
        folder,
        folder / f"results-{time.strftime('%Y%m%d-%H%M%S')}.json",
        seconds=chosen.seconds or (QUICK_SECONDS if chosen.quick else SECONDS),
        rounds=chosen.rounds or (1 if chosen.quick else ROUNDS),
        quick=chosen.quick,
    )
    run = BenchmarkRun(config, Results(describe_machine(paths.environments)))
    run.measure_all(systems)
    say(f"raw results: {config.raw}")
    return publish(run.results, output)


def select(every: Sequence[SystemUnderTest], names: str | None) -> list[SystemUnderTest]:
    """Return the systems of that name, or all."""
    wanted = names.split(",") if names else [one.name for one in every]
    if unknown := set(wanted) - {one.name for one in every}:
        raise SystemExit(
            f"there is no system called {', '.join(sorted(unknown))}: see --help for their names"
        )
    return [one for one in every if one.name in wanted]


def prepare(systems: Sequence[SystemUnderTest], paths: Paths) -> None:
    """Make every environment and package that is needed."""
    ensure_packages(NEEDED)
    index = local_settings(paths.project).torch_index
    names = ["model_server", *(name for one in systems for name in one.environments)]
    for name in dict.fromkeys(names):
        ensure_environment(name, paths, index)


def publish(results: Results, output: Path | None) -> int:
    """Print the page, and write it where there is a place for it."""
    page = render(results)
    print(page)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(page, "utf-8")
        say(f"written: {output}")
    return 0


def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's signature
    """Leave as on Ctrl-C, so that everything that runs is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, end)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("stopped; nothing runs any more, and what was measured is in .local/benchmark")
