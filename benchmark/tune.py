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
from benchmark.contestants import Contestant
from benchmark.images import ensure_images
from benchmark.machine import cores
from benchmark.models import ensure_image_package, ensure_regressor_package
from benchmark.peers.folders import FOLDER, contestant_of
from benchmark.plan import Stint
from benchmark.results import Results
from benchmark.session import Session
from benchmark.setting import Setting
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
        session = Session(_setting(paths, Path(folder)), Results({}))
        session.measure_limits(1)
        for number in range(1, chosen.rounds + 1):
            for variant in ["", *chosen.variants]:
                say(f"[round {number}] {variant or 'as it is'}")
                contestant = _variant(chosen.peer, _pairs(variant))
                case = MAIN if contestant.serves == "images" else OF_REGRESSOR[-1]
                session.measure(Stint(contestant, number, (case,)))


def _variant(name: str, changed: Mapping[str, str]) -> Contestant:
    said = tomllib.loads((FOLDER / name / "peer.toml").read_text("utf-8"))
    return contestant_of(name, {**said, "variables": {**said["variables"], **changed}})


def _pairs(variant: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in variant.split(",") if pair)


def _setting(paths: Paths, folder: Path) -> Setting:
    return Setting(
        paths=paths,
        images=ensure_images(paths.project / ".local" / "benchmark" / "images"),
        image_package=ensure_image_package(paths),
        regressor_package=ensure_regressor_package(paths, folder),
        cores=cores(),
        seconds=SECONDS,
        rounds=1,
        quick=True,
        bodies=folder / "bodies",
        raw=folder / "results.json",
    )


if __name__ == "__main__":
    main()
