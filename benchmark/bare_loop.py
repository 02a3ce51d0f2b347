"""Run benchmark.limit in the model server's environment and read what it prints."""

# ruff: noqa: S603 - this module starts a program, and no stranger names it

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BareLoop:
    """Images per second over all cores, and what the network says of each image by its file's stem."""

    per_second: float
    labels: Mapping[str, str]


def run_bare_loop(
    python: Path,
    package: Path,
    images: Sequence[Path],
    *,
    decoder: str,
    batch: int,
    seconds: float,
    cores: int,
) -> BareLoop:
    """Measure the limit, or exit with its error: nothing can be compared without it."""
    options = [f"--package={package}", f"--decoder={decoder}", f"--batch={batch}"]
    measure = [f"--seconds={seconds}", f"--cores={cores}", *map(str, images)]
    done = subprocess.run(
        [str(python), "-m", "benchmark.limit", *options, *measure],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise SystemExit(f"the bare loop failed:\n{done.stderr.strip()[-1500:]}")
    return BareLoop(**json.loads(done.stdout.splitlines()[-1]))
