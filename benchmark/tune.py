"""Compare a peer's settings, its own first: `python -m benchmark.tune NAME [KEY=VALUE[,KEY=VALUE…] …]`.

What its peer.toml says of the settings tried comes from here. A line that others disturbed is no comparison.
"""

import argparse
import os
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from benchmark.cases import MAIN, OF_REGRESSOR
from benchmark.config import prepare_config
from benchmark.peers.folders import FOLDER, system_of
from benchmark.plan import Trial
from benchmark.results import Results
from benchmark.run import BenchmarkRun
from benchmark.systems import SystemUnderTest
from stack.paths import Paths
from stack.say import say

SECONDS = 5


def main() -> None:
    """Measure each variant in the main case, or the regressor's larger one."""
    parser = argparse.ArgumentParser("python -m benchmark.tune", description=__doc__)
    parser.add_argument("peer", choices=sorted(path.parent.name for path in FOLDER.glob("*/peer.toml")))
    parser.add_argument("variants", nargs="*", metavar="KEY=VALUE,…")
    parser.add_argument("--rounds", type=int, default=2)
    chosen = parser.parse_args()
    paths = Paths()
    os.chdir(paths.project)
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "results.json"
        config = prepare_config(paths, Path(folder), raw, seconds=SECONDS, rounds=1, quick=True)
        run = BenchmarkRun(config, Results({}))
        run.measure_limits(1)
        for number in range(1, chosen.rounds + 1):
            for variant in ["", *chosen.variants]:
                say(f"[round {number}] {variant or 'as it is'}")
                system = _variant(chosen.peer, _pairs(variant))
                case = MAIN if system.serves == "images" else OF_REGRESSOR[-1]
                run.measure(Trial(system, number, (case,)))


def _variant(name: str, changed: Mapping[str, str]) -> SystemUnderTest:
    peer = tomllib.loads((FOLDER / name / "peer.toml").read_text("utf-8"))
    return system_of(name, {**peer, "variables": {**peer["variables"], **changed}})


def _pairs(variant: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in variant.split(",") if pair)


if __name__ == "__main__":
    main()
