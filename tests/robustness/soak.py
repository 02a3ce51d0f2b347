"""Load the stack of plain processes for long, with faults at random, and tell what it lost and what it holds.

    make soak MINUTES=60

An answer is lost when an ordinary request is not answered 200 within 10 s. The figures are written below
.local/soak/ too. Exits 1 where an answer was lost.
"""

import argparse
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import groupby
from random import Random
from threading import Event, Thread
from typing import Any

from tqdm import tqdm

from service.slots import CANDIDATE, STABLE
from stack.paths import Paths
from stack.plain.supervisor import UNANSWERED, states
from tests.robustness.attack import HOSTILE_PATIENCE_SECONDS, for_models
from tests.robustness.faults import Faults, wait_until_ready
from tests.robustness.figures import Outcomes, counted, slope_per_hour, table
from tests.robustness.hostile_requests import hostile_request
from tests.robustness.resources import Held, measure
from tests.robustness.traffic import Clients, mixed, send_once, served_models
from tests.robustness.wire import Address
from tests.stack.client import NGINX
from tests.stack.project import PROJECT, put_package
from tests.stack.running_stack import PlainStack

FOLDER = PROJECT / ".local/soak"
CONNECTIONS = 16
SAMPLE_SECONDS = 10.0
WARM_UP_SECONDS = 60.0  # caches fill, and every worker sees every size of image
FAULT_SECONDS = 5.0  # how long a pause or an absence lasts
PAUSE_SECONDS = (10.0, 30.0)  # between two faults
HOSTILE_SECONDS = 15.0  # between two hostile inputs
MEGABYTE = 2**20

# One of each class.
HOSTILE = (
    "tiff_huge_tile",
    "tiff_fax3_tall",
    "jpeg_many_scans",
    "jpeg_exif_segments",
    "png_many_chunks",
    "png_16_bits",
    "webp_turned_rgba",
    "bmp_deltas",
    "form_64_large_images",
    "form_punycode_field",
    "json_empty_lists",
    "json_nested",
)


Sample = tuple[float, Held]  # seconds since the start, and what a program held then


def program_figures(samples: Sequence[Sample]) -> dict[str, float]:
    """Return a program's memory and its slope, its open files, and how often it was replaced."""
    lives = [list(life) for _, life in groupby(samples, key=lambda sample: sample[1].pid)]
    first, last = samples[0][1], samples[-1][1]
    return {
        "memory_mb": round(last.pss_bytes / MEGABYTE, 1),
        "memory_slope_mb_per_hour": round(slope_per_hour([warm(life) for life in lives]), 1),
        "files_at_first": first.files,
        "files_at_last": last.files,
        "restarts": len(lives) - 1,
    }


def warm(life: Sequence[Sample]) -> list[tuple[float, float]]:
    """Return a process's megabytes once it has warmed up, each with its time in seconds."""
    begin = life[0][0] + WARM_UP_SECONDS
    return [(seconds, held.pss_bytes / MEGABYTE) for seconds, held in life if seconds >= begin]


@dataclass(frozen=True)
class Struck:
    """A fault that was tried: how many answers were lost meanwhile, and why it could not be done."""

    fault: str
    lost: int
    error: str | None


class Soak:
    """Traffic, hostile inputs, faults and samples beside each other until the time is over."""

    def __init__(self, seed: int, faults: Sequence[str], *, hostile: bool) -> None:
        self.struck: list[Struck] = []
        self.hostile = Outcomes()
        self.samples: dict[str, list[Sample]] = {}
        self._seed = seed
        self._address = Address.of(NGINX)
        self._faults = faults
        self._stop = Event()
        self._sends_hostile = hostile

    def run(self, seconds: float) -> Outcomes:
        """Run for so many seconds, and return what came of the ordinary requests."""
        requests = mixed(served_models(self._address))
        hostile = [one for kind in HOSTILE for one in for_models(hostile_request(kind), self._address)]
        started = time.monotonic()
        with Clients(self._address, CONNECTIONS, requests, self._seed) as clients:
            outcomes = clients.outcomes
            beside = [
                Thread(target=self._sample_all, args=(started,)),
                Thread(target=self._strike, args=(outcomes,)),
                *([Thread(target=self._attack, args=(hostile,))] if self._sends_hostile else []),
            ]
            for thread in beside:
                thread.start()
            try:
                self._show(outcomes, started, seconds)
            finally:
                self._stop.set()
                for thread in beside:
                    thread.join()
        self._sample(started)
        return outcomes

    def _show(self, outcomes: Outcomes, started: float, seconds: float) -> None:
        with tqdm(total=round(seconds), unit="s", disable=None) as progress:
            while (passed := time.monotonic() - started) < seconds:
                progress.n = round(passed)
                progress.set_postfix(requests=outcomes.total, lost=outcomes.lost)
                self._stop.wait(1)

    def _sample_all(self, started: float) -> None:
        self._sample(started)
        while not self._stop.wait(SAMPLE_SECONDS):
            self._sample(started)

    def _sample(self, started: float) -> None:
        with suppress(*UNANSWERED):
            for name, held in measure().items():
                self.samples.setdefault(name, []).append((time.monotonic() - started, held))

    def _strike(self, outcomes: Outcomes) -> None:
        random = Random(f"{self._seed} faults")
        kinds = Faults(PlainStack(), random, FAULT_SECONDS).kinds
        while not self._stop.wait(random.uniform(*PAUSE_SECONDS)):
            name = random.choice(self._faults)
            tqdm.write(f"{name} …")
            before, error = outcomes.lost, None
            try:
                kinds[name]()
                wait_until_ready()
            except Exception as raised:  # the soak goes on, and fails at the end
                error = repr(raised)
            self.struck.append(Struck(name, outcomes.lost - before, error))

    def _attack(self, hostile: Sequence[bytes]) -> None:
        random = Random(f"{self._seed} hostile")
        while not self._stop.wait(HOSTILE_SECONDS):
            send_once(self._address, random.choice(hostile), self.hostile, HOSTILE_PATIENCE_SECONDS)


def report(soak: Soak, outcomes: Outcomes, minutes: float, seed: int) -> dict[str, Any]:
    """Return all figures."""
    return {
        "seed": seed,
        "minutes": minutes,
        "ordinary": outcomes.as_json(),
        "hostile": dict(soak.hostile.counts),
        "faults": [asdict(one) for one in soak.struck],
        "programs": {name: program_figures(samples) for name, samples in sorted(soak.samples.items())},
    }


def as_text(figures: Mapping[str, Any]) -> str:
    """Return the figures as people read them."""
    usual, faults = figures["ordinary"], figures["faults"]
    programs = [
        (
            name,
            one["memory_mb"],
            f"{one['memory_slope_mb_per_hour']:+.1f}",
            one["files_at_first"],
            one["files_at_last"],
            one["restarts"],
            "",
        )
        for name, one in figures["programs"].items()
    ]
    heads = ("program", "memory MB", "slope MB/h", "files first", "files last", "restarts", "")
    return "\n".join(
        [
            f"seed {figures['seed']}, {figures['minutes']:g} minutes, {CONNECTIONS} connections",
            f"ordinary requests: {usual['requests']}, lost: {usual['lost']} ({counted(usual['outcomes'])})",
            f"ms: p50 {usual['p50_ms']}, p99 {usual['p99_ms']}, max {usual['max_ms']}",
            f"hostile inputs: {counted(figures['hostile'])}",
            f"faults: {counted(Counter(one['fault'] for one in faults))}",
            *(f"  {one['fault']}: {one['lost']} lost" for one in faults if one["lost"]),
            *(f"  {one['fault']} failed: {one['error']}" for one in faults if one["error"]),
            table(heads, programs),
        ]
    )


def main() -> None:
    """Soak the stack, which is started where it does not run, and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.robustness.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--faults", default="all", help="names with commas between, all, or nothing")
    parser.add_argument("--no-hostile", action="store_true", help="send ordinary requests only")
    options = parser.parse_args()
    stack = PlainStack()
    was_running = bool(states(Paths()))
    if not was_running:
        stack.up()
        put_package(
            CANDIDATE, PROJECT / STABLE / "model"
        )  # one model, or half of the /v2 paths name the wrong one
        Faults(stack, Random(), 0).reload()
    names = list(Faults(stack, Random(), 0).kinds) if options.faults == "all" else options.faults.split(",")
    print(f"seed {options.seed}", flush=True)
    soak = Soak(options.seed, names, hostile=not options.no_hostile)
    try:
        outcomes = soak.run(60 * options.minutes)
    finally:
        if not was_running:
            stack.down()
    figures = report(soak, outcomes, options.minutes, options.seed)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "soak.json").write_text(json.dumps(figures, indent=1))
    (FOLDER / "soak.txt").write_text(as_text(figures) + "\n")
    print(as_text(figures))
    sys.exit(1 if outcomes.lost or any(one.error for one in soak.struck) else 0)


if __name__ == "__main__":
    main()
