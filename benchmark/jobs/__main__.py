"""Measure queued work on this machine: `make bench-jobs`, some 15 minutes on 2 cores.

Inputs per second of 1, 2 and 3 workers against the bare loop and against one request each, turn about in
one run; time to the first result, memory, fairness, what the online server feels of a full queue, and what
becomes of the inputs when programs are killed.
"""

import argparse
import os
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console

from benchmark.bare_loop import run_bare_loop
from benchmark.images import ensure_images
from benchmark.jobs.system import job_system
from benchmark.jobs.trial import Trial
from benchmark.load.bodies import write_bodies
from benchmark.machine import describe_machine
from benchmark.models import ensure_image_package
from job_server.chunks import IMAGES
from stack.environments import ensure_environment
from stack.paths import Paths
from stack.plain.model_servers import available_cores
from stack.plain.packages import OF_THE_TESTS, ensure_packages
from stack.settings import local_settings

BARE_SECONDS = 5

console = Console(highlight=False)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        "python -m benchmark.jobs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=1500, help="of a job, for each worker (default: 1500)")
    parser.add_argument("--rounds", type=int, default=3, help="of what is compared (default: 3)")
    chosen = parser.parse_args(words)
    paths = Paths()
    os.chdir(paths.project)
    for environment in ("job_server", "model_server", "benchmark"):
        ensure_environment(environment, paths, local_settings(paths.project).torch_index)
    ensure_packages({name: OF_THE_TESTS[name] for name in ("wrk", "rabbitmq-server")})
    package, folder = ensure_image_package(paths), paths.project / ".local" / "benchmark" / "jobs"
    shutil.rmtree(folder, ignore_errors=True)
    images = ensure_images(paths.project / ".local" / "benchmark" / "images")["150 px"]
    for name, value in describe_machine(paths.environments).items():
        console.print(f"{name}: {value}", style="dim")
    cores = available_cores()
    with job_system(paths, folder, package, cores) as system:
        trial = Trial(system, images, write_bodies(images, "raw", folder / "bodies"), cores, chosen.rounds)
        console.print(trial.memory())
        console.print(
            trial.rates(chosen.inputs, partial(bare_rate, paths.python("model_server"), package, images))
        )
        console.print(trial.fairness())
        console.print(trial.online())
        console.print(trial.faults())


def bare_rate(python: Path, package: Path, images: Sequence[Path], cores: int) -> float:
    """Return images per second of decode and forward pass alone, in batches of a chunk's size."""
    return run_bare_loop(
        python, package, images, decoder="fast", batch=IMAGES, seconds=BARE_SECONDS, cores=cores
    ).per_second


if __name__ == "__main__":
    main()
